//! The edges of the grammar, and its cost.

use super::*;

#[test]
fn each_dialect_edits() {
    for (patch, dialect) in edits(OPAM)
        .iter()
        .zip([Dialect::Gnu, Dialect::Git, Dialect::Ocaml])
    {
        let applied = accepts(
            &[(OPAM, "x\n"), (OTHER, "o\n")],
            patch,
            &[(OPAM, "y\n"), (OTHER, "o\n")],
        );
        assert_eq!(applied.dialect, Some(dialect));
        assert_eq!(applied.changed.iter().collect::<Vec<_>>(), [OPAM]);
        assert!(applied.notes.is_empty());
    }
}

#[test]
fn unchanged_files_share_their_bytes() {
    let old = tree(&[(OPAM, "x\n"), (OTHER, "o\n")]);
    let new = apply(&old, edits(OPAM)[0].as_bytes(), &ctx(Store::Directory)).unwrap();
    assert!(old.files[OTHER].ptr_eq(&new.tree.files[OTHER]));
}

#[test]
fn an_empty_patch_changes_nothing() {
    let applied = accepts(&[(OPAM, "x\n")], "", &[(OPAM, "x\n")]);
    assert_eq!(applied.dialect, None);
}

#[test]
fn lines_are_counted_so_content_may_look_like_headers() {
    let hunk =
        "@@ -1,3 +1,4 @@\n--- r/x\n+++ r.new/x\n+@@ -1 +1 @@\n+diff -ruaN r/x r.new/x\n c\n-\\ x\n";
    accepts(
        &[(OPAM, "-- r/x\nc\n\\ x\n")],
        &gnu(OPAM, OLD, NEW, hunk),
        &[(OPAM, "++ r.new/x\n@@ -1 +1 @@\ndiff -ruaN r/x r.new/x\nc\n")],
    );
}

#[test]
fn the_mark_for_no_newline_stands_only_at_an_end() {
    let mark = "\\ No newline at end of file\n";
    let file = [(OPAM, "a\nb")];
    let good = format!("@@ -1,2 +1,2 @@\n a\n-b\n{mark}+c\n{mark}");
    accepts(&file, &gnu(OPAM, OLD, NEW, &good), &[(OPAM, "a\nc")]);
    accepts(&file, &git(OPAM, &good), &[(OPAM, "a\nc")]);
    // GNU diff translates the text; git and OCaml do not.
    let french = good.replace(
        "No newline at end of file",
        "Pas de fin de ligne à la fin du fichier",
    );
    accepts(&file, &gnu(OPAM, OLD, NEW, &french), &[(OPAM, "a\nc")]);
    refuses(&file, &git(OPAM, &french), Kind::Line);
    for (hunk, kind) in [
        (
            format!("@@ -1,2 +1,2 @@\n a\n{mark}-b\n{mark}+c\n"),
            Kind::Differs,
        ),
        ("@@ -1,2 +1,2 @@\n a\n-b\n+c\n".to_owned(), Kind::Differs),
        (
            format!("@@ -1,2 +1,3 @@\n a\n-b\n{mark}+c\n{mark}+d\n"),
            Kind::NoNewline,
        ),
        (
            format!("@@ -1,2 +1,3 @@\n a\n b\n{mark}+c\n"),
            Kind::NoNewline,
        ),
        (
            format!("@@ -1,2 +1,2 @@\n a\n-b\n{mark}{mark}+c\n"),
            Kind::Line,
        ),
        (
            format!("@@ -1,2 +1,2 @@\n{mark} a\n-b\n{mark}+c\n"),
            Kind::Line,
        ),
    ] {
        refuses(&file, &git(OPAM, &hunk), kind);
    }
    let empty_line = format!("@@ -1,2 +1,2 @@\n a\n-b\n+\n{mark}");
    refuses(
        &[(OPAM, "a\nb\n")],
        &git(OPAM, &empty_line),
        Kind::NoNewline,
    );
}

#[test]
fn hunk_headers_have_one_form() {
    let file = [(OPAM, "x\n")];
    for header in [
        "@@ -1,1 +1 @@",
        "@@ -01 +1 @@",
        "@@ -1 +1",
        "@@ -1 +1 @@ ",
        "@@ -1 +1 @@x",
        "@@ -1 +1 @@ x\r",
        "@@  -1 +1 @@",
        "@@ -1 +1  @@",
        "@@ -+1 +1 @@",
        "@@ -1 1 @@",
        "@@ -0 +1 @@",
        "@@ -1, +1 @@",
        "@@ -1 +1 @@\r",
        "@@ -9999999999 +1 @@",
        "@@ - +1 @@",
        "@@@ -1 +1 @@@",
        "@@ -18446744073709551617 +1 @@",
    ] {
        let hunk = format!("{header}\n-x\n+y\n");
        refuses(&file, &git(OPAM, &hunk), Kind::Range);
        refuses(&file, &gnu(OPAM, OLD, NEW, &hunk), Kind::Range);
    }
    accepts(
        &file,
        &git(OPAM, "@@ -1 +1 @@ let x =\n-x\n+y\n"),
        &[(OPAM, "y\n")],
    );
    refuses(
        &file,
        &gnu(OPAM, OLD, NEW, "@@ -1 +1 @@ let x =\n-x\n+y\n"),
        Kind::Range,
    );
    for header in [
        "@@ -1 +1 @@",
        "@@ -1,1 +1,1 @@ x",
        "@@ -1,0 +1,1 @@",
        "@@ -1,1 +1,0 @@",
    ] {
        refuses(
            &file,
            &ocaml(OPAM, &format!("{header}\n-x\n+y\n")),
            Kind::Range,
        );
    }
}

