//! What the user's git configuration makes of a patch, up to opam 2.5.

use super::*;

/// Prefixes, colours, context: said as what they are, and not as the maintainers' doing.
#[test]
fn another_form_of_gits_patches_is_the_users_configuration() {
    let usual = git(OPAM, "@@ -1,2 +1,2 @@\n x\n-y\n+z\n");
    let prefixes = |old: &str, new: &str| {
        usual
            .replace(&format!(" b/{OPAM}"), &format!(" {old}{OPAM}"))
            .replace(&format!(" a/{OPAM}"), &format!(" {new}{OPAM}"))
    };
    let file = [(OPAM, "x\ny\n")];
    accepts(&file, &usual, &[(OPAM, "x\nz\n")]);
    for patch in [
        // diff.mnemonicPrefix, diff.noprefix, diff.srcPrefix and diff.dstPrefix
        prefixes("w/", "c/"),
        prefixes("", ""),
        prefixes("x/y/", "a/"),
        prefixes("b/", "new/"),
        // color.diff = always
        format!("\u{1b}[1mdiff --git b/{OPAM} a/{OPAM}\u{1b}[m\n"),
        // diff.context = 0
        git(OPAM, "@@ -2 +2 @@\n-y\n+z\n"),
        git(OPAM, "@@ -2,0 +3 @@\n+z\n"),
    ] {
        let error = refuses(&file, &patch, Kind::GitSettings);
        let hint = error.finding().hint;
        assert!(hint.contains("git configuration of this account"), "{hint}");
        assert!(!hint.contains("tell the maintainers"), "{hint}");
    }
    // diff.suppressBlankEmpty
    let hunk = "@@ -1,3 +1,3 @@\n x\n\n-y\n+z\n";
    let file = [(OPAM, "x\n\ny\n")];
    refuses(&file, &git(OPAM, hunk), Kind::GitSettings);
    refuses(&file, &gnu(OPAM, OLD, NEW, hunk), Kind::Line);
    // A repository may be called like a prefix.
    let ctx = PatchContext {
        repo_name: "w",
        ..ctx(Store::Directory)
    };
    let empty = format!("diff --git w/{OPAM} w.new/{OPAM}\ndeleted file mode 100644\n");
    let applied = apply(&tree(&[(OPAM, "")]), empty.as_bytes(), &ctx).unwrap();
    assert_eq!(applied.dialect, Some(Dialect::Ocaml));
}

/// A directory becomes a file, or a file a directory: GNU diff says so in the user's language.
#[test]
fn d10_a_directory_that_becomes_a_file_is_said() {
    let lines = [
        "File r/packages/a/x is a directory while file r.new/packages/a/x is a regular file\n",
        "File r/packages/a/x is a regular file while file r.new/packages/a/x is a directory\n",
        "Datei r/packages/a/x ist ein Verzeichnis w\u{e4}hrend Datei r.new/packages/a/x eine normale Datei ist.\n",
    ];
    for line in lines {
        for patch in [line.to_owned(), edits(OPAM)[0].clone() + line] {
            let error = refuses(&[(OPAM, "x\n")], &patch, Kind::FileAndDirectory);
            let finding = error.finding();
            assert!(finding.message.contains("a directory becomes a file"));
            assert!(
                finding
                    .hint
                    .contains("opam repository set-url NAME SAME-URL")
            );
        }
    }
}
