//! The rules against what real opams did (`tests/opam/forms` measures it).

use super::*;

const FORMS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../fixtures/opam-forms.tsv"
));
const CHECKSUMS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../fixtures/opam-checksums.tsv"
));

/// One line of a table.
struct Form<'a> {
    name: &'a str,
    content: Vec<u8>,
    /// The words of a cell, for each version.
    cells: Vec<Vec<&'a str>>,
}

impl Form<'_> {
    fn problems(&self) -> Vec<Problem> {
        problems(&self.content)
    }
}

fn problems(content: &[u8]) -> Vec<Problem> {
    let release = Release::new("bad.1").unwrap();
    let found = check(&release, content);
    // What no rule looks at changes nothing.
    assert_eq!(found, check_whole(&release, content));
    found
}

fn table(text: &str) -> Vec<Form<'_>> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(
        lines.next().unwrap(),
        "form\tcontent\t2.0.8\t2.1.2\t2.3.0\t2.6.1"
    );
    lines
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            assert_eq!(columns.len(), 6, "{line}");
            Form {
                name: columns[0],
                content: unescaped(columns[1]),
                cells: columns[2..]
                    .iter()
                    .map(|cell| cell.split(' ').collect())
                    .collect(),
            }
        })
        .collect()
}

/// `\n`, `\r`, `\t`, `\\` and `\xHH`, as in the head of `tests/opam/forms`.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [byte, behind @ ..] = rest {
        rest = behind;
        if *byte != b'\\' {
            bytes.push(*byte);
            continue;
        }
        let length = match rest[0] {
            b'x' => 3,
            _ => 1,
        };
        bytes.push(match rest[0] {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'\\' => b'\\',
            b'x' => u8::from_str_radix(std::str::from_utf8(&rest[1..3]).unwrap(), 16).unwrap(),
            other => panic!("{text}: the escape {:?}", char::from(other)),
        });
        rest = &rest[length..];
    }
    bytes
}

/// The words of a cell, where backends differ both of them.
fn words<'f>(form: &'f Form<'_>) -> impl Iterator<Item = &'f str> {
    form.cells
        .iter()
        .flatten()
        .flat_map(|word| word.split('|'))
        .map(|word| word.trim_end_matches('!'))
}

/// Names of the forms for which `wrong` holds, one a line.
fn names(forms: &[Form<'_>], wrong: impl Fn(&Form<'_>) -> bool) -> Vec<String> {
    forms
        .iter()
        .filter(|form| wrong(form))
        .map(|form| form.name.to_owned())
        .collect()
}

fn is_unreadable(problems: &[Problem]) -> bool {
    problems
        .iter()
        .any(|problem| matches!(problem, Problem::Unreadable { .. }))
}

fn is_weak(problems: &[Problem]) -> bool {
    problems
        .iter()
        .any(|problem| matches!(problem, Problem::WeakSource { .. }))
}

/// Forms that all opams read, and that are refused all the same: of two fields of one name opam
/// takes the last one here, and no honest file has two.
const REFUSED: [&str; 1] = ["x-env-path-rewrite twice: int, list"];

/// Unreadable is what any of the versions could not read, at any of the times.
#[test]
fn what_some_opam_cannot_read_is_unreadable() {
    let forms = table(FORMS);
    assert!(forms.len() > 200);
    let readable = |form: &Form<'_>| words(form).all(|word| matches!(word, "read" | "shown"));
    assert_eq!(
        names(&forms, |f| !readable(f) && !is_unreadable(&f.problems())),
        [""; 0],
        "an opam cannot read these"
    );
    assert_eq!(
        names(&forms, |f| readable(f) && is_unreadable(&f.problems())),
        REFUSED,
        "every opam reads these"
    );
}

/// The table holds what makes a difference: forms that cost the whole repository, forms that cost
/// the package, and a package that stays as it was.
#[test]
fn the_table_has_all_kinds_of_failure() {
    let forms = table(FORMS);
    for word in ["read", "shown", "skip", "none", "old"] {
        assert!(
            forms.iter().any(|form| words(form).any(|w| w == word)),
            "{word}"
        );
    }
}

