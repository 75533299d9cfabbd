//! The janitor chain is only ever continued.

use conex_verify::finding::Code;

use crate::client::{Client, accepted_after, refused_after};
use crate::world::*;

fn with_next(w: &World, members: &[&str]) -> World {
    let mut next = w.clone();
    next.link(&link(2, members, &[&["ja", "jb"], members].concat()));
    next
}

#[test]
fn a_chain_that_goes_on_is_accepted() {
    let old = World::usual();
    let one = with_next(&old, &["ja", "jb", "jd"]);
    let two = with_next(&one, &["ja", "jb", "je"]);
    accepted_after(&[&old], &one);
    accepted_after(&[&old, &one], &two);
    accepted_after(&[&old], &two);
}

#[test]
fn a_shortened_chain_is_refused() {
    let old = World::usual();
    let one = with_next(&old, &["ja", "jb", "jd"]);
    let two = with_next(&one, &["ja", "jb", "je"]);
    refused_after(&[&old, &one, &two], &one, Code::Forked, "janitors/2");
    refused_after(&[&two], &old, Code::Forked, "janitors/2");
}

/// A quorum of an old link, whose keys were stolen since, continues from it.
///
/// ```text
/// link 0 ── link 1 (jd) ── link 2
///      └─── link 1 (thief)
/// ```
#[test]
fn a_forked_chain_is_refused() {
    let old = World::usual();
    let one = with_next(&old, &["ja", "jb", "jd"]);
    let two = with_next(&one, &["ja", "jb", "je"]);
    let fork = with_next(&old, &["ja", "jb", "thief"]);
    refused_after(&[&old, &one], &fork, Code::Forked, "janitors/1");
    // As long as the real one, and longer.
    let fork = with_next(&fork, &["ja", "jb", "thief-2"]);
    refused_after(&[&two], &fork, Code::Forked, "janitors/2");
    let fork = with_next(&fork, &["ja", "jb", "thief-3"]);
    refused_after(&[&two], &fork, Code::Forked, "janitors/2");
}

/// U1: The tree that opam holds is of the fork: somebody put it there while the hook was off. It
/// was never accepted, so what is remembered decides, and not what lies there.
#[test]
fn a_forked_tree_does_not_outweigh_the_memory() {
    let old = World::usual();
    let one = with_next(&old, &["ja", "jb", "jd"]);
    let fork = with_next(&old, &["ja", "jb", "thief"]);
    let longer = with_next(&fork, &["ja", "jb", "thief-2"]);
    let mut later = longer.clone();
    let entries = later.listed("fmt.1.0", at(0, 9));
    later.says("bob", entries);
    let two = with_next(&one, &["ja", "jb", "je"]);
    for known in [&one, &two] {
        for before in [&fork, &longer, &later] {
            let client = Client {
                tree: Some(before.tree.clone()),
                ..Client::after(&[known])
            };
            for evil in [&fork, &longer, &later] {
                client.says(evil).is_rejected(Code::Forked, "janitors/");
            }
            client.says(&two).is_accepted();
        }
    }
}

/// Signatures on a link may be added: the digest is of what is signed.
#[test]
fn a_link_with_one_more_signature_is_the_same_link() {
    let mut old = World::with_janitors(2, &["ja", "jb", "jc"]);
    let mut new = old.clone();
    old.link(&link(2, &["ja", "jb", "jc"], &["ja", "jb"]));
    new.link(&link(2, &["ja", "jb", "jc"], &["ja", "jb", "jc"]));
    accepted_after(&[&old], &new);
    // And the other way round: nothing of weight was lost.
    accepted_after(&[&new], &old);
}

/// The file of a janitor is valid by the key of the link, without a proof. Whoever leaves
/// proves a key, as everybody does, or is emptied in the same change.
#[test]
fn a_janitor_who_leaves_without_a_proven_key_is_emptied_in_the_same_change() {
    let mut old = World::usual();
    let file = old.author_file("jc", at(0, 1), &["jc"]);
    old.quorum_says(vec![file.clone()]);
    old.verdict().is_clean();
    let mut left = old.clone();
    left.link(&link(2, &["ja", "jb"], &["ja", "jb"]));
    refused_after(&[&old], &left, Code::Unsigned, "ids/jc");
    let mut emptied = left.clone();
    let empty = emptied.author_file("jc", at(0, 2), &[]);
    emptied.quorum_says(vec![empty]);
    accepted_after(&[&old], &emptied);
    let mut proven = left.clone();
    proven.says("jc", vec![file]);
    accepted_after(&[&old], &proven);
}

/// The same janitors started another repository. Whoever has the old tree is told.
/// (With the memory alone it is the hook that knows what was under a name before.)
#[test]
fn another_repository_under_the_same_anchors_is_refused() {
    let old = World::usual();
    let mut other = World::empty();
    let mut first = link(2, &["ja", "jb", "jc"], &["ja", "jb", "jc"]);
    first.repository = "another".to_owned();
    other.link(&first);
    let other = other.trusting(2, &["ja", "jb", "jc"]);
    other.verdict().is_clean();
    let client = Client::after(&[&old]).without_memory();
    let verdict = client.says(&other);
    verdict.is_rejected(Code::OtherRepository, "janitors/0");
    assert!(
        verdict
            .findings
            .iter()
            .any(|f| f.hint.contains("take their new anchors")),
        "there is a way out:\n{}",
        verdict.text()
    );
}

/// With the anchors of new janitors the old tree proves nothing.
/// U0: opam holds the tree of another repository, although this one is remembered: somebody moved
/// the name there while the hook was off. What opam holds decides, as for everybody without memory.
#[test]
fn the_tree_of_another_repository_decides_although_this_one_is_remembered() {
    let this = World::usual();
    let mut other = World::empty();
    let mut first = link(2, &["ja", "jb", "jc"], &["ja", "jb", "jc"]);
    first.repository = "another".to_owned();
    other.link(&first);
    let mut client = Client::after(&[&this]);
    client.tree = Some(other.tree);
    client
        .says(&this)
        .is_rejected(Code::OtherRepository, "janitors/0");
    client
        .without_memory()
        .says(&this)
        .is_rejected(Code::OtherRepository, "janitors/0");
    client.added_again().says(&this).is_accepted();
}

#[test]
fn another_repository_under_other_anchors_is_accepted() {
    let old = World::usual();
    let mut other = World::with_janitors(1, &["jx"]);
    other.joined_by_one();
    let mut client = Client::after(&[&old]).without_memory();
    client.updates(&other).is_accepted();
}

impl World {
    fn joined_by_one(&mut self) {
        let entry = self.author_file("bob", at(0, 1), &["bob"]);
        self.says("bob", vec![entry.clone()]);
        self.says("jx", vec![entry]);
    }
}
