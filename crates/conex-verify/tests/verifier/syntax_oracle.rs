//! The reader against opam's own, opam-file-format: the same tree, or refused
//! by both.
//!
//! An attack starts where two readers disagree: a janitor approves what one of
//! them shows, and opam builds what the other one sees. So this compares all
//! real opam files, made-up ones, and damaged ones, in what they mean as in
//! what is refused. What is meant to differ is listed in
//! `oracle/syntax/differences.md`, and each entry must still differ.
//!
//! The OCaml side is built here, from `oracle/syntax/dump.ml`, with Debian's `ocaml-nox`
//! and `libopam-file-format-ocaml-dev`. Without them it does not run, which is a
//! failure if `CONEX_REQUIRE_ORACLES` is set.

#![allow(
    clippy::disallowed_methods,
    reason = "a test builds and runs the other reader"
)]

use conex_verify::format::syntax;
use conex_verify::limits::{MAX_SYNTAX_DEPTH, MAX_SYNTAX_VALUES};

use crate::syntax_support::material::{PIECES, Random, bytes, damage, grammatical, soup};
use crate::syntax_support::real::real_files;
use crate::syntax_support::{Oracle, Verdict, difference, ours};

#[test]
#[cfg_attr(
    not(all(feature = "oracles", feature = "real-data")),
    ignore = "needs other programs and real repositories: tests/run"
)]
fn real_files_read_the_same() {
    let (Some(oracle), Some(files)) = (Oracle::build(), real_files()) else {
        return;
    };
    let tally = oracle.compare(files);
    eprintln!("real files: {tally:?}");
    assert_eq!((tally.equal, tally.meant), (files.len(), 0));
    assert!(files.len() > 17_000);
}

#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn damaged_files_read_the_same() {
    let Some(oracle) = Oracle::build() else {
        return;
    };
    let sample = [include_bytes!("../../../../tests/support/syntax/sample.opam").to_vec()];
    let files = real_files().unwrap_or(&sample);
    let mut random = Random(0x5eed_0001);
    let texts: Vec<_> = (0..20_000)
        .map(|_| {
            let file = &files[random.below(files.len())];
            damage(&mut random, file)
        })
        .collect();
    let tally = oracle.compare(&texts);
    eprintln!("damaged files: {tally:?}");
    assert!(tally.equal > 2_000 && tally.refused > 2_000, "{tally:?}");
}

#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn made_up_files_read_the_same() {
    let Some(oracle) = Oracle::build() else {
        return;
    };
    for (seed, make, accepted) in [
        (1, grammatical as fn(&mut Random) -> Vec<u8>, 20_000),
        (2, soup, 2_000),
        (3, bytes, 500),
    ] {
        let mut random = Random(seed);
        let texts: Vec<_> = (0..60_000).map(|_| make(&mut random)).collect();
        let tally = oracle.compare(&texts);
        eprintln!("made up, {seed}: {tally:?}");
        assert!(tally.equal > accepted && tally.refused > 1_000, "{tally:?}");
    }
}

/// Two tokens of every kind behind each other, with and without a blank, in
/// every place: where one ends is what the two lexers must agree on.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn every_pair_of_tokens_reads_the_same() {
    let Some(oracle) = Oracle::build() else {
        return;
    };
    let mut texts = Vec::new();
    for first in PIECES {
        for second in PIECES {
            for between in ["", " "] {
                texts.push(format!("a: [{first}{between}{second}]").into_bytes());
                texts.push(format!("{first}{between}{second}").into_bytes());
                texts.push(format!("a: {first}{between}{second}").into_bytes());
            }
        }
    }
    let tally = oracle.compare(&texts);
    eprintln!("pairs: {tally:?}");
}

#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn versions_of_the_format_read_the_same() {
    let Some(oracle) = Oracle::build() else {
        return;
    };
    let mut texts = Vec::new();
    let versions = "|.|..|1|2|2.|2.0|2.0.1|2.0~x|2.0_1|2.1|2.1.9|2.1~x|2.1_0|2.01|02.1|2.2|\
        2.10|2..2|2.1.|3|3.|3.0|3.x|3_.1|3.1_|3.1x|3. 1|3.-1|3.+1|3.1..|3-| 3|\
        +3|-3|_3|x3|0x3|3x.1|3x.1.1|2.1x.1|4611686018427387903.1|\
        4611686018427387904.1|2.4611686018427387904|99999999999999999999|\
        2\\n.5|3\\000";
    for version in versions.split('|') {
        texts.push(format!("opam-version: \"{version}\"").into_bytes());
        texts.push(format!("opam-version: \"{version}\" x: [").into_bytes());
        texts.push(format!("a:1 opam-version: \"{version}\"").into_bytes());
        texts.push(format!("s {{}} opam-version: \"{version}\"").into_bytes());
        texts.push(format!("s {{ a:1 opam-version: \"{version}\" }}").into_bytes());
        texts.push(format!("opam-version: \"{version}\" opam-version: \"1\"").into_bytes());
        texts.push(format!("opam-version: \"{version}\" opam-version: 1").into_bytes());
        texts.push(format!("opam-version: \"2.0\" opam-version: \"{version}\"").into_bytes());
        texts.push(format!("opam-version: [\"{version}\"] opam-version: \"2.0\"").into_bytes());
    }
    oracle.compare(&texts);
}

