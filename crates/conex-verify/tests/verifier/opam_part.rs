//! Opam files are read with the fields that the rules look at. Whatever the rules say of a file
//! read as a whole, they say of that part: nothing gets past them in what is not built.

use std::collections::BTreeMap;

use conex_verify::format::name::Release;
use conex_verify::format::syntax::{Item, Wanted, parse, parse_part};
use conex_verify::limits::{MAX_SYNTAX_DEPTH, MAX_SYNTAX_VALUES};
use conex_verify::workbench::opam_file::{Problem, Unreadable, check, check_whole};

use crate::patch_support::{cases, seed};
use crate::syntax_support::material::{Random, bytes, damage, grammatical, soup};
use crate::syntax_support::real::real_files;

/// How often the rules said what.
type Tally = BTreeMap<&'static str, usize>;

fn same(text: &[u8], tally: &mut Tally) {
    let release = Release::new("bad.1").unwrap();
    let part = check(&release, text);
    let shown = || String::from_utf8_lossy(text).into_owned();
    assert_eq!(part, check_whole(&release, text), "{}", shown());
    if part.is_empty() {
        *tally.entry("nothing").or_default() += 1;
    }
    for problem in part {
        let what = match problem {
            Problem::Unreadable { why, .. } => match why {
                Unreadable::Syntax(_) => "syntax",
                Unreadable::Field(name) => name,
                _ => "opam-version",
            },
            Problem::OtherVersion { .. } => "older",
            Problem::Disagrees { field, .. } => field,
            Problem::WeakSource { .. } => "source",
        };
        *tally.entry(what).or_default() += 1;
    }
}

/// Every name that a rule looks at, and some that none does.
const FIELDS: &[&str] = &[
    "opam-version",
    "name",
    "version",
    "x-locked",
    "x-subpath",
    "x-env-path-rewrite",
    "extra-sources",
    "checksum",
    "url",
    "build",
    "depends",
    "opam-versio",
];

const OF_SECTIONS: &[&str] = &[
    "src",
    "archive",
    "http",
    "git",
    "darcs",
    "hg",
    "local",
    "checksum",
    "mirrors",
    "subpath",
    "name",
    "opam-version",
    "x-locked",
];

const VALUES: &[&str] = &[
    "\"2.0\"",
    "\"2.1\"",
    "\"1.2\"",
    "\"bad\"",
    "\"1\"",
    "\"x\"",
    "x",
    "3",
    "[]",
    "[\"swh:1:dir:1\" \"b\"]",
    "\"swh:1\"",
    "\"md5=0123456789abcdef0123456789abcdef\"",
    "[\"sha256=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"]",
    "[[A true] [B \":\" \"host\" {os = \"win32\"}]]",
    "\"a\" {x & !y | z >= \"1\"}",
    "\"\"\"\na \"b\" c\\\n\"\"\"",
];

/// A file of the words that the rules look at.
fn file(random: &mut Random) -> String {
    let mut out = String::new();
    if random.below(4) > 0 {
        out += "opam-version: \"2.0\"\n";
    }
    for _ in 0..random.below(6) {
        match random.below(3) {
            0 => section(random, &mut out, 2),
            _ => field(random, &mut out, FIELDS),
        }
    }
    out
}

fn field(random: &mut Random, out: &mut String, names: &[&str]) {
    *out += random.pick(names);
    *out += ": ";
    *out += random.pick(VALUES);
    *out += "\n";
}

fn section(random: &mut Random, out: &mut String, depth: usize) {
    *out += random.pick(&["url", "url", "extra-source", "name", "s"]);
    *out += random.pick(&[" {\n", " {\n", " \"a\" {\n", " \"b\" {\n"]);
    if random.below(2) == 0 {
        *out += "src: \"x\"\n";
    }
    for _ in 0..random.below(4) {
        match random.below(6) {
            0 if depth > 0 => section(random, out, depth - 1),
            _ => field(random, out, OF_SECTIONS),
        }
    }
    *out += "}\n";
}

