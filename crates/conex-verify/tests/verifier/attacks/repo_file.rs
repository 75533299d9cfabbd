//! The files at the top: opam obeys `repo`, git the others.

use conex_verify::finding::Code;
use conex_verify::format::resource::{Kind, TopFile};
use conex_verify::limits::MAX_REPO_FILE;

use crate::world::*;

const APPROVED: &str = "opam-version: \"2.0\"\nbrowse: \"https://opam.ocaml.org/pkg/\"\nannounce: [\n\"hello\" {opam-version < \"2.1\"}\n]\nstamp: \"1\"\n";

/// The usual world whose `repo`, `.gitignore` and `.gitattributes` a quorum approved.
fn approved() -> World {
    let mut w = World::usual();
    w.file("repo", APPROVED);
    w.file(".gitignore", "*.orig\n");
    w.file(".gitattributes", "* -text\n");
    let values = conex_verify::workbench::verify::repo_file::repo_values(APPROVED.as_bytes());
    let values: Vec<(&str, &str)> = values.iter().map(|(f, v)| (f.as_str(), &**v)).collect();
    let entry = w.repo_file(
        at(0, 1),
        &values,
        &[TopFile::Gitignore, TopFile::Gitattributes],
    );
    w.quorum_says(vec![entry]);
    w.verdict().is_clean();
    w
}

#[track_caller]
fn refused(w: &World, code: Code, path: &str) {
    w.verdict().is_rejected(code, path);
    w.clone().nostrict().verdict().is_rejected(code, path);
}

/// D6: opam would take the repository for one of opam 1.2.
#[test]
fn d6_a_repo_file_that_opam_would_not_take_is_refused() {
    for text in [
        "",
        "stamp: \"x\"\n",
        "opam-version: \"1.2\"\n",
        "opam-version: \"9.9\"\n",
        "opam-version: \"2.1\"\n",
        "opam-version: 2.0\n",
        "opam-version: [\"2.0\"]\n",
        "opam-version: \"2.0\"\nopam-version: \"1.2\"\n",
        "opam-version: \"1.2\"\nopam-version: \"2.0\"\n",
        "opam-version = \"2.0\"\n",
        "opam-version: \"2.0\" {x}\n",
        "opam-version: \"2.0\n",
        "opam-version { }\n",
        "\u{0}",
    ] {
        let mut w = World::usual();
        w.file("repo", text);
        refused(&w, Code::RepoFile, "repo");
    }
    let mut w = World::usual();
    w.remove("repo");
    refused(&w, Code::RepoFile, "repo");
}

/// D7: `redirect` sends opam to another server for good, and any field may mean something
/// to an opam to come.
#[test]
fn d7_a_redirect_and_every_field_that_nobody_approved_is_refused() {
    for field in [
        "redirect: \"https://evil.example\"",
        "redirect: [\"https://evil.example\" {os = \"linux\"}]",
        "redirect: [\"https://evil.example\" {opam-version < \"1.2\"}]",
        "archive-mirrors: \"https://evil.example\"",
        "x-anything: \"1\"",
        "Announce: \"x\"",
        "redirect { }",
        "section \"x\" { }",
    ] {
        for base in [World::usual(), approved()] {
            let mut w = base;
            let text = String::from_utf8(w.bytes("repo")).unwrap();
            for text in [format!("{text}{field}\n"), format!("{field}\n{text}")] {
                w.file("repo", text);
                w.verdict().is_rejected(Code::RepoFile, "repo");
                let verdict = w.clone().nostrict().verdict();
                // Mirrors are told by the checksums of what they give, so without an
                // approval there they are worth a warning.
                let nothing = w.tree.get("packages/.conex/repo").is_none();
                if nothing && field.starts_with("archive-mirrors") {
                    verdict.is_accepted().reports(Code::RepoFile, "repo");
                } else {
                    verdict.is_rejected(Code::RepoFile, "repo");
                }
            }
        }
    }
}