/// What we print, opam reads as it reads what we read: the canonical text of a
/// `repo` field pins what opam sees.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn printed_files_mean_the_same() {
    let Some(oracle) = Oracle::build() else {
        return;
    };
    let mut random = Random(4);
    let mut texts: Vec<_> = (0..30_000).map(|_| grammatical(&mut random)).collect();
    texts.extend(real_files().unwrap_or_default().iter().step_by(5).cloned());
    texts.retain(|text| syntax::parse(text).is_ok());
    let printed: Vec<_> = texts
        .iter()
        .map(|text| syntax::print(&syntax::parse(text).unwrap()))
        .collect();
    assert_eq!(oracle.read(&texts), oracle.read(&printed));
}

/// Chains that opam-file-format nests and we do not.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn long_chains_read_the_same() {
    let Some(oracle) = Oracle::build() else {
        return;
    };
    let texts: Vec<_> = ["x & ", "x | ", "x & x | ", "x | !x & x {y} & "]
        .map(|piece| format!("a: {}x", piece.repeat(5_000)).into_bytes())
        .into();
    assert_eq!(oracle.compare(&texts).equal, texts.len());
}

/// The list of differences: each must be one, each way to exceed a limit counts,
/// and at the limit there is none.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn listed_differences_are_differences() {
    let list = include_str!("../../../../tests/support/syntax/differences.md");
    let entries = list.matches("\n## ").count();
    assert_eq!(entries, 3, "an entry without a case here");
    let Some(oracle) = Oracle::build() else {
        return;
    };
    let check = |text: String, expected| {
        let text = text.into_bytes();
        let theirs = oracle.read(std::slice::from_ref(&text)).remove(0);
        let found = difference(&theirs, &ours(&text));
        let start = String::from_utf8_lossy(text.get(..200).unwrap_or(&text)).into_owned();
        assert_eq!(found, expected, "{start}");
    };
    // What opens, what stands inside with how many levels, what closes.
    for (start, open, inside, levels, close, end) in [
        ("a: ", "[", "1", 1, "]", ""),
        ("a: ", "(", "1", 1, ")", ""),
        ("a: ", "!", "1", 1, "", ""),
        ("a: ", "a {", "1", 1, "}", ""),
        ("a: a", " {}", "", 1, "", ""),
        ("", "s {", "", 0, "}", ""),
        ("", "s {", "a: 1", 1, "}", ""),
        ("a: ", "[", "1 & 2", 2, "]", ""),
        ("a: ", "(", "1 | 2 & 3", 3, ")", ""),
        ("a: ", "[", "1 = 2", 2, "]", ""),
        ("a: ", "[", "= 2", 2, "]", ""),
        ("a: ", "[", "a += 2", 2, "]", ""),
        ("s { a: ", "[", "1", 2, "]", "}"),
    ] {
        for (more, expected) in [(0, Verdict::Same), (1, Verdict::Meant(1))] {
            let n = MAX_SYNTAX_DEPTH - levels + more;
            let text = [start, &open.repeat(n), inside, &close.repeat(n), end].concat();
            check(text, expected);
        }
    }
    for (more, expected) in [(0, Verdict::Same), (1, Verdict::Meant(2))] {
        let n = MAX_SYNTAX_VALUES + more;
        check(format!("a: [{}]", "1 ".repeat(n - 1)), expected);
    }
    for (more, expected) in [(0, Verdict::Same), (1, Verdict::Meant(2))] {
        check("s{}".repeat(MAX_SYNTAX_VALUES + more), expected);
    }
    check("opam-version: \"9.9\" a: 1".to_owned(), Verdict::Same);
    check("opam-version: \"9.9\" a: [".to_owned(), Verdict::Meant(3));
}
