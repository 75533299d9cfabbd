//! The table of differentials, `docs/hook.md`, where files and environment decide:
//! what the hook reads and what opam would apply.

use std::process::Command;

use crate::hook::run::{Machine, archive, gnu_patch, run, two, write};
use crate::typed_hints::commands;
use crate::world::*;

/// A full update and a patch that touches nothing wrong, on a tree with something
/// that is no plain file of its own.
#[track_caller]
fn refused_both_ways(code: &str, spoil: impl Fn(&std::path::Path)) {
    let (old, new) = two();
    let machine = Machine::new();
    let full = machine.full(&new, "r");
    spoil(&machine.path("root/repo/r.new"));
    run(full).refused(code);
    let patch = gnu_patch(&machine, &old, &new, "r");
    let update = machine.update(&old, &patch, "r");
    spoil(&machine.path("root/repo/r"));
    run(update).refused(code);
}

/// D8: opam 2.4 and 2.5 write into both names of a file.
#[test]
fn d8_hard_links_are_refused() {
    refused_both_ways("E001", |dir| {
        std::fs::hard_link(dir.join(opam_path("fmt.1.0")), dir.join("README")).unwrap();
    });
    // The other name can be anywhere.
    refused_both_ways("E001", |dir| {
        let elsewhere = dir.parent().unwrap().join("elsewhere");
        let _ = std::fs::remove_file(&elsewhere);
        std::fs::hard_link(dir.join("packages/fmt/releases"), elsewhere).unwrap();
    });
}

/// D9: opam reads and writes through links.
#[test]
fn d9_symbolic_links_are_refused() {
    use std::os::unix::fs::symlink;
    refused_both_ways("E001", |dir| {
        let path = dir.join(opam_path("fmt.1.0"));
        let away = dir.parent().unwrap().join("away");
        std::fs::rename(&path, &away).unwrap();
        symlink(away, path).unwrap();
    });
    refused_both_ways("E001", |dir| {
        symlink("fmt", dir.join("packages/gmt")).unwrap()
    });
    refused_both_ways("E001", |dir| symlink("packages", dir.join("doc")).unwrap());
    refused_both_ways("E001", |dir| {
        symlink("/nowhere", dir.join("packages/fmt/fmt.1.0/files")).unwrap()
    });
}

/// D9: a patch that makes one.
#[test]
fn d9_a_patch_that_makes_a_link_is_refused() {
    let (old, _) = two();
    let machine = Machine::new();
    for target in ["../../..", "/etc/passwd"] {
        let patch = format!(
            "diff --git a/packages/fmt/fmt.1.0/files b/packages/fmt/fmt.1.0/files\n\
             new file mode 120000\nindex 0000000..1234567\n--- /dev/null\n\
             +++ a/packages/fmt/fmt.1.0/files\n@@ -0,0 +1 @@\n+{target}\n\\ No newline at end of file\n"
        );
        for (from, to) in [("a/", "b/"), ("b/", "a/")] {
            let patch = patch
                .replacen("--git a/", &format!("--git {from}"), 1)
                .replacen(" b/packages", &format!(" {to}packages"), 1);
            assert_eq!(
                run(machine.update(&old, patch.as_bytes(), "r")).status,
                Some(1)
            );
        }
    }
}

/// The hook itself is given a link in the place of a tree or a patch.
#[test]
fn links_in_place_of_the_trees_and_the_patch_are_refused() {
    use std::os::unix::fs::symlink;
    let (old, new) = two();
    let machine = Machine::new();
    let real = machine.path("tmp/real");
    write(&new, &real);
    let link = machine.path("root/repo/r.new");
    symlink(&real, &link).unwrap();
    assert_eq!(run(machine.full_at(&new, "r", &link)).status, Some(2));
    let patch = gnu_patch(&machine, &old, &new, "r");
    let update = machine.update(&old, &patch, "r");
    let file = machine.path("root/log/patch-1-abc");
    std::fs::rename(&file, machine.path("tmp/patch")).unwrap();
    symlink(machine.path("tmp/patch"), &file).unwrap();
    assert_eq!(run(update).status, Some(2));
}