/// What the opam-version is taken for.
#[test]
fn other_versions() {
    let problem = |version: &str| problems(format!("opam-version: {version}\n").as_bytes());
    for version in ["\"2.0\"", "\"\\x32.0\"", "\"\"\"2.0\"\"\""] {
        assert_eq!(problem(version), [], "{version}");
    }
    for version in [
        "1.2", "1.1", "1", "0.9", "", "2", "2.0.8", "2.0~rc", "2.00", " 2.0", "x", "2.",
    ] {
        let found = problem(&format!("\"{version}\""));
        assert!(
            matches!(found.as_slice(), [Problem::OtherVersion { found, .. }] if found == version),
            "{version}: {found:?}"
        );
    }
    for version in [
        "2.1",
        "2.1~",
        "2.6.1",
        "3",
        "99999999999999999999",
        ".",
        ".1",
        "x.1.2",
        "2.0x.1",
    ] {
        let found = problem(&format!("\"{version}\""));
        assert!(
            matches!(
                found.as_slice(),
                [Problem::Unreadable { why: Unreadable::NewVersion(found), .. }] if found == version
            ),
            "{version}: {found:?}"
        );
    }
}

/// Each reason, and where it is.
#[test]
fn why_it_is_unreadable() {
    for (content, expected, place) in [
        ("", "has no field `opam-version`", ""),
        ("a: 1\n", "has no field `opam-version`", ""),
        (
            "opam-version: \"2.0\" a: 1 opam-version: \"1.2\"",
            "has the field `opam-version` more than once",
            "opam-version",
        ),
        (
            "opam-version: [\"2.0\"]",
            "has an `opam-version` that is no string",
            "[\"2.0\"]",
        ),
        (
            "opam-version: \"2.1\"",
            "has the `opam-version` \"2.1\", which is not 2.0 or older",
            "\"2.1\"",
        ),
        (
            "opam-version: \"2.0\" x-locked: 3",
            "has a field `x-locked` that opam refuses",
            "3",
        ),
        (
            "opam-version: \"2.0\" a: [",
            "does not parse: expected a value or `]`, found the end of the file",
            "",
        ),
    ] {
        let found = problems(content.as_bytes());
        let [Problem::Unreadable { why, span }] = found.as_slice() else {
            panic!("{content}: {found:?}");
        };
        assert_eq!(why.to_string(), expected, "{content}");
        assert_eq!(&content[span.start..span.end], place, "{content}");
    }
}

/// Forms with which no opam takes a wrong file, and that count as weak all the same: what is
/// there twice, of which opam takes the first; what opam 1 wrote; and a checksum that protects
/// because no opam takes anything.
const WEAK: [&str; 13] = [
    "two fields: sha256, md5",
    "two fields: sha256, sha256",
    "two fields: sha256, sha512",
    "two fields: sha256, empty list",
    "two fields: sha256, zz",
    "two sections: sha256, sha256",
    "two sections: sha256, md5",
    "two sections: sha256, none",
    "git, md5",
    "extra-source: two fields",
    "extra-source: two of one name: sha256, none",
    "extra-source: two of one name: sha256, sha256",
    "extra-sources, sha256",
];

/// Forms in which no opam sees a source at all: sections and fields of other names.
const NO_SOURCE: [&str; 3] = [
    "section in upper case",
    "field url",
    "extra-source: name in upper case",
];

