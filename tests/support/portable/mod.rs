//! Changes of a published branch that C14 lets through, and the shapes that it names.

use conex::check::portable;

use crate::patch_support::random::{self, Random};
use crate::patch_support::{Files, tree};

/// The most lines of a file.
const LINES: usize = 12;

/// A change that C14 lets through: what it names is left as it was.
pub fn honest(random: &mut Random) -> (Files, Files) {
    let mut old = random::tree(random, LINES);
    // Few repositories have an empty file, and each stops most changes.
    if !random.once_in(8) {
        old.retain(|_, bytes| !bytes.is_empty());
    }
    let mut new = random::update(random, &old, LINES);
    loop {
        let found = portable(&tree(&old), &tree(&new));
        let Some(first) = found.first() else {
            return (old, new);
        };
        match old.get(&first.path) {
            Some(bytes) => {
                new.insert(first.path.clone(), bytes.clone());
                // Where a file was, no directory comes.
                let below = format!("{}/", first.path);
                new.retain(|path, _| !path.starts_with(&below));
            }
            None => drop(new.remove(&first.path)),
        }
    }
}

/// Where there is a file that opam parses, one that it can parse, made of the same lines.
fn parsable(files: &mut Files) {
    for (path, bytes) in files.iter_mut() {
        if !path.ends_with("/opam") && path != "repo" {
            continue;
        }
        let mut text = b"opam-version: \"2.0\"\n".to_vec();
        for line in bytes.split_inclusive(|&b| b == b'\n') {
            text.extend_from_slice(b"# ");
            text.extend(line.iter().map(|&b| match b {
                b'\n' | b'\r' | b'\t' | b' '..=b'~' => b,
                _ => b'?',
            }));
        }
        *bytes = text;
    }
    let repo = b"opam-version: \"2.0\"\n".to_vec();
    files.entry("repo".to_owned()).or_insert(repo);
}

/// [`honest`], of repositories that opam can read.
pub fn honest_for_opam(random: &mut Random) -> (Files, Files) {
    loop {
        let (mut old, mut new) = honest(random);
        parsable(&mut old);
        parsable(&mut new);
        if portable(&tree(&old), &tree(&new)).is_empty() {
            return (old, new);
        }
    }
}

/// Files with their texts.
type Part = &'static [(&'static str, &'static str)];

/// The shapes that C14 names, with the rule of docs/hook.md and a change of that shape alone: what
/// is there before, and what is there after. A name that Windows cannot hold is not among them.
pub const SHAPES: [(&str, Part, Part); 10] = [
    (
        "D11-one-of-several-goes",
        &[("doc/a", "a\n"), ("doc/b", "b\n")],
        &[("doc/b", "b\n")],
    ),
    (
        "D17-an-empty-file-comes",
        &[("doc/a", "a\n")],
        &[("doc/a", "a\n"), ("doc/e", "")],
    ),
    ("D17-an-empty-file-goes", &[("doc/e", "")], &[]),
    (
        "D18-a-file-becomes-empty",
        &[("doc/a", "a\n")],
        &[("doc/a", "")],
    ),
    (
        "D19-a-file-without-a-last-line-feed-becomes-empty",
        &[("doc/a", "a")],
        &[("doc/a", "")],
    ),
    (
        "D10-a-file-becomes-a-directory",
        &[("doc/a", "a\n")],
        &[("doc/a/b", "b\n")],
    ),
    (
        "D10-a-directory-becomes-a-file",
        &[("doc/a/b", "b\n")],
        &[("doc/a", "a\n")],
    ),
    ("D20-a-byte-0", &[("doc/a", "a\n")], &[("doc/a", "a\0\n")]),
    (
        // The file that goes came with an update ([`before`]): git does not track it then.
        "D14-ignored-below-the-top",
        &[
            ("doc/.gitignore", "sub/\n"),
            ("doc/sub/b", "b\n"),
            ("doc/a", "a\n"),
        ],
        &[("doc/.gitignore", "sub/\n"), ("doc/a", "c\n")],
    ),
    (
        "D15-attributes-below-the-top",
        &[("doc/a", "a\nb\n")],
        &[
            ("doc/a", "a\nc\n"),
            ("doc/.gitattributes", "a text eol=crlf\n"),
        ],
    ),
];

/// The one shape of which a state before the two is needed: without the ignored file.
pub fn before(name: &str, old: &Files) -> Files {
    let mut first = old.clone();
    if name.starts_with("D14") {
        first.retain(|path, _| !path.starts_with("doc/sub/"));
    }
    first
}

/// A change of a shape, of a repository that opam can read.
pub fn of_shape(parts: [Part; 2]) -> [Files; 2] {
    parts.map(|part| {
        let common = [
            ("repo", "opam-version: \"2.0\"\n"),
            ("packages/a/a.1/opam", "opam-version: \"2.0\"\n"),
        ];
        let all = common.iter().chain(part);
        all.map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
            .collect()
    })
}
