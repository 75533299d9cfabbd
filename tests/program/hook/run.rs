//! A machine with opam's directories, and the hook on it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use conex_verify::format::resource::Revision;
use conex_verify::workbench::verify::Mode;

use crate::patch_support::files;
use crate::patch_support::print::{Print, print};
use crate::world::{World, at, fingerprint};

/// A home and an opam root.
pub struct Machine {
    dir: tempfile::TempDir,
}

/// What the hook said.
pub struct Answer {
    pub status: Option<i32>,
    pub text: String,
}

impl Answer {
    pub fn of(output: &Output) -> Answer {
        Answer {
            status: output.status.code(),
            text: format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            ),
        }
    }

    #[track_caller]
    pub fn accepted(&self) -> &Answer {
        assert_eq!(self.status, Some(0), "{}", self.text);
        self
    }

    /// Refused with a reason and a code, and with a way out.
    #[track_caller]
    pub fn refused(&self, what: &str) -> &Answer {
        assert_eq!(self.status, Some(1), "{}", self.text);
        self.says(what)
    }

    #[track_caller]
    pub fn says(&self, what: &str) -> &Answer {
        assert!(self.text.contains(what), "no {what:?} in:\n{}", self.text);
        self
    }
}

impl Machine {
    pub fn new() -> Machine {
        let dir = tempfile::tempdir().unwrap();
        for sub in ["home", "root/repo", "root/log", "tmp"] {
            std::fs::create_dir_all(dir.path().join(sub)).unwrap();
        }
        Machine { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn state(&self) -> PathBuf {
        self.path("home/.local/state/conex")
    }

    /// The command, with the environment that a user has.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_conex"));
        command
            .arg("verify")
            .env_clear()
            .env("HOME", self.path("home"))
            .env("PATH", "/usr/bin:/bin")
            .current_dir(self.path("tmp"));
        command
    }

    /// What opam runs for a new tree: nothing before it that it knows of.
    pub fn full(&self, world: &World, name: &str) -> Command {
        let new = self.path(&format!("root/repo/{name}.new"));
        write(world, &new);
        self.full_at(world, name, &new)
    }

    /// The same, for a tree that lies there.
    pub fn full_at(&self, world: &World, name: &str, dir: &Path) -> Command {
        let mut command = self.command();
        command.args(trust(world));
        command.arg(join("--repo=", &self.path("root/repo").join(name)));
        command.arg(join("--dir=", dir));
        command.arg("--incremental=false");
        command
    }

    /// What opam runs for an update: it holds `old`, and applies `patch`.
    pub fn update(&self, old: &World, patch: &[u8], name: &str) -> Command {
        let repo = self.path("root/repo").join(name);
        write(old, &repo);
        self.update_at(old, patch, &repo)
    }

    /// The same, for a repository that lies there.
    pub fn update_at(&self, client: &World, patch: &[u8], repo: &Path) -> Command {
        let file = self.path("root/log/patch-1-abc");
        std::fs::write(&file, patch).unwrap();
        let mut command = self.command();
        command.args(trust(client));
        command.arg(join("--repo=", repo));
        command.arg(join("--patch=", &file));
        command.args(["--dir=", "--incremental=true"]);
        command
    }

    /// The one file that remembers.
    #[track_caller]
    pub fn memory(&self) -> PathBuf {
        let mut found = memories(&self.state());
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }
}

/// All files below `state` that remember.
pub fn memories(state: &Path) -> Vec<PathBuf> {
    snapshot(state)
        .into_keys()
        .filter(|path| path.starts_with("memory/"))
        .filter(|path| path.rsplit('/').next().is_some_and(|n| n.len() == 64))
        .map(|path| state.join(path))
        .collect()
}

fn join(option: &str, path: &Path) -> std::ffi::OsString {
    let mut text = std::ffi::OsString::from(option);
    text.push(path);
    text
}

/// Anchors, quorum and mode, as opam and its configuration give them.
pub fn trust(world: &World) -> Vec<String> {
    let mut keys: Vec<String> = world
        .anchors
        .iter()
        .map(|a| fingerprint(a).to_string())
        .collect();
    keys.extend(world.pin.map(|pin| format!("link={pin}")));
    let least =
        |word, revision: Revision| format!("{word}={}.{}", revision.epoch, revision.counter);
    keys.extend(world.least_snapshot.map(|r| least("snapshot", r)));
    keys.extend(world.least_claims.map(|r| least("claims", r)));
    if world.mode == Mode::Covered {
        keys.push("unsigned=covered".to_owned());
    }
    let mut args = vec![
        format!("--anchors={}", keys.join(",")),
        format!("--quorum={}", world.quorum),
    ];
    if world.mode == Mode::NoStrict {
        args.push("--nostrict".to_owned());
    }
    args
}

#[track_caller]
pub fn run(mut command: Command) -> Answer {
    Answer::of(&command.output().unwrap())
}

/// Makes `dir` hold exactly the tree of `world`, but for a `.git`.
pub fn write(world: &World, dir: &Path) {
    std::fs::create_dir_all(dir).unwrap();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|n| n == ".git") {
        } else if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else {
            std::fs::remove_file(path).unwrap();
        }
    }
    for (path, bytes) in &world.tree.files {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// The tree of `world` as opam 2.6 has it.
pub fn archive(world: &World) -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    for (path, bytes) in &world.tree.files {
        let mut header = tar::Header::new_ustar();
        header.set_size(u64::try_from(bytes.len()).unwrap());
        header.set_mode(0o640);
        tar.append_data(&mut header, path, &**bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// Everything at and below `dir`: kind, mode, owner, links, times and bytes.
pub fn snapshot(dir: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut todo = vec![dir.to_owned()];
    while let Some(path) = todo.pop() {
        let Ok(meta) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        let mut text = format!(
            "{:o} {} {} {} {}.{} {}.{}",
            meta.mode(),
            meta.uid(),
            meta.nlink(),
            meta.ino(),
            meta.mtime(),
            meta.mtime_nsec(),
            meta.ctime(),
            meta.ctime_nsec(),
        );
        if meta.is_dir() {
            for entry in std::fs::read_dir(&path).unwrap() {
                todo.push(entry.unwrap().path());
            }
        } else if meta.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let _ = write!(
                text,
                " {}",
                conex_verify::format::digest::Digest::of(&bytes)
            );
        }
        let name = path
            .strip_prefix(dir)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        all.insert(name, text);
    }
    all
}

/// The usual world, and one that follows: `fmt.1.0` signed again.
pub fn two() -> (World, World) {
    let old = World::usual();
    let mut new = old.clone();
    let entry = new.checksum("fmt.1.0", at(0, 2));
    new.says("bob", vec![entry]);
    (old, new)
}

/// The patch of GNU diff, as opam 2.0 to 2.3 make it.
pub fn gnu_patch(machine: &Machine, old: &World, new: &World, name: &str) -> Vec<u8> {
    let dir = machine.path("tmp/diff");
    write(old, &dir.join(name));
    write(new, &dir.join(format!("{name}.new")));
    let output = Command::new("diff")
        .args(["-ruaN", name, &format!("{name}.new")])
        .current_dir(&dir)
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    assert!(output.status.code() <= Some(1), "{output:?}");
    std::fs::remove_dir_all(dir).unwrap();
    output.stdout
}

/// The patch of git, as opam has it from a clone. Other than that of GNU diff it has empty
/// files.
pub fn git_patch(old: &World, new: &World) -> Vec<u8> {
    let dialect = Print::Git {
        context: 3,
        renames: false,
    };
    print(dialect, &files(&old.tree), &files(&new.tree))
}

/// Runs git in a clone, with settings of its own and none of the machine.
#[track_caller]
pub fn git(dir: &Path, settings: &[&str], args: &[&str]) -> Output {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=n", "-c", "user.email=e@example.org"]);
    for setting in settings {
        command.args(["-c", setting]);
    }
    let output = command
        .args(args)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .expect("git");
    assert!(output.status.success(), "git {args:?}: {output:?}");
    output
}

/// Commits the tree of `world` in the clone at `dir`, which is made if there is none.
pub fn commit(world: &World, dir: &Path) {
    std::fs::create_dir_all(dir).unwrap();
    git(dir, &[], &["init", "-q"]);
    write(world, dir);
    git(dir, &[], &["add", "."]);
    git(dir, &[], &["commit", "-q", "--allow-empty", "-m", "one"]);
}
