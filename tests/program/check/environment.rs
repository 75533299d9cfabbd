//! Nothing of the repository is written to, and nothing around it changes the verdict.

use std::collections::BTreeMap;
use std::path::Path;

use crate::check::forge::{CONEX, Forge, told};
use crate::world::{OPAM, World, at, opam_path};

/// bob's release on the branch `release`, and main that moved.
fn forge() -> Forge {
    let mut world = World::usual();
    let forge = Forge::new(&world);
    let mut moved = world.clone();
    world.file(&opam_path("fmt.1.1"), OPAM);
    let entries = vec![
        world.checksum("fmt.1.1", at(0, 1)),
        world.release_list("fmt", at(0, 2)),
    ];
    world.says("bob", entries);
    forge.branch("release", "main", &world);
    moved.file(&opam_path("new.1"), OPAM);
    forge.branch("main", "main", &moved);
    forge
}

/// Every file below, with its bytes and the time of its last change.
fn state(root: &Path) -> BTreeMap<String, (Vec<u8>, std::time::SystemTime)> {
    let mut all = BTreeMap::new();
    let mut todo = vec![root.to_owned()];
    while let Some(dir) = todo.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let meta = path.symlink_metadata().unwrap();
            if meta.is_dir() {
                todo.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap_or_default();
                let name = path.display().to_string();
                all.insert(name, (bytes, meta.modified().unwrap()));
            }
        }
    }
    all
}

#[test]
fn the_repository_is_left_as_it_was() {
    let forge = forge();
    // A work tree and an index that somebody is at work in.
    forge.sh("echo x > packages/fmt/fmt.1.0/opam; echo y > new; git add new; rm repo");
    let before = state(forge.home());
    forge.check("main..release").is_good();
    forge.check("release..main").is_good();
    assert_eq!(state(forge.home()), before);
}

