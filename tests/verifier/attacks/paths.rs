//! Names that opam, git or a file system read in their own way. `D3` and the like
//! are measured differences between what a hook sees and what opam applies.

use conex_verify::finding::Code;
use conex_verify::tree::{Defect, DefectKind};

use crate::world::*;

#[track_caller]
fn refused_everywhere(path: &str, code: Code) {
    for content in ["", OPAM] {
        let mut w = World::usual();
        w.file(path, content);
        w.verdict().is_rejected(code, path);
        w.nostrict().verdict().is_rejected(code, path);
    }
}

/// D3: from opam 2.5 on any file called `opam`, at any depth in a package, is one.
#[test]
fn d3_an_opam_file_inside_a_package_is_refused() {
    for path in [
        "packages/fmt/fmt.1.0/files/evil.6.6/opam",
        "packages/fmt/fmt.1.0/files/opam",
        "packages/fmt/fmt.1.0/files/a/b/c/evil.6.6/opam",
        "packages/fmt/fmt.1.0/files/evil.6.6/OPAM",
        "packages/fmt/fmt.1.0/files/opam/evil",
        "packages/fmt/opam",
        "packages/fmt/fmt.1.0/evil.6.6/opam",
        "packages/.conex/index/bob/0123456789abcdef/opam",
        "packages/.conex/ids/evil.6.6/opam",
        "packages/.conex/opam",
    ] {
        refused_everywhere(path, Code::BadPath);
    }
}

/// Nothing else called `opam` exists anywhere, the top included.
#[test]
fn an_opam_file_at_the_top_is_refused() {
    let mut w = World::usual();
    w.tree.others = vec!["README.md".to_owned(), "docs/".to_owned()];
    w.verdict().is_clean();
    for other in ["opam", "opam/", "OPAM"] {
        let mut w = w.clone();
        w.tree.others.push(other.to_owned());
        w.verdict()
            .is_rejected(Code::TopLevel, other.trim_end_matches('/'));
    }
}

/// D4: opam finds packages at any depth, by the name of the last directory.
#[test]
fn d4_a_package_outside_its_directory_is_refused() {
    for path in [
        "packages/x/y/z/deep.1.0/opam",
        "packages/flat.1.0/opam",
        "packages/alpha/omega.1.0/opam",
        "packages/alpha/alpha.1.0/alpha.2.0/opam",
        "packages/alpha/alpha/opam",
        "packages/alpha/alpha-x.1.0/opam",
        "packages/alpha.1.0/alpha.1.0/opam",
        "packages/alpha/.1.0/opam",
        "packages/alpha/alpha./opam",
    ] {
        refused_everywhere(path, Code::BadPath);
    }
}

/// D25: old files that opam merges into the description.
#[test]
fn d25_files_that_opam_merges_are_refused() {
    for path in [
        "packages/fmt/fmt.1.0/url",
        "packages/fmt/fmt.1.0/descr",
        "packages/fmt/fmt.1.0/opam.orig",
        "packages/fmt/fmt.1.0/checksum.rej",
        "packages/fmt/fmt.1.0/files",
        "packages/fmt/README",
        "packages/README",
        "packages/fmt",
        "packages/.conex",
        "packages/.conex/README",
        "packages/.conex/janitors/latest",
        "packages/.conex/index/bob/index",
        "packages/.conex/index/index",
    ] {
        refused_everywhere(path, Code::BadPath);
    }
}

/// D13, D14: names of version control systems below the top.
#[test]
fn d13_d14_names_of_version_control_systems_are_refused() {
    for path in [
        "packages/.git/evil.1/opam",
        "packages/.hg/evil.1/opam",
        "packages/_darcs/evil.1/opam",
        "packages/.git",
        "packages/.gitignore",
        "packages/.gitattributes",
        "packages/.gitmodules",
        "packages/fmt/.gitignore",
        "packages/fmt/fmt.1.0/.gitattributes",
        "packages/fmt/fmt.1.0/files/.git/config",
        "packages/fmt/fmt.1.0/files/.GIT/config",
        "packages/fmt/fmt.1.0/files/.gitignore",
        "packages/fmt/fmt.1.0/files/.GitAttributes",
        "packages/fmt/fmt.1.0/files/_darcs/x",
        "packages/fmt/fmt.1.0/files/.hg/x",
        "packages/.conex/.gitattributes",
        "packages/.conex/ids/.gitignore",
    ] {
        refused_everywhere(path, Code::BadPath);
    }
}

/// D6, D16, D23: what at the top makes opam or git do something else.
#[test]
fn d6_d16_d23_forbidden_names_at_the_top_are_refused() {
    for name in [
        "compilers",
        "compilers/",
        "Compilers/",
        ".hg/",
        "_darcs/",
        ".gitmodules",
    ] {
        let mut w = World::usual();
        w.tree.others = vec![name.to_owned()];
        for w in [w.clone(), w.nostrict()] {
            w.verdict()
                .is_rejected(Code::TopLevel, name.trim_end_matches('/'));
        }
    }
}

