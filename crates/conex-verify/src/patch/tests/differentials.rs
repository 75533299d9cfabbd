//! The rows of the table of differentials, one by one.

use super::*;

#[test]
fn d1_no_line_is_ever_skipped() {
    // A FIFO in a tarball, whose name is a patch: GNU diff prints it raw.
    let injected = "Only in r.new/packages: x\n--- a/packages/b/b.1/opam\n+++ b/packages/b/b.1/opam\n@@ -1 +1 @@\n-o\n+evil\n";
    let files = [(OPAM, "x\n"), (OTHER, "o\n")];
    refuses(&files, injected, Kind::Line);
    for edit in edits(OPAM) {
        refuses(&files, &format!("{edit}{injected}"), Kind::Line);
        let (first, rest) = edit.split_once('\n').unwrap();
        for junk in [
            "",
            " ",
            "Index: repo",
            "Prereq: 1",
            "Only in r: x",
            "*** a/repo",
            "1d",
            ".",
            "\\ No newline at end of file",
            "File r/x is a regular file while file r.new/x is a directory",
            "diff --git b/x a/y z",
        ] {
            let after_first = format!("{first}\n{junk}\n{rest}");
            assert!(run(&files, &after_first).is_err(), "{after_first}");
            let before = format!("{junk}\n{edit}");
            assert!(run(&files, &before).is_err(), "{before}");
            if !junk.starts_with('\\') {
                refuses(
                    &files,
                    &format!("{edit}{junk}\n"),
                    match junk {
                        _ if junk.contains(" z") => error_kind(&edit),
                        _ if junk.starts_with("File") && edit.starts_with("diff -r") => {
                            Kind::FileAndDirectory
                        }
                        _ => Kind::Line,
                    },
                );
            }
        }
    }
}

/// What a line with three names is: a bad name in git's dialect and OCaml's.
fn error_kind(edit: &str) -> Kind {
    if edit.starts_with("diff -ruaN") {
        Kind::Line
    } else {
        Kind::Name
    }
}

#[test]
fn d2_renames_are_moves_or_nothing() {
    let header = format!("diff --git b/{OPAM} a/{OTHER}\n");
    let names = format!("rename from {OPAM}\nrename to {OTHER}\n");
    let pure = format!("{header}similarity index 100%\n{names}");
    let applied = accepts(&[(OPAM, "x\n")], &pure, &[(OTHER, "x\n")]);
    assert_eq!(applied.changed.iter().collect::<Vec<_>>(), [OPAM, OTHER]);
    let edited = format!(
        "{header}similarity index 92%\n{names}index 8f966ee..4845f17 100644\n--- b/{OPAM}\n+++ a/{OTHER}\n@@ -1 +1 @@\n-x\n+y\n"
    );
    let error = refuses(&[(OPAM, "x\n")], &edited, Kind::RenameEdit);
    assert!(error.finding().hint.contains("`opam update` again"));
    refuses(
        &[(OPAM, "x\n")],
        &edited.replace("92%", "100%"),
        Kind::RenameEdit,
    );
    refuses(&[(OPAM, "x\n"), (OTHER, "")], &pure, Kind::Exists);
    refuses(&[], &pure, Kind::Absent);
    refuses(
        &[(OPAM, "x\n")],
        &pure.replace("rename", "copy"),
        Kind::Copy,
    );
    refuses(&[(OPAM, "x\n")], &format!("{pure}{pure}"), Kind::Twice);
    // Without the two lines, another name is just another name.
    let renamed = format!("{header}--- b/{OPAM}\n+++ a/{OTHER}\n@@ -1 +1 @@\n-x\n+y\n");
    refuses(&[(OPAM, "x\n")], &renamed, Kind::Name);
}

#[test]
fn d9_d16_only_plain_files() {
    let create = |mode: &str| {
        format!(
            "diff --git b/{OPAM} a/{OPAM}\nnew file mode {mode}\nindex 0000000..4845f17\n--- /dev/null\n+++ a/{OPAM}\n@@ -0,0 +1 @@\n+x\n"
        )
    };
    accepts(&[], &create("100644"), &[(OPAM, "x\n")]);
    refuses(&[], &create("120000"), Kind::Symlink);
    refuses(&[], &create("160000"), Kind::Submodule);
    refuses(&[], &create("100664"), Kind::Mode);
    refuses(
        &[(OPAM, "x\n")],
        &git(OPAM, "").replace(" 100644", " 120000"),
        Kind::Symlink,
    );
    refuses(
        &[],
        &create("100644").replace(OPAM, ".gitmodules"),
        Kind::Name,
    );
}