#[test]
fn a_bare_repository_is_enough() {
    let forge = forge();
    forge.sh("git clone -q --bare . ../bare.git");
    let bare = forge.home().join("bare.git");
    let before = state(&bare);
    let output = forge
        .command(CONEX)
        .args(["-C", bare.to_str().unwrap(), "check", "main..release"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert_eq!(state(&bare), before);
    // A work tree of its own, and a directory in it.
    forge.sh("git worktree add -q ../second release");
    let second = forge.home().join("second/packages");
    let output = forge
        .command(CONEX)
        .current_dir(second)
        .args(["check", "main"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
}

/// git runs hooks with variables that say which repository, index and objects are meant.
#[test]
fn variables_of_git_lead_nowhere_else() {
    let forge = forge();
    let other = Forge::new(&World::empty());
    let run = |named: bool, variables: &[(&str, &str)]| {
        let mut command = forge.command(CONEX);
        if named {
            command.args(["-C", forge.dir().to_str().unwrap()]);
            command.current_dir(other.dir());
        }
        let output = command
            .args(["check", "main..release"])
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{variables:?}\n{}",
            told(&output)
        );
    };
    let git_dir = other.dir().join(".git");
    let git_dir = git_dir.to_str().unwrap();
    // Whoever names the directory means it.
    run(
        true,
        &[("GIT_DIR", git_dir), ("GIT_OBJECT_DIRECTORY", git_dir)],
    );
    // Of a hook.
    let own = [
        ("GIT_DIR", ".git"),
        ("GIT_INDEX_FILE", "/nowhere"),
        ("GIT_PREFIX", ""),
    ];
    run(false, &own);
    run(
        false,
        &[
            ("GIT_WORK_TREE", "/"),
            ("GIT_NAMESPACE", "x"),
            ("GIT_EXTERNAL_DIFF", "false"),
        ],
    );
    let config = [
        ("GIT_CONFIG_COUNT", "2"),
        ("GIT_CONFIG_KEY_0", "core.quotePath"),
        ("GIT_CONFIG_VALUE_0", "true"),
        ("GIT_CONFIG_KEY_1", "merge.renames"),
        ("GIT_CONFIG_VALUE_1", "copies"),
    ];
    run(false, &config);
}

/// Objects that a push brings are in a place apart until the server's hooks accept them.
#[test]
fn a_server_can_check_before_it_accepts() {
    let forge = forge();
    forge.sh(
        "git clone -q --bare . ../server.git
         printf '#!/bin/sh\\nwhile read old new ref; do conex check $old..$new || exit 1; done\\n' > ../server.git/hooks/pre-receive
         chmod +x ../server.git/hooks/pre-receive
         git checkout -q main && git merge -q --no-edit release
         git push -q ../server.git main
         echo x >> packages/fmt/fmt.1.1/opam && git commit -q -a -m broken",
    );
    let output = forge
        .command("git")
        .args(["push", "-q", "../server.git", "main"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let text = told(&output);
    assert!(
        text.contains("E014") && text.contains("not mergeable"),
        "{text}"
    );
}

/// Clones that share objects, directories with names that a list of paths would split,
/// and repositories of the newer kind of digests.
#[test]
fn objects_are_found_wherever_they_are() {
    let forge = forge();
    forge.sh("git clone -q --bare --shared . ../shared.git
         mkdir '../a:b\"c\\d' && git clone -q --bare . '../a:b\"c\\d/r.git'
         git init -q --bare --object-format=sha256 ../sha256.git
         git fast-export --all 2> /dev/null | git -C ../sha256.git fast-import --quiet");
    for name in ["shared.git", "a:b\"c\\d/r.git", "sha256.git"] {
        let output = forge
            .command(CONEX)
            .current_dir(forge.home().join(name))
            .args(["check", "main..release"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}\n{}", told(&output));
    }
    // Nothing was left behind in the directory of temporary files.
    let left: Vec<_> = std::fs::read_dir(forge.home())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("conex-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A replaced object is not what others will fetch.
#[test]
fn replaced_objects_are_not_believed() {
    let forge = forge();
    forge.sh(
        "git checkout -q release && echo x >> packages/fmt/fmt.1.1/opam && git commit -q -a -m broken
         git replace $(git rev-parse release:packages/fmt/fmt.1.1/opam) $(git rev-parse release~1:packages/fmt/fmt.1.1/opam)
         git replace release release~1",
    );
    let checked = forge.check("main..release");
    let path = opam_path("fmt.1.1");
    checked.is_refused(&[("E014", &path), ("E044", &path)]);
}

#[test]
fn what_cannot_be_looked_at_is_said() {
    let forge = forge();
    forge.undecided(&["nope..release"], "there is no commit `nope`");
    forge.undecided(&["main..nope"], "there is no commit `nope`");
    forge.undecided(&["main:repo..release"], "there is no commit");
    for range in [
        "..release",
        "",
        "a..b..c",
        "main..--output=/tmp/x",
        "main..-x",
    ] {
        forge.undecided(&["--", range], "is not BASE..HEAD");
    }
    forge.undecided(&[], "BASE..HEAD");
    let output = forge
        .command(CONEX)
        .current_dir(forge.home())
        .args(["check", "main..release"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        told(&output).contains("is not in a git repository"),
        "{}",
        told(&output)
    );
    // A clone without the contents of files: nothing is fetched behind anybody's back.
    forge.sh("git config uploadpack.allowFilter true
         git clone -q --bare --filter=blob:none \"file://$PWD\" ../partial.git");
    let partial = forge.home().join("partial.git");
    let output = forge
        .command(CONEX)
        .args(["-C", partial.to_str().unwrap(), "check", "main..release"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
}

/// A machine without git, or with one that cannot merge without a work tree.
#[test]
fn an_old_git_is_named() {
    let forge = forge();
    let bin = forge.home().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let run = || {
        let output = forge
            .command(CONEX)
            .args(["check", "main..release"])
            .env("PATH", &bin)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        told(&output)
    };
    assert!(run().contains("`git` cannot be run"));
    forge.sh("printf '#!/bin/sh\\necho git version 2.37.2\\n' > ../bin/git; chmod +x ../bin/git");
    let text = run();
    assert!(text.contains("2.37.2") && text.contains("2.38"), "{text}");
}