#[test]
fn no_problem_hides_in_what_is_not_built() {
    let mut tally = Tally::new();
    let mut random = Random(seed());
    let sample = include_bytes!("../../../../tests/support/syntax/sample.opam");
    same(sample, &mut tally);
    for _ in 0..cases(20_000) {
        let text = file(&mut random);
        same(text.as_bytes(), &mut tally);
        same(&damage(&mut random, text.as_bytes()), &mut tally);
        same(&damage(&mut random, sample), &mut tally);
        same(&grammatical(&mut random), &mut tally);
        same(&soup(&mut random), &mut tally);
        same(&bytes(&mut random), &mut tally);
    }
    println!("{tally:?}");
    if cases(20_000) >= 20_000 {
        let all = "name nothing older opam-version source subpath syntax version";
        let words = tally.keys().copied().filter(|what| !what.starts_with("x-"));
        assert_eq!(words.collect::<Vec<_>>().join(" "), all);
        assert_eq!(tally.len(), all.split(' ').count() + 3);
        assert!(tally.values().all(|n| *n >= 100), "{tally:?}");
    }
}

#[derive(Clone, Copy)]
struct Few;

impl Wanted for Few {
    fn field(self, name: &str) -> bool {
        name.contains('a')
    }

    fn section(self, kind: &str) -> Option<Few> {
        kind.starts_with('u').then_some(Few)
    }
}

/// What is wanted, as far down as somebody looks.
fn wanted(items: Vec<Item<'_>>) -> Vec<Item<'_>> {
    let keep = |item| match item {
        Item::Field(field) => Few.field(field.name.text).then_some(Item::Field(field)),
        Item::Section(mut section) => {
            Few.section(section.kind.text)?;
            section.items = wanted(section.items);
            Some(Item::Section(section))
        }
    };
    items.into_iter().filter_map(keep).collect()
}

/// The same errors at the same places, and the same items, spans and all.
#[test]
fn a_part_is_a_part_of_the_whole() {
    let mut random = Random(seed());
    let mut read = [0, 0];
    for case in 0..cases(20_000) {
        let text = match case % 4 {
            0 => file(&mut random).into_bytes(),
            1 => soup(&mut random),
            _ => grammatical(&mut random),
        };
        for text in [damage(&mut random, &text), text] {
            let part = parse_part(&text, Few).map(|file| wanted(file.items));
            let whole = parse(&text).map(|file| wanted(file.items));
            read[usize::from(whole.is_err())] += 1;
            assert_eq!(part, whole, "{}", String::from_utf8_lossy(&text));
        }
    }
    println!("{read:?}");
    assert!(read.iter().all(|n| *n > cases(20_000) / 10), "{read:?}");
}

/// The limits hold for what is not built.
#[test]
fn limits_hold_for_what_nobody_looks_at() {
    let deep = |n: usize| format!("x: {}{}", "[".repeat(n), "]".repeat(n));
    // The version and the list itself are two.
    let many = |n: usize| format!("x: [{}]", "1 ".repeat(n - 2));
    for (text, fits) in [
        (deep(MAX_SYNTAX_DEPTH), true),
        (deep(MAX_SYNTAX_DEPTH + 1), false),
        (many(MAX_SYNTAX_VALUES), true),
        (many(MAX_SYNTAX_VALUES + 1), false),
    ] {
        let text = format!("opam-version: \"2.0\"\n{text}");
        let part = parse_part(text.as_bytes(), Few).map(drop);
        assert_eq!(part, parse(text.as_bytes()).map(drop));
        assert_eq!(part.is_ok(), fits, "{}", &text[..60]);
    }
}

/// Every opam file that there is, as it is and damaged.
#[test]
#[cfg_attr(not(feature = "real-data"), ignore = "needs real data: tests/run")]
fn every_real_opam_file_is_judged_the_same() {
    let mut tally = Tally::new();
    let mut random = Random(seed());
    let files = real_files().unwrap_or_default();
    for file in files {
        same(file, &mut tally);
        same(&damage(&mut random, file), &mut tally);
    }
    println!("{} files: {tally:?}", files.len());
}
