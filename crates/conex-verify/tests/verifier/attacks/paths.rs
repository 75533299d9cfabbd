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
    // Its bytes make no difference, and it is told of itself, not only that it is no place.
    for other in ["opam", "OPAM", ".gitmodules"] {
        let mut w = w.clone();
        w.file(other, OPAM);
        w.verdict().is_rejected(Code::TopLevel, other);
    }
}

/// D4: opam finds packages at any depth, by the name of the last directory. At two other
/// places than its own a release is one of an unsigned package
/// (`a_flat_or_foreign_release_of_an_unclaimed_package_is_unsigned`), and at no more.
#[test]
fn d4_a_package_outside_its_directory_is_refused() {
    for path in [
        "packages/x/y/z/deep.1.0/opam",
        "packages/alpha/alpha.1.0/alpha.2.0/opam",
        "packages/alpha/alpha/opam",
        "packages/alpha.1.0/alpha.1.0/opam",
        "packages/alpha.1.0/files/alpha.1.0/opam",
        "packages/omega/alpha.1.0/files/alpha.1.0/opam",
        "packages/alpha/.1.0/opam",
        "packages/alpha/alpha./opam",
        "packages/123.1/opam",
    ] {
        refused_everywhere(path, Code::BadPath);
    }
    for (path, package) in [
        ("packages/flat.1.0/opam", "packages/flat"),
        ("packages/alpha/omega.1.0/opam", "packages/omega"),
        ("packages/alpha/alpha-x.1.0/opam", "packages/alpha-x"),
    ] {
        let mut w = World::usual();
        w.file(path, OPAM);
        w.verdict().is_rejected(Code::Unclaimed, package);
        w.nostrict().verdict().is_accepted();
    }
}

/// D25: old files that opam merges into the description, and what tools leave behind where
/// somebody reads it.
#[test]
fn d25_files_that_opam_or_conex_would_read_are_refused() {
    for path in [
        "packages/fmt/fmt.1.0/files",
        "packages/fmt/fmt.1.0/Descr",
        "packages/fmt/fmt.1.0/releases",
        "packages/fmt/fmt.1.0/sub/README",
        "packages/fmt/sub/README",
        "packages/fmt/url",
        "packages/fmt/checksum",
        "packages/releases",
        "packages/.conex",
        "packages/.conex/README",
        "packages/.conex/repo.orig",
        "packages/.conex/janitors/latest",
        "packages/.conex/index/bob/index",
        "packages/.conex/index/index",
        "packages/flat.1.0/README",
        "packages/flat.1.0/checksum",
        "packages/other/flat.1.0/README",
    ] {
        refused_everywhere(path, Code::BadPath);
    }
    for path in ["packages/fmt/fmt.1.0/url", "packages/fmt/fmt.1.0/descr"] {
        refused_everywhere(path, Code::ExtraFile);
    }
}

/// Plain files that opam does not read stop nobody, in any mode.
#[test]
fn stray_files_stop_nobody() {
    for path in [
        "packages/README",
        "packages/.keep_me",
        "packages/fmt/README.md",
        "packages/fmt/.generated",
        "packages/fmt/fmt.1.0/opam.orig",
        "packages/fmt/fmt.1.0/opam~",
        "packages/fmt/fmt.1.0/checksum.rej",
        "packages/fmt/fmt.1.0/fmt.install",
    ] {
        for content in ["", OPAM] {
            let mut w = World::usual();
            w.file(path, content);
            w.verdict().is_clean();
            w.nostrict().verdict().is_clean();
        }
    }
}

/// A name that Windows keeps for a device, or cannot write, is no stray.
#[test]
fn stray_files_that_not_every_file_system_holds_are_refused() {
    for name in ["NUL", "con.txt", "aux", "COM1", "lpt9.md", "readme."] {
        for dir in ["packages/", "packages/fmt/", "packages/fmt/fmt.1.0/"] {
            refused_everywhere(&format!("{dir}{name}"), Code::BadPath);
        }
    }
}

/// Nothing but the description of a release is called `opam`, at any depth and in any case;
/// opam 2.0 to 2.3 stop looking where even an empty directory is called so (D28).
#[test]
fn d28_what_hides_packages_from_opam_is_refused() {
    for name in ["opam", "Opam", "OPAM"] {
        for dir in [
            "packages/",
            "packages/fmt/",
            "packages/lwt/",
            "packages/.conex/",
        ] {
            let path = format!("{dir}{name}");
            refused_everywhere(&path, Code::BadPath);
            refused_everywhere(&format!("{path}/x"), Code::BadPath);
            refused_everywhere(&format!("{path}/opam.1/opam"), Code::BadPath);
            empty_refused(&path);
        }
        empty_refused(&format!("packages/fmt/fmt.2.0/{name}"));
        empty_refused(&format!("packages/fmt/fmt.1.0/files/{name}"));
        empty_refused(name);
        empty_refused(&format!("doc/{name}"));
    }
    for name in ["files", "url", "descr"] {
        empty_refused(&format!("packages/fmt/fmt.1.0/{name}"));
    }
    // An empty directory of another name is nothing to opam, and no patch carries it.
    let mut w = World::usual();
    w.tree.empty = ["packages/fmt/fmt.9.9", "packages/lwt", "doc"]
        .map(str::to_owned)
        .into();
    w.verdict().is_clean();
}

#[track_caller]
fn empty_refused(path: &str) {
    for mode in MODES {
        let mut w = World::usual().in_mode(mode);
        w.tree.empty.insert(path.to_owned());
        w.verdict().is_rejected(Code::IrregularFile, path);
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
