//! Names that are others on the file systems of macOS and Windows, where a file of one name is
//! written in the place of another.

use conex_verify::finding::Code;

use crate::world::*;

/// Spellings of `name` that some file system takes for it: APFS folds letters beyond ASCII, HFS+
/// passes over characters without width, Windows over dots and blanks at the end, NTFS has
/// streams, and a backslash ends a component.
fn spellings(name: &str) -> Vec<String> {
    let mut all = vec![
        format!("{name}."),
        format!("{name}.. ."),
        format!("{name} "),
        format!("{name}::$INDEX_ALLOCATION"),
        format!("{name}\\x"),
        format!("{}\u{200c}{}", &name[..2], &name[2..]),
        format!("\u{feff}{name}"),
    ];
    if name.contains('k') {
        all.push(name.replace('k', "\u{212a}"));
    }
    if name.contains('s') {
        all.push(name.replace('s', "\u{17f}"));
    }
    all
}

/// V0.2, V8.6: a directory beside `packages` whose files nobody looks at is written into
/// `packages`, and adds a file to a signed release; another file becomes `repo`.
#[test]
fn a_name_at_the_top_that_some_file_system_takes_for_another_is_refused() {
    for name in ["packages", "repo", ".gitattributes", ".gitignore"] {
        for other in spellings(name) {
            for entry in [other.clone(), format!("{other}/")] {
                let mut w = World::usual();
                w.tree.others = vec![entry];
                for w in [w.clone(), w.nostrict()] {
                    w.verdict().is_rejected(Code::CaseCollision, &other);
                }
            }
        }
    }
    for name in ["opam", "compilers", ".hg", "_darcs", ".gitmodules", ".git"] {
        for other in spellings(name) {
            let mut w = World::usual();
            w.tree.others = vec![format!("{other}/")];
            w.verdict().is_rejected(Code::TopLevel, &other);
        }
    }
    let mut w = World::usual();
    w.tree.others = vec!["doc\\opam/".to_owned()];
    w.verdict().is_rejected(Code::TopLevel, "doc\\opam");
}

/// Names that are no others stop nobody.
#[test]
fn other_names_at_the_top_are_nobodys_business() {
    let mut w = World::usual();
    w.tree.others = [
        "packages.md",
        "repo-",
        "Übersicht/",
        ".github/",
        "..",
        "reports/",
        "straße",
    ]
    .map(str::to_owned)
    .into();
    w.verdict().is_accepted();
}

/// V7.4: `opam.` is `opam` on Windows, so that files of an unsigned package would declare a
/// release of a signed one.
#[test]
fn what_some_file_system_takes_for_opam_is_refused() {
    for path in [
        "packages/x/x.1/files/fmt.9/opam.",
        "packages/x/x.1/files/opam./a",
        "packages/x/x.1/files/fmt.9/OPAM..",
    ] {
        let mut w = World::usual();
        w.file("packages/x/x.1/opam", "opam-version: \"2.0\"\n");
        w.file(path, "opam-version: \"2.0\"\n");
        w.nostrict().verdict().is_rejected(Code::BadPath, path);
    }
    for path in [
        "doc/fmt.9/opam.",
        "doc/fmt.9/op\u{200c}am",
        "doc\\fmt.9\\opam",
    ] {
        assert!(conex_verify::tree::is_stray_opam(path), "{path:?}");
    }
    for path in ["packages/opam.", "packages/fmt/files.", "doc/OPAM "] {
        let mut w = World::usual();
        w.tree.empty.insert(path.to_owned());
        w.nostrict()
            .verdict()
            .is_rejected(Code::IrregularFile, path);
    }
}
