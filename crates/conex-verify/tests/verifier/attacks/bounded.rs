//! Endless data: whoever serves a repository, or has one key in it, must not be
//! able to keep clients busy. Each test takes a fraction of a second when the work
//! grows with the size of the input, and minutes when it grows with its square.

use std::fmt::Write as _;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use conex_verify::finding::Code;
use conex_verify::format::digest::Digest;
use conex_verify::format::resource::Kind;

use crate::world::*;

/// Generous: a busy machine, and a build without optimisation.
const PATIENCE: Duration = Duration::from_secs(20);

#[track_caller]
fn soon(w: &World) -> Verdict {
    let (send, receive) = mpsc::channel();
    let w = w.clone();
    thread::spawn(move || send.send(w.client_verdict()));
    // The thread that does not come back ends with the test program.
    match receive.recv_timeout(PATIENCE) {
        Ok(verdict) => verdict,
        Err(RecvTimeoutError::Timeout) => panic!("not done after {PATIENCE:?}"),
        Err(RecvTimeoutError::Disconnected) => panic!("the verification panicked"),
    }
}

/// An author vouches for thirty thousand versions of one file.
#[test]
fn many_entries_of_one_author_for_one_resource() {
    let mut w = World::usual();
    let entries = (1..30_000u64)
        .map(|n| {
            vouch(
                Kind::Checksum,
                "fmt.1.0",
                at(0, n + 5),
                Digest::of(&n.to_be_bytes()),
            )
        })
        .collect();
    w.says("bob", entries);
    soon(&w).is_rejected(Code::Superseded, "fmt.1.0/checksum");
}

/// The same as half of a quorum, and in as many epochs.
#[test]
fn many_entries_of_one_janitor_for_one_resource() {
    let mut w = World::usual();
    let entry = |n: u64| {
        let digest = Digest::of(&n.to_be_bytes());
        vouch(Kind::Releases, "fmt", at(n % 1000, n), digest)
    };
    w.says("ja", (2..30_000).map(entry).collect());
    soon(&w).is_clean();
}

/// A list of files that are not there, in a package that nobody signed.
#[test]
fn a_checksum_of_many_missing_files() {
    let mut w = World::usual().nostrict();
    w.file(&opam_path("lwt.1.0"), OPAM);
    for release in ["lwt.1.0", "fmt.1.0"] {
        w.checksum(release, at(0, 1));
        let path = checksum_path(release);
        let text = String::from_utf8(w.bytes(&path)).unwrap();
        let start = text.find("files: [\n").unwrap() + "files: [\n".len();
        let mut many = text[..start].to_owned();
        for n in 0..100_000 {
            let _ = writeln!(many, "  [\"files/{n:06}\" 1 \"{}\"]", Digest::of(b"x"));
        }
        many.push_str("]\n");
        let check = Digest::of(many.as_bytes()).short();
        let _ = writeln!(many, "check: \"{check}\"");
        w.file(&path, many);
    }
    let verdict = soon(&w);
    verdict
        .is_rejected(Code::MissingFile, "packages/fmt/fmt.1.0/files/")
        .is_rejected(Code::ExtraFile, &opam_path("fmt.1.0"));
    assert!(verdict.findings.len() < 1000, "{}", verdict.findings.len());
}

#[test]
fn a_list_of_many_missing_releases() {
    let mut w = World::usual();
    let path = "packages/fmt/releases";
    let text = String::from_utf8(w.bytes(path)).unwrap();
    let start = text.find("releases: [\n").unwrap() + "releases: [\n".len();
    let mut many = text[..start].to_owned();
    for n in 0..100_000 {
        let _ = writeln!(many, "  \"fmt.{n:06}\"");
    }
    many.push_str("]\n");
    let check = Digest::of(many.as_bytes()).short();
    let _ = writeln!(many, "check: \"{check}\"");
    w.file(path, many);
    let verdict = soon(&w);
    verdict.is_rejected(Code::ReleaseList, "packages/fmt/fmt.");
    assert!(verdict.findings.len() < 1000, "{}", verdict.findings.len());
}

#[test]
fn a_repo_file_of_many_unknown_fields() {
    let mut w = World::usual();
    let mut text = "opam-version: \"2.0\"\n".to_owned();
    for n in 0..200_000 {
        let _ = writeln!(text, "x{n}: 1");
    }
    w.file("repo", text);
    let verdict = soon(&w);
    verdict.is_rejected(Code::RepoFile, "repo");
    assert!(verdict.findings.len() < 1000, "{}", verdict.findings.len());
}

#[test]
fn an_opam_file_of_many_names_and_sources() {
    for line in ["name: \"x\"\n", "url { }\n"] {
        let mut w = World::usual();
        w.file(&opam_path("fmt.1.0"), line.repeat(200_000));
        let verdict = soon(&w);
        verdict.is_rejected(Code::Digest, &opam_path("fmt.1.0"));
        assert!(verdict.findings.len() < 1000, "{}", verdict.findings.len());
    }
}

#[test]
fn many_names_with_capital_letters() {
    let mut w = World::usual();
    w.tree.others = (0..100_000).map(|n| format!("X{n:06}")).collect();
    soon(&w).is_clean();
}

/// Deep nesting: the reader descends on the stack, so far and no further.
#[test]
fn deep_nesting_is_refused() {
    for (open, close) in [("[", "]"), ("(", ")"), ("a { ", " }"), ("!", "x")] {
        let depth = 200_000;
        let text = format!("x: {}1{}\n", open.repeat(depth), close.repeat(depth));
        for path in ["repo", "packages/fmt/releases", "packages/.conex/ids/bob"] {
            let mut w = World::usual();
            w.file(path, &text);
            assert!(!soon(&w).accepted);
        }
        let mut w = World::usual();
        w.file(&opam_path("fmt.1.0"), &text);
        soon(&w).is_rejected(Code::OpamSyntax, &opam_path("fmt.1.0"));
    }
}

/// Forged links after the real ones, each with members and signatures to check.
#[test]
fn links_after_a_bad_one_are_not_worth_a_look() {
    let mut w = World::usual();
    let many: Vec<String> = (0..20).map(|n| format!("m{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for _ in 0..30 {
        w.link(&link(1, &many, &many));
    }
    let verdict = soon(&w);
    verdict.is_rejected(Code::LinkSignatures, "janitors/1");
    assert!(
        verdict
            .findings
            .iter()
            .all(|f| f.path.ends_with("janitors/1") || !f.path.contains("janitors/")),
        "{}",
        verdict.text()
    );
}