/// D10: with such permissions opam fails in the middle. (Root is not stopped by them,
/// so it is what they say that counts.)
#[test]
fn d10_permissions_that_opam_cannot_work_with_are_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    for mode in [0o555, 0o300] {
        // As a patch it is the file in the directory that is refused (E072).
        refused_both_ways("E0", |dir| {
            let path = dir.join("packages/fmt/fmt.1.0");
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        });
    }
    for mode in [0o444, 0o4644, 0o000] {
        refused_both_ways("E001", |dir| {
            let path = dir.join(opam_path("fmt.1.0"));
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        });
    }
}

/// D13, D14, D16: what version control systems act on, below the top.
#[test]
fn d13_directories_of_version_control_systems_below_the_top_are_refused() {
    for name in [
        "packages/.git/evil.1/opam",
        "packages/.hg/evil.1/opam",
        "packages/_darcs/evil.1/opam",
        "packages/fmt/.git/config",
        "packages/fmt/.gitignore",
        "packages/.gitattributes",
        "packages/fmt/fmt.1.0/.gitmodules",
    ] {
        refused_both_ways("E002", |dir| {
            let path = dir.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, OPAM).unwrap();
        });
    }
}

/// D14: a `.gitignore` that nobody approved hides what is removed upstream.
#[test]
fn d14_git_files_at_the_top_that_nobody_approved_are_refused() {
    for name in [".gitignore", ".gitattributes"] {
        refused_both_ways("E051", |dir| std::fs::write(dir.join(name), "*\n").unwrap());
    }
    refused_both_ways("E005", |dir| {
        std::fs::write(dir.join(".gitmodules"), "").unwrap()
    });
}

/// D23: with Mercurial and darcs it is the checkout that counts.
#[test]
fn d23_mercurial_and_darcs_are_refused() {
    for name in [".hg", "_darcs", ".HG"] {
        refused_both_ways("E005", |dir| {
            std::fs::create_dir_all(dir.join(name).join("store")).unwrap();
            std::fs::write(dir.join(name).join("store/00changelog.i"), "x").unwrap();
        });
        refused_both_ways("E005", |dir| std::fs::create_dir(dir.join(name)).unwrap());
    }
    let (old, _) = two();
    let machine = Machine::new();
    let patch = "diff -r 0123456789ab repo\n--- a/repo\tSun Nov 22 13:05:05 2026 +0000\n+++ b/repo\tSun Nov 22 13:05:05 2026 +0000\n@@ -1,1 +1,1 @@\n-opam-version: \"2.0\"\n+opam-version: \"2.0\"\n";
    run(machine.update(&old, patch.as_bytes(), "r")).refused("Mercurial");
}

/// D24: GNU patch creates no files then, and leaves empty ones where it should remove
/// them. OCaml's `patch` does not care.
#[test]
fn d24_posixly_correct_is_refused_with_patches_of_gnu_and_git() {
    let (old, new) = two();
    let machine = Machine::new();
    let patch = gnu_patch(&machine, &old, &new, "r");
    for value in ["1", ""] {
        let mut posix = machine.update(&old, &patch, "r");
        posix.env("POSIXLY_CORRECT", value);
        let answer = run(posix);
        answer.refused("POSIXLY_CORRECT");
        let typed = commands(&answer.text, "POSIXLY_CORRECT", &[]);
        assert_eq!(typed, ["unset POSIXLY_CORRECT", "opam update"]);
    }
    run(machine.update(&old, &patch, "r")).accepted();
    let mut full = machine.full(&new, "f");
    full.env("POSIXLY_CORRECT", "1");
    run(full).accepted();
}