/// A redirect for old opams can be approved, and only one that no opam 2 follows: one that
/// was approved long ago would send clients to a host that somebody else owns today.
#[test]
fn d7_an_approved_redirect_that_an_opam_2_follows_is_refused() {
    let redirected = |redirect: &str| {
        let mut w = World::usual();
        let text = format!("opam-version: \"2.0\"\nredirect: {redirect}\n");
        let values = conex_verify::workbench::verify::repo_file::repo_values(text.as_bytes());
        let values: Vec<(&str, &str)> = values.iter().map(|(f, v)| (f.as_str(), &**v)).collect();
        let entry = w.repo_file(at(0, 1), &values, &[]);
        w.quorum_says(vec![entry]);
        w.file("repo", text);
        w
    };
    for nobody in [
        "[\"https://old.example\" {opam-version < \"1.2\"}]",
        "\"https://old.example\" {opam-version < \"2.0~\"}",
        "[\"https://old.example\" {opam-version < \"1.2\" | opam-version = \"1.3\"}]",
        "[\"https://old.example\" {(opam-version < \"2.0~\")}]",
        "[\"https://a.example\" {opam-version = \"1.2.2\" & os = \"x\"} \"https://b.example\" {opam-version <= \"1.3\"}]",
    ] {
        let w = redirected(nobody);
        w.verdict().is_clean();
        w.nostrict().verdict().is_clean();
    }
    for somebody in [
        "\"https://evil.example\"",
        "[\"https://evil.example\"]",
        "[\"https://evil.example\" {opam-version < \"2.1\"}]",
        "[\"https://evil.example\" {opam-version <= \"2.0\"}]",
        "[\"https://evil.example\" {opam-version != \"1.2\"}]",
        "[\"https://evil.example\" {\"2.0\" > opam-version}]",
        "[\"https://evil.example\" {opam-version < \"1.2\" | os = \"linux\"}]",
        "[\"https://evil.example\" {!(opam-version >= \"2.0\")}]",
        "[\"https://a.example\" {opam-version < \"1.2\"} \"https://evil.example\"]",
    ] {
        refused(&redirected(somebody), Code::RepoFile, "repo");
    }
}

#[test]
fn a_changed_value_is_refused() {
    for (from, to) in [
        ("hello", "evil"),
        ("< \"2.1\"", "<= \"2.1\""),
        ("announce: [\n\"hello\" {opam-version < \"2.1\"}\n]\n", ""),
        ("announce: ", "announce: \"x\"\nannounce: "),
        ("browse: ", "upstream: "),
        ("pkg/", "pkg"),
        ("stamp:", "upstream: \"x\"\nstamp:"),
    ] {
        let mut w = approved();
        let text = APPROVED.replacen(from, to, 1);
        assert_ne!(text, APPROVED);
        w.file("repo", text);
        refused(&w, Code::RepoFile, "repo");
    }
}

/// `opam admin index` rewrites the stamp and the layout: both are free.
#[test]
fn stamp_and_layout_are_free() {
    let mut w = approved();
    w.file(
        "repo",
        "# comment\nstamp: \"2\"\nannounce:[\"hello\"{opam-version<\"2.1\"}]\nbrowse:    \"https://opam.ocaml.org/pkg/\"\nopam-version:   \"2.0\"\n",
    );
    w.verdict().is_clean();
}

/// Without an approval strict refuses the values and --nostrict warns.
#[test]
fn without_an_approval_values_are_refused_when_strict() {
    for field in ["browse", "upstream", "announce"] {
        let mut w = World::usual();
        w.file("repo", format!("opam-version: \"2.0\"\n{field}: \"x\"\n"));
        w.verdict().is_rejected(Code::RepoFile, "repo");
        w.nostrict()
            .verdict()
            .is_accepted()
            .reports(Code::RepoFile, "repo");
    }
}

