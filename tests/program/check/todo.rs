//! Who must still do what: nobody is asked for what they did, everybody whose word is
//! missing is, and what is done is no task.

use std::collections::BTreeSet;

use conex::plan::todo::{Coverage, Deed, Item, Todo, Who, coverage, todo};
use conex::plan::{View, World as Plan};
use conex_verify::format::name::Id;
use conex_verify::format::resource::{Kind, ResourceId};
use conex_verify::workbench::repository::Repository;

use crate::world::{OPAM, World, at, id, link, opam_path};

/// The tasks of a tree, and how much of it is signed.
fn look(world: &World) -> (Todo, Coverage) {
    let repository = Repository::load(&world.tree);
    let seen = Plan::look(&world.tree, &repository, View::Supported).unwrap();
    let approved = Plan::look(&world.tree, &repository, View::AsIfApproved).unwrap();
    (todo(&approved), coverage(&seen, &approved))
}

fn ids(names: &[&str]) -> BTreeSet<Id> {
    names.iter().map(|n| id(n)).collect()
}

fn enough(owners: &[&str], missing: usize, of: &[&str]) -> Who {
    Who::Enough {
        owners: ids(owners),
        missing,
        of: ids(of),
    }
}

fn resource(kind: Kind, name: &str) -> Item {
    Item::Resource(ResourceId::new(kind, name).unwrap())
}

/// The tasks of `world` are these and no others.
#[track_caller]
fn check(world: &World, expected: &[(Deed, Who, &[Item])]) {
    let (todo, _) = look(world);
    let found: Vec<(Deed, Who, Vec<Item>)> = todo
        .tasks
        .iter()
        .map(|t| (t.deed, t.who.clone(), t.items.iter().cloned().collect()))
        .collect();
    let expected: Vec<(Deed, Who, Vec<Item>)> = expected
        .iter()
        .map(|(deed, who, items)| (*deed, who.clone(), items.to_vec()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn where_all_is_in_order_nobody_must_do_anything() {
    check(&World::usual(), &[]);
    let (_, coverage) = look(&World::usual());
    assert_eq!((coverage.packages, coverage.signed_packages), (1, 1));
    assert_eq!((coverage.releases, coverage.signed_releases), (1, 1));
}

/// A janitor wants to know what is missing after the first of two approved.
#[test]
fn who_approved_already_is_not_asked_again() {
    let mut world = World::usual();
    let entry = world.authorisation("lwt", at(0, 1), &["bob"]);
    world.says("jb", vec![entry]);
    world.released("lwt.1", "bob");
    check(
        &world,
        &[(
            Deed::Vouch,
            enough(&[], 1, &["ja", "jc"]),
            &[resource(Kind::Authorisation, "lwt")],
        )],
    );
    // What its owner signed does not wait for janitors: it will be in order.
    let (_, coverage) = look(&world);
    assert_eq!(coverage.signed_packages, 1);
    assert_eq!(coverage.if_approved_packages, 2);
}

/// Somebody edits an opam file that bob signed, and nothing else: its checksum is to
/// be written before anybody can vouch for anything.
#[test]
fn what_does_not_fit_is_written_first() {
    let mut world = World::usual();
    world.file(&opam_path("fmt.1.0"), format!("{OPAM}maintainer: \"x\"\n"));
    let all = enough(&["bob"], 2, &["ja", "jb", "jc"]);
    check(
        &world,
        &[(Deed::Write, all, &[resource(Kind::Checksum, "fmt.1.0")])],
    );
    let (_, coverage) = look(&world);
    assert_eq!(coverage.if_approved_packages, 0, "no approval mends it");
    // Written, and approved by one janitor: an owner, or one more.
    let entry = world.checksum("fmt.1.0", at(0, 2));
    world.says("ja", vec![entry]);
    check(
        &world,
        &[(
            Deed::Vouch,
            enough(&["bob"], 1, &["jb", "jc"]),
            &[resource(Kind::Checksum, "fmt.1.0")],
        )],
    );
    let (_, coverage) = look(&world);
    assert_eq!(coverage.if_approved_packages, 1);
}

/// A new author whose file came without any signature of theirs: approval alone makes
/// no author, and both are told.
#[test]
fn a_new_author_proves_their_key() {
    let mut world = World::usual();
    world.author_file("carol", at(0, 1), &["carol"]);
    let carol = [resource(Kind::Author, "carol")];
    check(
        &world,
        &[
            (Deed::Prove, Who::Each(ids(&["carol"])), &carol),
            (Deed::Vouch, enough(&[], 2, &["ja", "jb", "jc"]), &carol),
        ],
    );
    let (todo, _) = look(&world);
    assert_eq!(todo.of_person(&id("carol")).tasks.len(), 1);
    assert_eq!(todo.of_person(&id("ja")).tasks.len(), 1);
    assert!(todo.of_person(&id("bob")).is_empty());
}

/// A link that adds jd: its own key must sign, and a quorum of those before; jd's
/// signature counts for the link's own quorum as well, so that nobody is asked twice.
#[test]
fn a_pending_link_names_who_must_sign_it() {
    let mut world = World::usual();
    world.link(&link(2, &["ja", "jb", "jc", "jd"], &["ja"]));
    let last = [Item::Link(1)];
    check(
        &world,
        &[
            (Deed::SignLink, Who::Each(ids(&["jd"])), &last),
            (Deed::SignLink, enough(&[], 1, &["jb", "jc"]), &last),
        ],
    );
    // jc leaves, and signs that: it counts for the old link, and not for the new one.
    let mut world = World::usual();
    world.link(&link(2, &["ja", "jb"], &["jc"]));
    check(
        &world,
        &[(Deed::SignLink, enough(&[], 2, &["ja", "jb"]), &last)],
    );
}

/// Five hundred files of as many packages, of many owners: one task for each set of
/// owners, and for a janitor all of it is the same one command.
#[test]
fn many_resources_are_few_tasks() {
    let mut world = World::usual();
    world.joined("carol");
    for n in 0..60 {
        let owner = if n % 2 == 0 { "bob" } else { "carol" };
        let name = format!("p{n}");
        world.owned(&name, &[owner]);
        world.released(&format!("{name}.1"), owner);
        world.file(
            &opam_path(&format!("{name}.1")),
            format!("{OPAM}x-n: {n}\n"),
        );
        world.checksum(&format!("{name}.1"), at(0, 2));
    }
    let (todo, coverage) = look(&world);
    let sizes: Vec<usize> = todo.tasks.iter().map(|t| t.items.len()).collect();
    assert_eq!(sizes, [30, 30]);
    assert_eq!(todo.of_person(&id("bob")).tasks.len(), 1);
    assert_eq!(todo.of_person(&id("ja")).items().count(), 60);
    assert_eq!(coverage.signed_packages, 1);
    assert_eq!(coverage.if_approved_packages, 61);
    let one = todo.about(|item| item.package().is_some_and(|p| p.as_str() == "p7"));
    assert_eq!(one.items().count(), 1);
}