/// D7, and what opam 2.0 does when nothing changed: it asks with neither tree nor
/// patch. The tree that it holds is verified.
#[test]
fn without_a_change_the_tree_that_opam_holds_is_verified() {
    let (old, new) = two();
    let machine = Machine::new();
    let repo = machine.path("root/repo/r");
    write(&new, &repo);
    let ask = || {
        let mut command = machine.command();
        command.args(crate::hook::run::trust(&new));
        command.arg(format!("--repo={}", repo.display()));
        command.args(["--dir=", "--patch=", "--incremental=false"]);
        run(command)
    };
    ask().accepted();
    write(&old, &repo);
    ask().refused("E090");
    let mut redirect = new.clone();
    redirect.file(
        "repo",
        "opam-version: \"2.0\"\nredirect: [\"https://evil.example\"]\n",
    );
    write(&redirect, &repo);
    ask().refused("E050");
}

/// D12, D8: links, devices and odd names in an archive; the same through the hook.
#[test]
fn d12_links_and_odd_entries_of_an_archive_are_refused() {
    let (_, new) = two();
    let machine = Machine::new();
    let file = machine.path("root/repo/r.tar.gz.new");
    let dir = machine.path("tmp/pack");
    let spoils: [(&str, &str); 4] = [
        ("hard link", "ln packages/fmt/releases packages/fmt/again"),
        ("link", "ln -s releases packages/fmt/again"),
        ("fifo", "mkfifo packages/fmt/again"),
        ("twice", "true"),
    ];
    for (what, spoil) in spoils {
        write(&new, &dir);
        let twice = if what == "twice" {
            "packages/fmt/releases"
        } else {
            ""
        };
        let script = format!(
            "{spoil} && tar --format=gnu --hard-dereference -cf r.tar packages repo {twice} && gzip -nf r.tar"
        );
        let script = if what == "hard link" {
            script.replace("--hard-dereference ", "")
        } else {
            script
        };
        let status = Command::new("sh")
            .args(["-c", &script])
            .current_dir(&dir)
            .status()
            .unwrap();
        assert!(status.success(), "{what}");
        std::fs::rename(dir.join("r.tar.gz"), &file).unwrap();
        run(machine.full_at(&new, "r.tar.gz", &file)).refused("E08");
    }
    std::fs::write(&file, archive(&new)).unwrap();
    run(machine.full_at(&new, "r.tar.gz", &file)).accepted();
}

/// Something next to `packages/` that a patch cannot be trusted with: whether it is
/// taken as a directory or as a patch, the answer is the same, or a first clone would
/// be accepted and every update after it refused.
#[test]
fn what_is_not_judged_is_the_same_in_full_and_incremental_runs() {
    type Spoil = fn(&std::path::Path);
    let spoils: [(&str, Spoil); 4] = [
        ("a link", |dir| {
            std::fs::create_dir(dir.join("doc")).unwrap();
            std::os::unix::fs::symlink("../packages", dir.join("doc/link")).unwrap();
        }),
        ("an opam file", |dir| {
            std::fs::create_dir_all(dir.join("doc/evil.1")).unwrap();
            std::fs::write(dir.join("doc/evil.1/opam"), OPAM).unwrap();
        }),
        ("a hard link", |dir| {
            std::fs::create_dir(dir.join("doc")).unwrap();
            std::fs::write(dir.join("doc/a"), "a").unwrap();
            std::fs::hard_link(dir.join("doc/a"), dir.join("doc/b")).unwrap();
        }),
        ("a script", |dir| {
            std::fs::create_dir(dir.join("doc")).unwrap();
            std::fs::write(dir.join("doc/a b \u{e4}"), "a").unwrap();
        }),
    ];
    for (what, spoil) in spoils {
        let (old, new) = two();
        let machine = Machine::new();
        let full = machine.full(&old, "r");
        spoil(&machine.path("root/repo/r.new"));
        let patch = gnu_patch(&machine, &old, &new, "r");
        let update = machine.update(&old, &patch, "r");
        spoil(&machine.path("root/repo/r"));
        let (full, update) = (run(full), run(update));
        assert_eq!(
            full.status, update.status,
            "{what}:\n{}\n{}",
            full.text, update.text
        );
    }
}
