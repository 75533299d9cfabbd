//! What is known of a tree besides its findings: numbers, whose a memory is, who owns what.

use conex_verify::is_memory_of;
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
