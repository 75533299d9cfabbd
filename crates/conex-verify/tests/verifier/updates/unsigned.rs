//! Signed once, signed for ever.

use conex_verify::finding::Code;
use conex_verify::format::resource::{Kind, TopFile};

use crate::client::{Client, accepted_after, refused_after};
use crate::world::*;

/// All janitors leave, and nobody vouches anew for what they claimed. To a new
/// client that lets unsigned packages through, `fmt` is one.
#[test]
fn a_signed_package_does_not_become_unsigned_when_janitors_leave() {
    let old = World::usual().nostrict();
    let mut new = old.clone();
    let next = ["jd", "je", "jf"];
    new.link(&link(2, &next, &["ja", "jb", "jd", "je", "jf"]));
    refused_after(&[&old], &new, Code::Unsigned, "fmt/authorisation");
    // In one change with new vouches it is in order.
    let vouches: Vec<_> = [(Kind::Author, "bob"), (Kind::Authorisation, "fmt")]
        .map(|(kind, name)| new.now(kind, name))
        .into();
    new.says("jd", vouches.clone());
    new.says("je", vouches);
    accepted_after(&[&old], &new);
}

/// The quorum rises, and the claims are below it.
#[test]
fn a_signed_package_does_not_become_unsigned_when_the_quorum_rises() {
    let old = World::usual().nostrict();
    let mut new = old.clone();
    new.link(&link(3, &["ja", "jb", "jc"], &["ja", "jb", "jc"]));
    refused_after(&[&old], &new, Code::Unsigned, "fmt/authorisation");
}

/// The history in which it was never signed: the files are the same.
#[test]
fn a_signed_package_without_its_metadata_is_refused() {
    let old = World::usual().nostrict();
    let mut new = World::with_janitors(2, &["ja", "jb", "jc"]).nostrict();
    new.joined("bob");
    new.file(&opam_path("fmt.1.0"), OPAM);
    refused_after(&[&old], &new, Code::Removed, "fmt/authorisation");
}

#[test]
fn an_unsigned_package_becomes_signed() {
    let mut old = World::with_janitors(2, &["ja", "jb", "jc"]).nostrict();
    old.joined("bob");
    old.file(&opam_path("fmt.1.0"), OPAM);
    let mut new = old.clone();
    new.owned("fmt", &["bob"]);
    new.released("fmt.1.0", "bob");
    accepted_after(&[&old], &new);
}

/// What the janitors approved of the top-level files is made pending by a file that
/// nobody signed, with a higher counter: where unsigned packages are let through,
/// any `.gitattributes` and any announcement would go with it.
#[test]
fn approved_top_level_files_do_not_become_unapproved() {
    let mut old = World::usual().nostrict();
    old.file(".gitattributes", "* -text\n");
    old.file("repo", "opam-version: \"2.0\"\nannounce: \"welcome\"\n");
    let entry = old.repo_file(
        at(0, 1),
        &[("announce", "\"welcome\"")],
        &[TopFile::Gitattributes],
    );
    old.quorum_says(vec![entry]);
    old.verdict().is_clean();
    let mut evil = old.clone();
    evil.file(".gitattributes", "* ident\n");
    evil.file(
        "repo",
        "opam-version: \"2.0\"\nannounce: \"run curl | sh\"\n",
    );
    evil.repo_file(at(0, 2), &[], &[]);
    let client = Client::after(&[&old]);
    for one in [
        client.clone(),
        client.without_memory(),
        client.added_again(),
    ] {
        one.says(&evil).is_rejected(Code::Quorum, ".conex/repo");
    }
}
