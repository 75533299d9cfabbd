//! What is known of a tree besides its findings: numbers, whose a memory is, who owns what.

use conex_verify::is_memory_of;
use conex_verify::workbench::proof::{Claim, Gap};
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::update::{Memory, MemoryError};
use conex_verify::workbench::verdict::{Known, verify};
use conex_verify::workbench::verify::{Assessment, Mode, Pretended, assess, read_chain};

use crate::world::*;

#[test]
fn the_numbers_of_a_verdict_are_those_of_the_tree() {
    let mut w = World::usual().nostrict();
    w.file(&opam_path("lwt.1.0"), OPAM);
    w.file(&opam_path("lwt.2.0"), OPAM);
    w.teamed("crew", &["bob"]);
    let repository = Repository::load(&w.tree);
    let client = w.client().unwrap();
    let verdict = verify(&w.tree, &repository, &client, Mode::NoStrict);
    let below = |prefix: &str| w.paths().iter().filter(|p| p.starts_with(prefix)).count();
    let summary = verdict.summary;
    assert!(verdict.accepted() && verdict.is_proven());
    assert_eq!(verdict.identity(), Some(w.identity()));
    assert_eq!(summary.files, w.paths().len());
    assert_eq!(summary.segments, below("packages/.conex/index/"));
    assert_eq!((summary.releases, summary.signed_packages), (3, 1));
    assert_eq!((summary.unsigned_packages, summary.broken_packages), (1, 0));
    assert_eq!((summary.authors, summary.teams), (1, 1));
}

/// M1: A memory is about one name and one repository, and says in which line it is broken.
#[test]
fn a_memory_is_about_one_name_and_one_repository() {
    let w = World::usual();
    let other = World::with_janitors(1, &["mallory"]).identity();
    let client = w.client().unwrap();
    let known = Known {
        name: "main",
        ..Known::default()
    };
    let (_, memory) = w.judge(&known, &client).says();
    let bytes = memory.unwrap().encode();
    assert!(is_memory_of(&bytes, "main", w.identity()));
    assert!(!is_memory_of(&bytes, "mai", w.identity()));
    assert!(!is_memory_of(&bytes, "main", other));
    let text = String::from_utf8(bytes).unwrap();
    for (line, word) in ["name ", "identity ", "anchors ", "state "]
        .iter()
        .enumerate()
    {
        let broken = text.replacen(&format!("\n{word}"), "\nx ", 1);
        let error = Memory::decode(broken.as_bytes()).unwrap_err();
        assert_eq!(error, MemoryError::Line(line + 2), "{word}");
    }
}

/// Judges a tree that may be anything.
fn assessed<T>(w: &World, look: impl Fn(&Assessment<'_>) -> T) -> T {
    let repository = Repository::load(&w.tree);
    let chain = read_chain(&repository).unwrap();
    let nothing = Pretended::default();
    look(&assess(
        &w.tree,
        &repository,
        chain,
        Mode::NoStrict,
        &nothing,
    ))
}

/// V4.2: Who is only proposed as an owner owns nothing, and what they sign supports nothing.
#[test]
fn who_is_only_proposed_owns_nothing() {
    let mut w = World::usual();
    w.joined("eve");
    w.authorisation("fmt", at(0, 2), &["eve"]);
    w.authorisation("lwt", at(0, 1), &["eve"]);
    w.released("lwt.1.0", "eve");
    assessed(&w, |assessment| {
        for package in &assessment.packages {
            assert!(package.owners.is_empty(), "{}", package.name);
            assert!(!package.is_signed(), "{}", package.name);
            assert_eq!(package.releases, 1, "{}", package.name);
        }
        assert_eq!(assessment.packages.len(), 2);
    });
    // A package that nobody claims is not signed, however clean it is.
    let mut w = World::usual();
    w.file(&opam_path("lwt.1.0"), OPAM);
    let signed = assessed(&w, |assessment| {
        let packages = assessment.packages.iter();
        packages
            .map(|p| (p.name.to_string(), p.is_signed()))
            .collect::<Vec<_>>()
    });
    assert_eq!(
        signed,
        [("fmt".to_owned(), true), ("lwt".to_owned(), false)]
    );
}

/// Who left is a janitor of the past, and an author was never one.
#[test]
fn who_left_is_a_janitor_of_the_past() {
    let mut w = World::usual();
    w.link(&link(2, &["ja", "jb"], &["ja", "jb"]));
    let chain = read_chain(&Repository::load(&w.tree)).unwrap();
    assert!(["ja", "jc"].iter().all(|who| chain.ever_member(&id(who))));
    assert!(!chain.ever_member(&id("bob")));
    let ever: Vec<&str> = chain.ever_members().iter().map(|id| id.as_str()).collect();
    assert_eq!(ever, ["ja", "jb", "jc"]);
    assert!(chain.key_of(&id("jc")).is_none());
}

/// V3.1, V7.1: `eve` waits for the janitors. A decision that counted her all the same, as an author or
/// as a team, would have no proof.
#[test]
fn who_waits_and_counts_all_the_same_is_not_proven() {
    let mut w = World::usual();
    let entry = w.author_file("eve", at(0, 1), &["eve"]);
    w.says("eve", vec![entry]);
    let client = w.client().unwrap();
    let repository = Repository::load(&w.tree);
    let prove = |change: &dyn Fn(&mut Assessment<'_>)| {
        let chain = read_chain(&repository).unwrap();
        let nothing = Pretended::default();
        let mut assessment = assess(&w.tree, &repository, chain, Mode::Strict, &nothing);
        change(&mut assessment);
        let claim = Claim {
            tree: &w.tree,
            repository: &repository,
            assessment: &assessment,
            client: &client,
            mode: Mode::Strict,
            known: None,
            is_another: false,
            forgets: 0,
        };
        claim.prove().map(drop)
    };
    assert_eq!(prove(&|_| {}), Ok(()));
    let gap = Gap {
        about: "packages/.conex/ids/eve".to_owned(),
        rule: "V7.1",
    };
    let keys = || [fingerprint("eve")].into_iter().collect();
    let as_author = prove(&|a| drop(a.people.authors.insert(id("eve"), keys())));
    assert_eq!(as_author, Err(gap.clone()));
    let members = || [id("bob")].into_iter().collect();
    let as_team = prove(&|a| drop(a.people.teams.insert(id("eve"), members())));
    assert_eq!(as_team, Err(gap));
}