#[test]
fn d8_d9_nothing_irregular_is_touched() {
    for (path, defect) in [
        (OPAM, DefectKind::HardLink { links: 2 }),
        ("packages/a", DefectKind::Symlink),
        ("packages/a/a.1/opam/x", DefectKind::Special("fifo")),
    ] {
        let mut old = tree(&[(OPAM, "x\n"), (OTHER, "x\n")]);
        old.defects.push(Defect {
            path: path.to_owned(),
            kind: defect,
        });
        for (edit, other) in edits(OPAM).iter().zip(edits(OTHER)) {
            let error = apply(&old, edit.as_bytes(), &ctx(Store::Directory)).unwrap_err();
            assert_eq!(error.kind(), Kind::Defect);
            assert!(apply(&old, other.as_bytes(), &ctx(Store::Directory)).is_ok());
        }
    }
    let mut old = tree(&[]);
    old.others.push("README.md".to_owned());
    let error = apply(
        &old,
        edits("README.md")[1].as_bytes(),
        &ctx(Store::Directory),
    )
    .unwrap_err();
    assert_eq!(error.kind(), Kind::NotLoaded);
}

#[test]
fn d10_no_path_is_file_and_directory() {
    let file = "packages/a/a.1/files";
    let inner = "packages/a/a.1/files/x";
    let create = |path: &str| gnu(path, EPOCH, NEW, "@@ -0,0 +1 @@\n+x\n");
    let delete = |path: &str| gnu(path, OLD, EPOCH, "@@ -1 +0,0 @@\n-x\n");
    refuses(&[(file, "x\n")], &create(inner), Kind::FileAndDirectory);
    refuses(&[(inner, "x\n")], &create(file), Kind::FileAndDirectory);
    refuses(
        &[],
        &format!("{}{}", create(file), create(inner)),
        Kind::FileAndDirectory,
    );
    // Also not one after the other: GNU patch writes git's sections in the end.
    refuses(
        &[(file, "x\n")],
        &format!("{}{}", delete(file), create(inner)),
        Kind::FileAndDirectory,
    );
    // A name that only starts alike is no directory.
    accepts(
        &[("packages/a/a.1/files.x", "x\n")],
        &create(inner),
        &[("packages/a/a.1/files.x", "x\n"), (inner, "x\n")],
    );
}

/// No opam replaces an empty directory by a file; that the directory is there is in no patch.
/// From an archive opam 2.6 does.
#[test]
fn d10_a_file_in_the_place_of_an_empty_directory_is_refused() {
    let mut old = tree(&[(OPAM, "x\n")]);
    old.empty = ["doc", "doc/notes"].map(str::to_owned).into();
    let create = |names: [&str; 2]| {
        format!(
            "--- /dev/null\n+++ {}.new/{}\n@@ -0,0 +1,1 @@\n+x\n",
            names[0], names[1]
        )
    };
    for path in ["doc", "doc/notes"] {
        let error = apply(&old, create(["r", path]).as_bytes(), &ctx(Store::Directory));
        assert_eq!(error.unwrap_err().kind(), Kind::FileAndDirectory);
        let patch = create(["r.tar.gz", path]);
        let applied = apply(&old, patch.as_bytes(), &ctx(Store::Archive)).unwrap();
        assert!(applied.tree.files.contains_key(path));
    }
    let beside = create(["r", "doc/x"]);
    apply(&old, beside.as_bytes(), &ctx(Store::Directory)).unwrap();
}

