//! The patch reader against a real opam, whatever its version.
//!
//! `CONEX_OPAM=opam` names the program; without it this says that it did not
//! run. With opam 2.6, `OPAMREPOSITORYTARRING=1` makes the repository an archive.
//! `CONEX_CASES` is the number of updates.

// Tests read files and start programs; only the core may not.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::Command;

use crate::patch_support::oracle::{read, write};
use crate::patch_support::random::{self, Random};
use crate::patch_support::{Files, cases, files, seed, tree};
use conex_verify::workbench::patch::{PatchContext, Store, apply};

const HOOK: &str = r#"#!/bin/sh
for a in "$@"; do
  case $a in
    --patch=?*) cp "${a#--patch=}" "$W/patch" ;;
    --repo=*.tar.gz) echo archive >"$W/store" ;;
    --repo=*) echo directory >"$W/store" ;;
  esac
done
"#;

struct Opam {
    program: String,
    home: tempfile::TempDir,
}

impl Opam {
    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn run(&self, arguments: &[&str], hook: bool) -> (bool, String) {
        let mut command = Command::new(&self.program);
        command.args(arguments);
        for (name, value) in [("HOME", "home"), ("OPAMROOT", "root"), ("W", "")] {
            command.env(name, self.path(value));
        }
        for name in [
            "OPAMYES",
            "OPAMROOTISOK",
            "OPAMNODEPEXTS",
            "GIT_CONFIG_NOSYSTEM",
        ] {
            command.env(name, "1");
        }
        command
            .env("OPAMCOLOR", "never")
            .env_remove("POSIXLY_CORRECT");
        if hook {
            let hook = self.path("hook");
            let arguments = "--repo=%{repo}% --dir=%{dir}% --patch=%{patch}%";
            command.env(
                "OPAMVALIDATIONHOOK",
                format!("{} {arguments}", hook.display()),
            );
        }
        let output = command.output().expect("opam");
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    }

    /// What opam has of the repository `r`.
    fn state(&self) -> Files {
        let archive = self.path("root/repo/r.tar.gz");
        if !archive.is_file() {
            return without_git(read(&self.path("root/repo/r")));
        }
        let packed = fs::read(archive).unwrap();
        let mut files = Files::new();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&*packed));
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().to_string_lossy().into_owned();
            let path = path.trim_start_matches("./");
            let path = path.strip_prefix("r/").unwrap_or(path).to_owned();
            if entry.header().entry_type().is_file() {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).unwrap();
                files.insert(path, bytes);
            }
        }
        without_git(files)
    }
}

/// The tree without the clone's own files.
fn without_git(mut files: Files) -> Files {
    files.retain(|path, _| !path.starts_with(".git/"));
    files
}

/// The transports, and how opam is told the address.
const BACKENDS: [(&str, &str); 2] = [("local", "file://"), ("git", "git+file://")];

impl Opam {
    /// Makes the work tree `work`, and the git repository beside it, hold `files`.
    fn publish(&self, work: &str, files: &Files) {
        let mut files = files.clone();
        let opam = b"opam-version: \"2.0\"\n";
        files.insert("packages/k/k.1/opam".to_owned(), opam.to_vec());
        files.insert("repo".to_owned(), opam.to_vec());
        write(&self.path(work), &files);
        for arguments in [
            &["init", "-q"][..],
            &["add", "-A", "."],
            &[
                "-c",
                "user.name=t",
                "-c",
                "user.email=t@t",
                "commit",
                "-q",
                "--allow-empty",
                "-m",
                "t",
            ],
        ] {
            let mut git = Command::new("git");
            git.args(arguments)
                .current_dir(self.path(work))
                .env("HOME", self.path("home"));
            git.env("GIT_DIR", self.path("git"))
                .env("GIT_WORK_TREE", self.path(work));
            let output = git.output().expect("git");
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }

    fn start(program: &str, (backend, scheme): (&str, &str)) -> Opam {
        let opam = Opam {
            program: program.to_owned(),
            home: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(opam.path("home")).unwrap();
        opam.publish("empty", &Files::new());
        opam.publish("published", &Files::new());
        fs::write(opam.path("hook"), HOOK).unwrap();
        let mode = Command::new("chmod")
            .arg("+x")
            .arg(opam.path("hook"))
            .status();
        assert!(mode.unwrap().success());
        let empty = format!("file://{}", opam.path("empty").display());
        let folder = if backend == "git" { "git" } else { "published" };
        let url = format!("{scheme}{}", opam.path(folder).display());
        for (arguments, hook) in [
            (
                &[
                    "init",
                    "--bare",
                    "--disable-sandboxing",
                    "--no-setup",
                    "base",
                    &empty,
                ][..],
                false,
            ),
            (
                &[
                    "repository",
                    "add",
                    "r",
                    &url,
                    "1",
                    "sha256=aa",
                    "--set-default",
                ],
                true,
            ),
        ] {
            let (ready, said) = opam.run(arguments, hook);
            assert!(ready, "{said}");
        }
        opam
    }

    /// One update to `published`: what came of it.
    fn update(&self, seed: u64, published: &Files) -> String {
        self.publish("published", published);
        let _ = fs::remove_file(self.path("patch"));
        let before = self.state();
        let (_, said) = self.run(&["update", "r"], true);
        let after = self.state();
        let Ok(patch) = fs::read(self.path("patch")) else {
            return "no patch".to_owned();
        };
        let store = fs::read_to_string(self.path("store")).unwrap();
        let ctx = PatchContext {
            repo_name: "r",
            store: match store.trim() {
                "archive" => Store::Archive,
                _ => Store::Directory,
            },
            posixly_correct: false,
            clone: None,
        };
        match apply(&tree(&before), &patch, &ctx) {
            Ok(applied) => {
                let ours = files(&applied.tree);
                let shown = String::from_utf8_lossy(&patch);
                assert!(
                    ours == after,
                    "seed {seed}: opam differs\n{said}\n{shown}\n{:?}\n{:?}",
                    ours.keys(),
                    after.keys()
                );
                format!("applied {:?}", applied.dialect)
            }
            Err(error) if before == after => format!("refused {:?}, opam failed", error.kind()),
            Err(error) => format!("refused {:?}, opam did not", error.kind()),
        }
    }
}

#[test]
#[ignore = "needs an opam of which CONEX_OPAM says where it is"]
fn what_is_accepted_is_what_this_opam_does() {
    let program = std::env::var("CONEX_OPAM").expect("CONEX_OPAM names an opam");
    for backend in BACKENDS {
        let opam = Opam::start(&program, backend);
        let mut results = BTreeMap::<String, usize>::new();
        let mut published = Files::new();
        for n in 0..cases(20) {
            let seed = seed().wrapping_add(u64::try_from(n).unwrap());
            published = random::update(&mut Random(seed), &published, 12);
            *results.entry(opam.update(seed, &published)).or_default() += 1;
        }
        println!("{}: {results:?}", backend.0);
    }
}