/// One janitor's approval is none.
#[test]
fn half_an_approval_of_the_values_is_none() {
    let mut w = World::usual();
    w.file("repo", "opam-version: \"2.0\"\nannounce: \"x\"\n");
    let entry = w.repo_file(at(0, 1), &[("announce", "\"x\"")], &[]);
    w.says("ja", vec![entry.clone()]);
    w.says("bob", vec![entry]);
    w.verdict().is_rejected(Code::RepoFile, "repo");
    w.nostrict()
        .verdict()
        .is_accepted()
        .reports(Code::RepoFile, "repo");
}

/// The approval is stripped, replaced by an older one, or by one that nobody made:
/// in no mode does that give the freedom of a repository that never had one.
#[test]
fn an_approval_cannot_be_stripped() {
    let evil = "opam-version: \"2.0\"\nannounce: \"evil\"\n";
    let mut w = approved();
    w.remove("packages/.conex/repo");
    w.file("repo", evil);
    refused(&w, Code::MissingResource, "packages/.conex/repo");

    let mut w = approved();
    w.file("repo", evil);
    w.repo_file(at(0, 2), &[("announce", "\"evil\"")], &[]);
    refused(&w, Code::Quorum, "packages/.conex/repo");

    let mut w = approved();
    let old = w.bytes("packages/.conex/repo");
    let next = w.repo_file(at(0, 2), &[], &[]);
    w.quorum_says(vec![next]);
    w.file("packages/.conex/repo", old);
    refused(&w, Code::Superseded, "packages/.conex/repo");

    let mut w = approved();
    w.file("packages/.conex/repo", "x");
    refused(&w, Code::Syntax, "packages/.conex/repo");
}

/// D14, D15: git changes files as these say.
#[test]
fn d14_d15_changed_git_files_are_refused() {
    for path in [".gitignore", ".gitattributes"] {
        let mut w = approved();
        w.file(path, "*.opam eol=crlf\n");
        refused(&w, Code::GitFile, path);
        // Absent is fine: http does not carry it.
        w.remove(path);
        w.verdict().is_clean();
        // Not approved: strict refuses, otherwise a warning.
        let mut w = World::usual();
        w.file(path, "x");
        w.verdict().is_rejected(Code::GitFile, path);
        w.nostrict()
            .verdict()
            .is_accepted()
            .reports(Code::GitFile, path);
        // Approved, but without this file.
        let mut w = World::usual();
        let entry = w.repo_file(at(0, 1), &[], &[]);
        w.quorum_says(vec![entry]);
        w.file(path, "x");
        refused(&w, Code::GitFile, path);
    }
}

/// The two are not taken for each other.
#[test]
fn swapped_git_files_are_refused() {
    let mut w = approved();
    let (a, b) = (w.bytes(".gitignore"), w.bytes(".gitattributes"));
    w.file(".gitignore", b);
    w.file(".gitattributes", a);
    refused(&w, Code::GitFile, ".gitignore");
    refused(&w, Code::GitFile, ".gitattributes");
}

#[test]
fn the_approval_itself_is_a_resource_as_any() {
    let w = approved();
    assert_eq!(w.now(Kind::Repo, "repo").version.revision, at(0, 1));
}

/// V8.1: opam reads all of it, however long.
#[test]
fn a_repo_file_of_one_byte_more_than_the_most_is_refused() {
    let mut w = World::usual();
    let version = "opam-version: \"2.0\"\n";
    for more in [0, 1, 2] {
        let blank = "\n".repeat(MAX_REPO_FILE + more - version.len());
        w.file("repo", format!("{version}{blank}"));
        match more {
            0 => {
                w.verdict().is_clean();
            }
            _ => {
                let verdict = w.verdict();
                verdict.is_rejected(Code::RepoFile, "repo");
                assert!(verdict.text().contains("is too large"));
            }
        }
    }
}