/// opam 2.6 removes `packages/a/` with the file in it, and looks again only at what is called
/// like that directory: it goes on to list `a.1` and to install it. Whoever published a release
/// that its maintainers removed keeps it alive so.
#[test]
fn d11_a_release_that_opam_would_show_and_not_have_is_refused() {
    let delete = |path: &str| format!("--- r.tar.gz/{path}\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-x\n");
    for path in ["packages/a/README", "packages/a/README/x", "packages/a/zz"] {
        let old = tree(&[
            (OPAM, "x\n"),
            (path, "x\n"),
            (OTHER, "x\n"),
            ("repo", "x\n"),
        ]);
        let patch = delete(path);
        let result = apply(&old, patch.as_bytes(), &ctx(Store::Archive));
        if path.ends_with("/x") {
            // What is removed has a directory of its own.
            assert!(result.unwrap().notes.is_empty());
        } else {
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.file()), (Kind::Archive, OPAM));
        }
        let patch = patch.replace("r.tar.gz", "r");
        apply(&old, patch.as_bytes(), &ctx(Store::Directory)).unwrap();
    }
    // At the directory of the release itself opam looks again, and sees that it is gone.
    let old = tree(&[(OPAM, "x\n"), ("packages/a/a.1/x", "x\n")]);
    let patch = delete("packages/a/a.1/x");
    let applied = apply(&old, patch.as_bytes(), &ctx(Store::Archive)).unwrap();
    assert!(applied.tree.files.is_empty());
}

#[test]
fn d11_an_archive_loses_the_whole_directory() {
    let delete = |path: &str| format!("--- r.tar.gz/{path}\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-x\n");
    let old = tree(&[
        ("packages/a/a.1/files/x", "x\n"),
        ("packages/a/a.1/files/y", "x\n"),
        ("packages/a/a.1/files.z", "x\n"),
        (OPAM, "x\n"),
        ("version", "x\n"),
    ]);
    let run = |patch: String| apply(&old, patch.as_bytes(), &ctx(Store::Archive));
    let applied = run(delete("packages/a/a.1/files/x")).unwrap();
    let left: Vec<_> = applied.tree.files.keys().map(String::as_str).collect();
    assert_eq!(left, ["packages/a/a.1/files.z", OPAM, "version"]);
    let lost = BTreeSet::from(["packages/a/a.1/files/y".to_owned()]);
    let removed = "packages/a/a.1/files/x".to_owned();
    assert_eq!(
        applied.notes,
        [Note::Lost {
            paths: lost,
            removed
        }]
    );
    let published = applied.published.unwrap();
    let mut expected = old.files.clone();
    expected.remove("packages/a/a.1/files/x");
    assert_eq!(published.files, expected);
    assert!(applied.changed.contains("packages/a/a.1/files/y"));
    // An edit after that fails in opam, at every update.
    let edit = "--- r.tar.gz/packages/a/a.1/files/y\n+++ r.tar.gz.new/packages/a/a.1/files/y\n@@ -1,1 +1,1 @@\n-x\n+y\n";
    let both = format!("{}{edit}", delete("packages/a/a.1/files/x"));
    assert_eq!(run(both).unwrap_err().kind(), Kind::Archive);
    // At the top nothing else is lost; removing all of a release is what it seems.
    assert_eq!(run(delete("version")).unwrap().tree.files.len(), 4);
    let all = [
        "packages/a/a.1/opam",
        "packages/a/a.1/files/y",
        "packages/a/a.1/files/x",
        "packages/a/a.1/files.z",
    ];
    let applied = run(all.map(delete).concat()).unwrap();
    assert!(applied.notes.is_empty());
    assert_eq!(applied.tree.files.len(), 1);
    // The prefixes of an archive and a directory are not the same.
    assert_eq!(run(edits(OPAM)[2].clone()).unwrap_err().kind(), Kind::Name);
    assert_eq!(
        run(edits(OPAM)[1].clone()).unwrap_err().kind(),
        Kind::Dialect
    );
    let error = apply(&old, edit.as_bytes(), &ctx(Store::Directory)).unwrap_err();
    assert_eq!(error.kind(), Kind::Name);
}

#[test]
fn d13_no_directory_of_a_version_control_system() {
    for path in [
        "packages/.git/evil.1/opam",
        ".git/config",
        "x/.GIT/y",
        "packages/a/_darcs/x",
        ".hg/hgrc",
    ] {
        for edit in edits(path) {
            refuses(&[(path, "x\n")], &edit, Kind::Name);
        }
    }
}

