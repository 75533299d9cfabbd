//! What the opam file of a release must and should say.

use conex_verify::finding::Code;

use crate::world::*;

/// A signed release with this description.
fn described(text: &str) -> World {
    let mut w = World::usual();
    w.file(&opam_path("fmt.1.0"), text);
    let entry = w.checksum("fmt.1.0", at(0, 2));
    w.says("bob", vec![entry]);
    w
}

/// An unsigned one.
fn unsigned(text: &str) -> World {
    let mut w = World::usual().nostrict();
    w.file(&opam_path("lwt.1.0"), text);
    w
}

/// A file in the directory of one package that says it is another: opam goes by the
/// directory, so it is worth a warning.
#[test]
fn a_name_or_version_that_disagrees_is_reported() {
    for text in [
        "name: \"lwt\"",
        "version: \"2.0\"",
        "name: \"fmt\"\nname: \"lwt\"",
        "version: \"1.00\"",
        "name: fmt",
        "name: [\"fmt\"]",
        "name: \"\"",
        "name: \"Fmt\"",
    ] {
        let text = format!("opam-version: \"2.0\"\n{text}\n");
        described(&text)
            .verdict()
            .is_accepted()
            .reports(Code::OpamName, &opam_path("fmt.1.0"));
    }
    for text in ["name: \"fmt\"", "version: \"2.0\""] {
        unsigned(&format!("opam-version: \"2.0\"\n{text}\n"))
            .verdict()
            .is_accepted()
            .reports(Code::OpamName, &opam_path("lwt.1.0"));
    }
    described("opam-version: \"2.0\"\nname: \"fmt\"\nversion: \"1.0\"\n")
        .verdict()
        .is_clean();
}

/// V6.7: A signed release whose description is of another opam's format, or of none: opam cannot
/// update any more until it is removed upstream. Unsigned, it is the repository's own affair as
/// long as each opam can read past it.
#[test]
fn a_signed_opam_file_of_another_version_is_refused() {
    for text in [
        "opam-version: \"1.2\"\n",
        "opam-version: \"2.9\"\n",
        "synopsis: \"A package\"\n",
    ] {
        described(text)
            .verdict()
            .is_rejected(Code::OpamSyntax, &opam_path("fmt.1.0"));
    }
    unsigned("opam-version: \"1.2\"\n")
        .verdict()
        .is_accepted()
        .reports(Code::OpamSyntax, &opam_path("lwt.1.0"));
}

/// One file that an opam cannot read makes the whole repository unreadable for it.
#[test]
fn an_opam_file_that_does_not_parse_is_refused_signed_or_not() {
    for text in ["x: \"", "a: [", "}", "\u{0}", "a: 1 b", "a b c"] {
        described(text)
            .verdict()
            .is_rejected(Code::OpamSyntax, &opam_path("fmt.1.0"));
        unsigned(text)
            .verdict()
            .is_rejected(Code::OpamSyntax, &opam_path("lwt.1.0"));
    }
}

/// The chain from the signature to the source archive must not end in MD5.
#[test]
fn a_source_without_a_strong_checksum_is_reported() {
    for text in [
        "url { src: \"https://x/y\" }",
        "url { src: \"https://x/y\" checksum: \"md5=d41d8cd98f00b204e9800998ecf8427e\" }",
        "url { src: \"https://x/y\" checksum: \"d41d8cd98f00b204e9800998ecf8427e\" }",
        "url { src: \"https://x/y\" checksum: [ \"sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709\" ] }",
        "url { src: \"https://x/y\" checksum: [ ] }",
        "extra-source \"x.patch\" { src: \"https://x/y\" checksum: \"md5=d41d8cd98f00b204e9800998ecf8427e\" }",
        "extra-source \"x.patch\" { src: \"https://x/y\" }",
    ] {
        described(&format!("opam-version: \"2.0\"\n{text}\n"))
            .verdict()
            .is_accepted()
            .reports(Code::WeakChecksum, &opam_path("fmt.1.0"));
    }
    for (strong, bytes) in [("sha256", 32), ("sha512", 64)] {
        let (md5, digest) = ("00".repeat(16), "00".repeat(bytes));
        described(&format!(
            "opam-version: \"2.0\"\nurl {{ src: \"https://x/y\" checksum: [ \"md5={md5}\" \"{strong}={digest}\" ] }}\n"
        ))
        .verdict()
        .is_clean();
    }
}

/// A strong checksum of one source says nothing about another.
#[test]
fn each_source_needs_a_checksum_of_its_own() {
    described(
        "opam-version: \"2.0\"\nurl { src: \"https://x/y\" checksum: \"sha256=00\" }\nextra-source \"p\" { src: \"https://x/z\" }\n",
    )
    .verdict()
    .is_accepted()
    .reports(Code::WeakChecksum, &opam_path("fmt.1.0"));
}

/// A directory without an opam file.
#[test]
fn a_release_without_an_opam_file_is_refused() {
    let mut w = World::usual();
    w.file("packages/fmt/fmt.2.0/files/x", "x");
    let entries = vec![
        w.checksum("fmt.2.0", at(0, 1)),
        w.release_list("fmt", at(0, 2)),
    ];
    w.says("bob", entries);
    w.verdict()
        .is_rejected(Code::MissingOpam, &opam_path("fmt.2.0"));
    let mut w = World::usual();
    w.file("packages/lwt/lwt.2.0/files/x", "x");
    w.clone()
        .verdict()
        .is_rejected(Code::MissingOpam, &opam_path("lwt.2.0"));
    w.nostrict()
        .verdict()
        .is_accepted()
        .reports(Code::MissingOpam, &opam_path("lwt.2.0"));
}
