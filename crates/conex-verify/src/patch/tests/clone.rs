//! A local path that is a clone of git: opam 2.0 to 2.3 have `.git` in their patches.

use super::*;

const INDEX: &str = ".git/index";
const REF: &str = ".git/refs/heads/fix-#12@{x}";

/// A repository with `OPAM`, and these files in its `.git`.
#[track_caller]
fn run(clone: Option<&Tree>, patch: &str) -> Result<Applied, PatchError> {
    let ctx = PatchContext {
        clone,
        ..ctx(Store::Directory)
    };
    apply(&tree(&[(OPAM, "x\n")]), patch.as_bytes(), &ctx)
}

fn edit(path: &str) -> String {
    gnu(path, OLD, NEW, "@@ -1 +1 @@\n-x\n+y\n")
}

/// A commit was pulled where the clone lies: index, refs and objects come along.
#[test]
fn an_update_of_a_path_that_is_a_clone_is_applied() {
    let create = |path: &str| gnu(path, EPOCH, NEW, "@@ -0,0 +1 @@\n+x\n");
    let delete = |path: &str| gnu(path, OLD, EPOCH, "@@ -1 +0,0 @@\n-x\n");
    let patch = [
        edit(INDEX),
        create(".git/objects/0a/420f"),
        delete(".git/ORIG_HEAD"),
        edit(REF),
        edit(OPAM),
    ]
    .concat();
    let names = clone_files(patch.as_bytes(), "r");
    let all = [".git/ORIG_HEAD", INDEX, ".git/objects/0a/420f", REF];
    assert_eq!(names, BTreeSet::from(all));
    let clone = tree(&[(INDEX, "x\n"), (REF, "x\n"), (".git/ORIG_HEAD", "x\n")]);
    let applied = run(Some(&clone), &patch).unwrap();
    // Nothing of it is part of the repository.
    assert_eq!(applied.tree.files, tree(&[(OPAM, "y\n")]).files);
    assert_eq!(applied.changed, BTreeSet::from([OPAM.to_owned()]));
    // Without a `.git` that is a directory, no patch makes one.
    assert_eq!(run(None, &patch).unwrap_err().kind(), Kind::Name);
    // Each byte fits, or the program that applies it would ask or fail half-way.
    let other = tree(&[(INDEX, "z\n"), (REF, "x\n"), (".git/ORIG_HEAD", "x\n")]);
    assert_eq!(run(Some(&other), &patch).unwrap_err().kind(), Kind::Differs);
}

/// A name that begins with `.git/` and ends elsewhere, and a link out of it.
#[test]
fn a_patch_of_a_clone_writes_nothing_outside_of_it() {
    let clone = tree(&[(INDEX, "x\n")]);
    for path in [
        ".git/../packages/a/a.1/opam",
        ".git/./index",
        ".git//index",
        ".git/",
        ".git/x/",
        ".GIT/index",
        "packages/.git/evil.1/opam",
        "packages/a/.git/index",
        ".gitmodules",
        ".git/a\"b",
        ".git/a\\b",
        ".git/\u{e4}",
    ] {
        let error = run(Some(&clone), &edit(path)).expect_err(path);
        assert_eq!(error.kind(), Kind::Name, "{path}");
        assert!(clone_files(edit(path).as_bytes(), "r").is_empty(), "{path}");
    }
    // `diff` follows the link, and so does the program that applies the patch.
    for (at, kind) in [
        (".git/out", DefectKind::Symlink),
        (".git/out/opam", DefectKind::HardLink { links: 2 }),
    ] {
        let mut clone = clone.clone();
        clone.defects.push(Defect {
            path: at.to_owned(),
            kind,
        });
        let create = gnu(".git/out/opam", EPOCH, NEW, "@@ -0,0 +1 @@\n+x\n");
        for patch in [edit(".git/out/opam"), create] {
            let error = run(Some(&clone), &patch).unwrap_err();
            assert_eq!(error.kind(), Kind::Defect, "{at}");
        }
    }
    // The names of one section are one name, inside and outside.
    let split = edit(INDEX).replacen(&format!("r.new/{INDEX}"), &format!("r.new/{OPAM}"), 1);
    assert_eq!(run(Some(&clone), &split).unwrap_err().kind(), Kind::Name);
    let split = edit(INDEX).replace(&format!("+++ r.new/{INDEX}"), &format!("+++ r.new/{OPAM}"));
    assert_eq!(run(Some(&clone), &split).unwrap_err().kind(), Kind::Name);
    // Where git runs, git itself makes the patch, and it never names `.git`.
    let [_, git, ocaml] = edits(INDEX);
    for patch in [git, ocaml] {
        assert_eq!(run(Some(&clone), &patch).unwrap_err().kind(), Kind::Name);
    }
}