#[test]
fn d15_offset_0_and_fuzz_0() {
    let file = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
    let hunk = "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n";
    let result = "1\n2\n3\n4\nx\n6\n7\n8\n9\n";
    for patch in [gnu(OPAM, OLD, NEW, hunk), git(OPAM, hunk)] {
        accepts(&[(OPAM, file)], &patch, &[(OPAM, result)]);
        refuses(&[(OPAM, &format!("0\n{file}"))], &patch, Kind::Differs);
        refuses(&[(OPAM, &file.replace('3', "z"))], &patch, Kind::Differs);
        refuses(
            &[(OPAM, &file.replace('\n', "\r\n"))],
            &patch,
            Kind::Differs,
        );
        refuses(&[(OPAM, "1\n")], &patch, Kind::Differs);
        refuses(&[(OPAM, file)], &patch.replace("-2,7", "-3,7"), Kind::Range);
        refuses(&[(OPAM, file)], &patch.replace("+2,7", "+3,7"), Kind::Range);
    }
    // GNU patch looks for a hunk with less context after than before at the end first.
    let file = "1\n2\n3\n4\n5\n1\n2\n3\n4\n";
    let short = "@@ -1,4 +1,4 @@\n 1\n 2\n 3\n-4\n+x\n";
    refuses(&[(OPAM, file)], &gnu(OPAM, OLD, NEW, short), Kind::Hunk);
    refuses(&[(OPAM, file)], &git(OPAM, short), Kind::Hunk);
    // git's context is the user's choice, but there is some.
    let one = "@@ -3,3 +3,3 @@\n 3\n-4\n+x\n 5\n";
    accepts(
        &[(OPAM, file)],
        &git(OPAM, one),
        &[(OPAM, "1\n2\n3\nx\n5\n1\n2\n3\n4\n")],
    );
    refuses(&[(OPAM, file)], &gnu(OPAM, OLD, NEW, one), Kind::Hunk);
    refuses(
        &[(OPAM, file)],
        &git(OPAM, "@@ -4 +4 @@\n-4\n+x\n"),
        Kind::GitSettings,
    );
    refuses(
        &[(OPAM, file)],
        &git(OPAM, "@@ -4,0 +5 @@\n+x\n"),
        Kind::GitSettings,
    );
}

#[test]
fn d17_gnu_diff_leaves_empty_files_alone() {
    let files = [(OPAM, "x\n"), ("packages/a/a.1/files/e", "")];
    accepts(
        &files,
        &edits(OPAM)[0],
        &[(OPAM, "y\n"), ("packages/a/a.1/files/e", "")],
    );
    // Content for an empty file, whatever its time was.
    for time in [EPOCH, OLD] {
        accepts(
            &[(OPAM, "")],
            &gnu(OPAM, time, NEW, "@@ -0,0 +1 @@\n+x\n"),
            &[(OPAM, "x\n")],
        );
    }
    refuses(
        &[],
        &gnu(OPAM, OLD, NEW, "@@ -0,0 +1 @@\n+x\n"),
        Kind::Absent,
    );
    refuses(
        &[(OPAM, "o\n")],
        &gnu(OPAM, EPOCH, NEW, "@@ -0,0 +1 @@\n+x\n"),
        Kind::Differs,
    );
    // The other dialects have headers for them.
    let git_new =
        format!("diff --git b/{OPAM} a/{OPAM}\nnew file mode 100644\nindex 0000000..e69de29\n");
    accepts(&[], &git_new, &[(OPAM, "")]);
    let git_gone =
        format!("diff --git b/{OPAM} a/{OPAM}\ndeleted file mode 100644\nindex e69de29..0000000\n");
    accepts(&[(OPAM, "")], &git_gone, &[]);
    refuses(&[(OPAM, "x\n")], &git_gone, Kind::Differs);
    refuses(
        &[(OPAM, "")],
        &git_gone.replace("e69de29", "4845f17"),
        Kind::Line,
    );
    for (first, second) in [("r", "r.new"), ("r.new", "r.new")] {
        let new = format!("diff --git {first}/{OPAM} {second}/{OPAM}\nnew file mode 100644\n");
        accepts(&[], &new, &[(OPAM, "")]);
        refuses(&[(OPAM, "")], &new, Kind::Exists);
    }
    for (first, second) in [("r", "r.new"), ("r", "r")] {
        let gone = format!("diff --git {first}/{OPAM} {second}/{OPAM}\ndeleted file mode 100644\n");
        accepts(&[(OPAM, "")], &gone, &[]);
        refuses(&[(OPAM, "x\n")], &gone, Kind::Differs);
        refuses(&[], &gone, Kind::Absent);
    }
    refuses(
        &[],
        &format!("diff --git r/{OPAM} r/{OPAM}\nnew file mode 100644\n"),
        Kind::Name,
    );
}