/// Strong is only what no version takes a wrong file for, not even one with the right MD5.
#[test]
fn a_source_is_strong_if_every_opam_refuses_a_wrong_file() {
    let forms = table(CHECKSUMS);
    assert!(forms.len() > 150);
    let strong = |form: &Form<'_>| {
        form.cells.iter().all(|cell| {
            let words: Vec<&str> = cell[1..].iter().flat_map(|w| w.split(['|', '/'])).collect();
            words.contains(&"refused") && words.iter().all(|w| matches!(*w, "refused" | "failed"))
        })
    };
    let passes = |form: &Form<'_>| {
        let problems = form.problems();
        !is_weak(&problems) && !is_unreadable(&problems)
    };
    assert_eq!(
        names(&forms, |f| !strong(f) && passes(f)),
        NO_SOURCE,
        "an opam takes a wrong file"
    );
    assert_eq!(
        names(&forms, |f| strong(f) && !passes(f)),
        WEAK,
        "no opam takes a wrong file"
    );
}

/// What a finding says about a weak source.
#[test]
fn what_is_there_in_place_of_a_strong_checksum() {
    let md5 = "d41d8cd98f00b204e9800998ecf8427e";
    let sha256 = "0".repeat(64);
    let cases = [
        (String::new(), ""),
        ("checksum: []".to_owned(), ""),
        (format!("checksum: \"{md5}\""), "md5"),
        (format!("checksum: [\"md5={md5}\" \"MD5={md5}\"]"), "md5"),
        (
            format!("checksum: [\"sha256={sha256}\" \"sha384=00\"]"),
            "\"sha384=00\", which opam does not read",
        ),
        (
            format!("checksum: \"sha256={sha256}0\""),
            "\"sha256=00000000000000000…\", which opam does not read",
        ),
        ("checksum: 256".to_owned(), "a checksum that is no string"),
        (
            format!("checksum: \"sha256={sha256}\" checksum: \"sha256={sha256}\""),
            "two fields `checksum`",
        ),
        (
            format!("checksum: \"sha256={sha256}\" mirrors: [\"http://x\" \"swh:1:dir:00\"]"),
            "a mirror that is pinned by SHA-1 alone",
        ),
    ];
    for (fields, expected) in cases {
        for (section, what) in [("url", "url"), ("extra-source \"p\"", "extra-source \"p\"")] {
            let text = format!("opam-version: \"2.0\" {section} {{ src: \"http://x\" {fields} }}");
            let found = problems(text.as_bytes());
            let [
                Problem::WeakSource {
                    what: found_what,
                    algorithms,
                    ..
                },
            ] = found.as_slice()
            else {
                panic!("{text}: {found:?}");
            };
            assert_eq!(found_what, what, "{text}");
            assert_eq!(algorithms.join(", "), expected, "{text}");
        }
    }
}

/// One source that is pinned says nothing about another.
#[test]
fn each_source_is_judged_on_its_own() {
    let good = format!("src: \"http://x\" checksum: \"sha512={}\"", "0".repeat(128));
    let text = |rest: &str| format!("opam-version: \"2.0\" url {{ {good} }} {rest}");
    assert_eq!(problems(text("").as_bytes()), []);
    let two = text(&format!(
        "extra-source \"a\" {{ {good} }} extra-source \"b\" {{ {good} }}"
    ));
    assert_eq!(problems(two.as_bytes()), []);
    let weak = text("extra-source \"a\" { src: \"http://x\" } extra-source { }");
    assert_eq!(problems(weak.as_bytes()).len(), 2);
    // Many of one kind are bounded.
    let many = text(&"extra-sources: [] ".repeat(MAX_ALIKE + 1));
    assert_eq!(problems(many.as_bytes()).len(), MAX_ALIKE);
}

/// Somebody damages a form: what is left is judged as it is when all of it is read.
#[test]
fn no_damage_of_a_form_hides_a_problem() {
    let (mut good, mut bad) = (0, 0);
    for form in table(FORMS).iter().chain(&table(CHECKSUMS)) {
        let content = &form.content;
        for at in 0..content.len() {
            let without = [&content[..at], &content[at + 1..]].concat();
            let quoted = [&content[..at], b"\"", &content[at..]].concat();
            for text in [&content[..at], &without, &quoted] {
                match problems(text).is_empty() {
                    true => good += 1,
                    false => bad += 1,
                }
            }
        }
    }
    assert!(good > 1_000 && bad > 1_000, "{good} {bad}");
}