#[test]
fn names_at_the_top_that_differ_only_in_case_are_refused() {
    for name in ["Repo", "PACKAGES/", ".GitAttributes", ".gitIgnore", ".GIT/"] {
        let mut w = World::usual();
        w.tree.others = vec![name.to_owned()];
        w.verdict()
            .is_rejected(Code::CaseCollision, name.trim_end_matches('/'));
    }
}

#[test]
fn packages_as_a_file_is_refused() {
    let mut w = World::usual();
    for path in w.paths() {
        if path.starts_with("packages/") {
            w.remove(&path);
        }
    }
    w.file("packages", "x");
    assert!(!w.verdict().accepted);
}

/// Names outside the alphabet: other file systems, patch programs and terminals
/// read them in their own way.
#[test]
fn names_outside_the_alphabet_are_refused() {
    for name in [
        "a b",
        "a\nb",
        "a\tb",
        "a\\b",
        "a\"b",
        "a'b",
        "a:b",
        "a*b",
        "a\u{0}b",
        "a\u{1b}[2Jb",
        "a\u{202e}b",
        "a\u{e9}b",
        "%2e%2e",
        "a@b",
        "a,b",
        "a=b",
    ] {
        refused_everywhere(&format!("packages/fmt/fmt.1.0/files/{name}"), Code::BadPath);
    }
}

/// Components that mean a directory above, or nothing.
#[test]
fn components_that_are_no_names_are_refused() {
    for path in [
        "packages/fmt/fmt.1.0/files/../opam",
        "packages/fmt/fmt.1.0/files/./x",
        "packages/fmt/fmt.1.0/files//x",
        "packages/fmt/fmt.1.0/files/",
        "packages//fmt/fmt.1.0/opam",
        "packages/../repo",
        "packages/fmt/fmt.1.0/files/...",
    ] {
        let mut w = World::usual();
        w.file(path, "x");
        assert!(!w.verdict().accepted, "{path}");
    }
}

/// D26: what no archive of opam can hold leaves it stuck.
#[test]
fn d26_long_names_are_refused() {
    let long = "x".repeat(101);
    refused_everywhere(&format!("packages/fmt/fmt.1.0/files/{long}"), Code::BadPath);
    let deep = format!("packages/fmt/fmt.1.0/files{}", "/dir".repeat(58));
    assert!(deep.len() > 255);
    refused_everywhere(&deep, Code::BadPath);
    let ok = format!("packages/fmt/fmt.1.0/files/{}", "x".repeat(100));
    let mut w = World::usual();
    w.file(&ok, "x");
    let entry = w.checksum("fmt.1.0", at(0, 2));
    w.says("bob", vec![entry]);
    w.verdict().is_clean();
}

/// Names that are one name on a file system that does not tell case apart.
#[test]
fn names_that_differ_only_in_case_are_refused() {
    for path in [
        "packages/FMT/FMT.1.0/opam",
        "packages/fmt/fmt.1.0/Opam",
        "packages/fmt/Releases",
        "packages/fmt/fmt.1.0/Checksum",
        "packages/.Conex/repo",
        "packages/.conex/IDS/bob",
        "packages/.conex/index/BOB/0123456789abcdef/index",
    ] {
        let mut w = World::usual();
        w.file(path, "x");
        assert!(!w.verdict().accepted, "{path}");
        assert!(
            w.verdict()
                .findings
                .iter()
                .any(|f| f.code == Code::CaseCollision),
            "{path}: {}",
            w.verdict().text()
        );
    }
    let mut w = World::usual();
    for name in ["a/X", "A/x", "b/Y", "b/y", "c/Zz", "c/zZ"] {
        w.file(&format!("packages/fmt/fmt.1.0/files/{name}"), "x");
    }
    let entry = w.checksum("fmt.1.0", at(0, 2));
    w.says("bob", vec![entry]);
    let verdict = w.verdict();
    let collisions = verdict
        .findings
        .iter()
        .filter(|f| f.code == Code::CaseCollision)
        .count();
    assert_eq!(collisions, 3, "{}", verdict.text());
}

/// D8, D9: what is no plain file is refused, whatever it is.
#[test]
fn d8_d9_whatever_is_no_plain_file_is_refused() {
    let kinds = [
        DefectKind::NotUtf8,
        DefectKind::Symlink,
        DefectKind::Special("a FIFO"),
        DefectKind::HardLink { links: 2 },
        DefectKind::Mode {
            mode: 0o000,
            needed: 0o600,
        },
        DefectKind::Unreadable("permission denied".to_owned()),
        DefectKind::TooLarge { size: 1 << 40 },
        DefectKind::TooDeep,
        DefectKind::TooMany,
        DefectKind::TooMuch,
        DefectKind::Changed,
    ];
    for kind in kinds {
        let mut w = World::usual();
        w.tree.defects.push(Defect {
            path: "packages/fmt/fmt.1.0/files/x".to_owned(),
            kind,
        });
        for w in [w.clone(), w.nostrict()] {
            w.verdict()
                .is_rejected(Code::IrregularFile, "packages/fmt/fmt.1.0/files/x");
        }
    }
}