#[test]
fn d18_the_epoch_is_no_file() {
    let whole = "@@ -1 +0,0 @@\n-x\n";
    accepts(&[(OPAM, "x\n")], &gnu(OPAM, OLD, EPOCH, whole), &[]);
    accepts(&[(OPAM, "x\n")], &gnu(OPAM, OLD, NEW, whole), &[(OPAM, "")]);
    accepts(
        &[(OPAM, "x\n")],
        &gnu(OPAM, OLD, "1970-01-02 01:00:00.000000000 +0000", whole),
        &[],
    );
    refuses(
        &[(OPAM, "x\ny\n")],
        &gnu(OPAM, OLD, EPOCH, whole),
        Kind::Hunk,
    );
}

/// An index that is made reproducibly has files with time 0.
#[test]
fn d18_a_file_that_is_stamped_with_the_epoch_is_a_file() {
    let edit = "@@ -1 +1 @@\n-x\n+y\n";
    for (old, new) in [(EPOCH, NEW), (OLD, EPOCH), (EPOCH, EPOCH)] {
        let patch = gnu(OPAM, old, new, edit);
        accepts(&[(OPAM, "x\n")], &patch, &[(OPAM, "y\n")]);
        let absent = if old == EPOCH {
            Kind::Differs
        } else {
            Kind::Absent
        };
        refuses(&[], &patch, absent);
        refuses(&[(OPAM, "")], &patch, Kind::Differs);
    }
    let create = "@@ -0,0 +1 @@\n+x\n";
    for new in [NEW, EPOCH] {
        let patch = gnu(OPAM, EPOCH, new, create);
        accepts(&[], &patch, &[(OPAM, "x\n")]);
        accepts(&[(OPAM, "")], &patch, &[(OPAM, "x\n")]);
        refuses(&[(OPAM, "x\n")], &patch, Kind::Differs);
    }
    refuses(&[], &gnu(OPAM, OLD, NEW, create), Kind::Absent);
    let delete = "@@ -1 +0,0 @@\n-x\n";
    accepts(&[(OPAM, "x\n")], &gnu(OPAM, EPOCH, EPOCH, delete), &[]);
    refuses(&[], &gnu(OPAM, EPOCH, EPOCH, delete), Kind::Differs);
    for bad in [
        "",
        "2024",
        "2024-01-01 00:00:00 +0000",
        "1970-01-01 00:00:00.000000000 +0000 ",
    ] {
        refuses(&[(OPAM, "x\n")], &gnu(OPAM, OLD, bad, edit), Kind::Stamp);
    }
}

#[test]
fn d19_a_file_without_newline_does_not_become_empty() {
    let hunk = "@@ -1 +0,0 @@\n-x\n\\ No newline at end of file\n";
    let counted = hunk.replace("-1 ", "-1,1 ");
    accepts(&[(OPAM, "x")], &gnu(OPAM, OLD, NEW, hunk), &[(OPAM, "")]);
    refuses(&[(OPAM, "x")], &git(OPAM, hunk), Kind::Emptied);
    refuses(&[(OPAM, "x")], &ocaml(OPAM, &counted), Kind::Emptied);
    accepts(
        &[(OPAM, "x")],
        &format!("--- r/{OPAM}\n+++ /dev/null\n{counted}"),
        &[],
    );
}

#[test]
fn d20_content_is_shown() {
    for line in ["Binary files b/x and a/x differ", "GIT binary patch"] {
        let edit = format!("diff --git b/{OPAM} a/{OPAM}\nindex 8f966ee..4845f17 100644\n{line}\n");
        refuses(&[(OPAM, "x\n")], &edit, Kind::Binary);
        let create = format!(
            "diff --git b/{OPAM} a/{OPAM}\nnew file mode 100644\nindex 0000000..4845f17\n{line}\n"
        );
        refuses(&[], &create, Kind::Binary);
    }
}