#[test]
fn hunks_keep_their_counts_and_order() {
    let file = [(OPAM, "x\n")];
    for (hunk, kind) in [
        ("@@ -1 +1,2 @@\n-x\n+y\n", Kind::Truncated),
        ("@@ -1,2 +1 @@\n-x\n+y\n", Kind::Truncated),
        ("@@ -1 +1 @@\n-x\n+y\n+z\n", Kind::Line),
        ("@@ -1 +1 @@\n+y\n-x\n", Kind::Line),
        ("@@ -1 +1 @@\n x\n", Kind::Hunk),
        ("@@ -1,0 +1,0 @@\n", Kind::Range),
        ("@@ -1 +1 @@\n\n-x\n+y\n", Kind::GitSettings),
        ("@@ -1 +1 @@\n\tx\n", Kind::Line),
        ("@@ -1 +1 @@\n-x\n+y", Kind::Truncated),
        ("", Kind::Truncated),
    ] {
        refuses(&file, &git(OPAM, hunk), kind);
    }
    let two = "@@ -1,2 +1,2 @@\n-1\n+x\n 2\n@@ -4,2 +4,2 @@\n 4\n-5\n+y\n";
    let file = [(OPAM, "1\n2\n3\n4\n5\n")];
    accepts(&file, &git(OPAM, two), &[(OPAM, "x\n2\n3\n4\ny\n")]);
    let overlapping = two.replace("-4,2 +4,2 @@\n 4\n", "-2,2 +2,2 @@\n 2\n");
    refuses(&file, &git(OPAM, &overlapping), Kind::Range);
    let touching = two.replace("-4,2 +4,2 @@\n 4\n-5", "-3,2 +3,2 @@\n 3\n-4");
    refuses(&file, &git(OPAM, &touching), Kind::Range);
    // OCaml: one hunk, to the end, no context.
    refuses(&file, &ocaml(OPAM, "@@ -1,1 +1,1 @@\n-1\n+x\n"), Kind::Hunk);
    refuses(
        &file,
        &ocaml(OPAM, "@@ -4,2 +4,2 @@\n 4\n-5\n+y\n"),
        Kind::Line,
    );
    accepts(
        &file,
        &ocaml(OPAM, "@@ -6,0 +6,1 @@\n+6\n"),
        &[(OPAM, "1\n2\n3\n4\n5\n6\n")],
    );
    accepts(
        &file,
        &ocaml(OPAM, "@@ -5,1 +5,0 @@\n-5\n"),
        &[(OPAM, "1\n2\n3\n4\n")],
    );
}

#[test]
fn each_path_once() {
    for edit in edits(OPAM) {
        let back = edit.replace("-x\n+y", "-y\n+x");
        refuses(&[(OPAM, "x\n")], &format!("{edit}{back}"), Kind::Twice);
    }
}

#[test]
fn a_repository_may_be_called_b() {
    let old = tree(&[(OPAM, "")]);
    let ctx = PatchContext {
        repo_name: "b",
        ..ctx(Store::Directory)
    };
    for second in ["b", "b.new"] {
        let patch = format!("diff --git b/{OPAM} {second}/{OPAM}\ndeleted file mode 100644\n");
        let applied = apply(&old, patch.as_bytes(), &ctx).unwrap();
        assert_eq!(applied.dialect, Some(Dialect::Ocaml));
    }
    let git = git(OPAM, "@@ -0,0 +1 @@\n+x\n").replace("8f966ee", "e69de29");
    assert_eq!(
        apply(&old, git.as_bytes(), &ctx).unwrap().dialect,
        Some(Dialect::Git)
    );
}

/// Attack: a patch that takes forever. Debug builds are slow, so the bound is
/// generous; anything quadratic here takes hours.
#[test]
fn the_cost_is_linear() {
    let lines = 200_000;
    let old: String = (0..lines).map(|n| format!("{n}\n")).collect();
    let mut hunks = String::new();
    for n in (1..lines - 4).step_by(4) {
        hunks += &format!("@@ -{n},3 +{n},3 @@\n {}\n-{n}\n+x\n {}\n", n - 1, n + 1);
    }
    assert!(run(&[(OPAM, &old)], &git(OPAM, &hunks)).is_ok());
    let huge = "y".repeat(64 << 20);
    let line = "y".repeat(4 << 20);
    refuses(
        &[(OPAM, "x\n")],
        &git(OPAM, &format!("@@ -1 +1 @@\n-x\n+{huge}\n")),
        Kind::Limit,
    );
    refuses(
        &[(OPAM, "x\n")],
        &git(OPAM, &format!("@@ -1 +1 @@\n-{line}\n+x\n")),
        Kind::Differs,
    );
    let names = format!("diff --git r/{line} r/{line}\n");
    refuses(&[], &names, Kind::Name);
    let names = format!("diff --git {line} {line}\n");
    refuses(&[], &names, Kind::GitSettings);
    let many: String = (0..20_000)
        .map(|n| {
            gnu(
                &format!("packages/p{n}/p{n}.1/opam"),
                EPOCH,
                NEW,
                "@@ -0,0 +1 @@\n+x\n",
            )
        })
        .collect();
    assert_eq!(run(&[], &many).unwrap().tree.files.len(), 20_000);
}