#[test]
fn d21_a_mode_alone_changes_nothing() {
    let mode = format!("diff --git b/{OPAM} a/{OPAM}\nold mode 100644\nnew mode 100755\n");
    let applied = accepts(&[(OPAM, "x\n")], &mode, &[(OPAM, "x\n")]);
    assert_eq!(
        applied.notes,
        [Note::ModeIgnored {
            path: OPAM.to_owned()
        }]
    );
    assert!(applied.changed.is_empty());
    let edit =
        format!("{mode}index 8f966ee..4845f17\n--- b/{OPAM}\n+++ a/{OPAM}\n@@ -1 +1 @@\n-x\n+y\n");
    accepts(&[(OPAM, "x\n")], &edit, &[(OPAM, "y\n")]);
    refuses(&[(OPAM, "x\n")], &mode.replace("755", "644"), Kind::Mode);
    refuses(
        &[(OPAM, "x\n")],
        &mode.replace("100755", "120000"),
        Kind::Symlink,
    );
    refuses(&[], &mode, Kind::Absent);
}

#[test]
fn d22_d26_names_are_plain() {
    for path in [
        "a b", "a\tb", "a\\b", "\"a\"", "a\u{e9}", "a:b", "$HOME", "../x", "a/../b", "a//b", "./a",
        "/a", "a/", "a/.", "",
    ] {
        for edit in edits(path) {
            assert!(run(&[(path, "x\n")], &edit).is_err(), "{edit}");
        }
    }
    for path in ["-rf", "a+b~c.d_e-f/G", "...", "opam.orig"] {
        for edit in edits(path) {
            accepts(&[(path, "x\n")], &edit, &[(path, "y\n")]);
        }
    }
    let long = "a/".repeat(10) + &"x".repeat(101);
    let deep = "a/".repeat(crate::limits::MAX_TREE_DEPTH) + "x";
    for path in [long, deep, ["y".repeat(90).as_str(); 3].join("/")] {
        refuses(&[(&path, "x\n")], &edits(&path)[1], Kind::Name);
    }
    // Other prefixes, as a user's git configuration makes them, or of another repository.
    let files = [(OPAM, "x\n")];
    let [gnu, git, ocaml] = edits(OPAM);
    for (patch, from, to) in [
        (&git, "b/pack", "w/pack"),
        (&git, " a/pack", " c/pack"),
        (&git, "b/pack", "x/b/pack"),
        (&git, "b/pack", "pack"),
        (&gnu, "r.new/", "r/"),
        (&gnu, " r/", " s/"),
        (&ocaml, "r.new/", "r/"),
        (&ocaml, " r/", " b/"),
        (&ocaml, " r/", " r.tar.gz/"),
    ] {
        assert!(
            run(&files, &patch.replace(from, to)).is_err(),
            "{from} {to}"
        );
    }
}

#[test]
fn d23_mercurial_and_darcs_are_refused() {
    for patch in [
        "diff -r 0123456789ab packages/a/a.1/opam\n",
        "diff -ruNa old-r/x new-r/x\n",
    ] {
        refuses(&[], patch, Kind::ForeignVcs);
    }
    for patch in [
        "\n",
        "x\n",
        "diff -u r/x r.new/x\n",
        "diff -ruN r/x r.new/x\n",
        "Index: x\n",
        "+++ r/x\n",
        "\u{1b}]0;diff\n",
    ] {
        refuses(&[], patch, Kind::Dialect);
    }
}

#[test]
fn d24_posixly_correct() {
    let posix = PatchContext {
        posixly_correct: true,
        ..ctx(Store::Directory)
    };
    let old = tree(&[(OPAM, "x\n")]);
    let [gnu, git, ocaml] = edits(OPAM).map(|edit| apply(&old, edit.as_bytes(), &posix));
    assert_eq!(gnu.unwrap_err().kind(), Kind::Environment);
    assert_eq!(git.unwrap_err().kind(), Kind::Environment);
    assert!(ocaml.is_ok());
}
