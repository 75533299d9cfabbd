//! A git repository with branches, and `conex check` in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::world::World;

pub const CONEX: &str = env!("CARGO_BIN_EXE_conex");

/// A repository with a work tree, and a home in which nobody has configured anything.
pub struct Forge {
    home: tempfile::TempDir,
}

impl Forge {
    /// With `world` on the branch `main`.
    pub fn new(world: &World) -> Forge {
        let forge = Forge {
            home: tempfile::tempdir().unwrap(),
        };
        std::fs::create_dir(forge.dir()).unwrap();
        forge.git(&["init", "-q", "-b", "main", "."]);
        forge.write(world);
        forge.git(&["add", "-A", "."]);
        forge.git(&["commit", "-q", "-m", "start"]);
        forge
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn dir(&self) -> PathBuf {
        self.home.path().join("r")
    }

    /// A command in the repository, with nothing of this process's environment but PATH.
    pub fn command(&self, program: &str) -> Command {
        let bin = Path::new(CONEX).parent().unwrap().display();
        let mut command = Command::new(program);
        command
            .current_dir(self.dir())
            .env_clear()
            .env("PATH", format!("{bin}:{}", std::env::var("PATH").unwrap()))
            .env("HOME", self.home())
            .env("TMPDIR", self.home())
            .stdin(Stdio::null());
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "somebody")
                .env(format!("GIT_{who}_EMAIL"), "somebody@example.org");
        }
        command
    }

    #[track_caller]
    pub fn git(&self, args: &[&str]) -> String {
        let output = self.command("git").args(args).output().unwrap();
        assert!(output.status.success(), "git {args:?}\n{}", told(&output));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    #[track_caller]
    pub fn sh(&self, script: &str) -> String {
        let output = self
            .command("bash")
            .args(["-euc", script])
            .output()
            .unwrap();
        assert!(output.status.success(), "{script}\n{}", told(&output));
        told(&output)
    }

    /// Makes the work tree that of `world`.
    fn write(&self, world: &World) {
        for entry in std::fs::read_dir(self.dir()).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with(".git") {
                continue;
            }
            if path.is_dir() {
                std::fs::remove_dir_all(path).unwrap();
            } else {
                std::fs::remove_file(path).unwrap();
            }
        }
        for (path, bytes) in &world.tree.files {
            let file = self.dir().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, bytes).unwrap();
        }
    }

    /// A commit on `branch`, which begins at `from` if it is new, with the files of `world`.
    pub fn branch(&self, branch: &str, from: &str, world: &World) {
        let name = format!("refs/heads/{branch}");
        let known = self
            .command("git")
            .args(["rev-parse", "-q", "--verify", &name])
            .output()
            .unwrap();
        if known.status.success() {
            self.git(&["checkout", "-q", branch]);
        } else {
            self.git(&["checkout", "-q", "-b", branch, from]);
        }
        self.write(world);
        self.git(&["add", "-A", "-f", "."]);
        self.git(&["commit", "-q", "--allow-empty", "-m", branch]);
    }

    /// Merges `branch` into main, as a forge does.
    pub fn merge(&self, branch: &str) {
        self.git(&["checkout", "-q", "main"]);
        self.git(&["merge", "-q", "--no-ff", "-m", "merge", branch]);
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(CONEX)
            .arg("check")
            .args(args)
            .output()
            .unwrap()
    }

    /// The result of a check that lets packages of nobody through, which must come to one.
    #[track_caller]
    pub fn check(&self, range: &str) -> Checked {
        self.check_with(&["--nostrict", range])
    }

    #[track_caller]
    pub fn check_with(&self, args: &[&str]) -> Checked {
        let mut all = vec!["--format=json"];
        all.extend(args);
        let output = self.run(&all);
        let json = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("{args:?}: {e}\n{}", told(&output)));
        let checked = Checked {
            json,
            status: output.status.code().unwrap(),
        };
        self.as_a_client(&checked, args);
        checked
    }

    /// Another opinion: a client that holds the published branch, and is served what was
    /// merged. It has to say the same, as far as it can.
    #[track_caller]
    fn as_a_client(&self, checked: &Checked, args: &[&str]) {
        let field = |name: &str| checked.summary(name).as_str().map(str::to_owned);
        if field("trust").as_deref() != Some("base") || args.contains(&"--complete") {
            return;
        }
        let Some(merged) = field("merged_tree") else {
            return;
        };
        let commit = |side: &str| checked.summary(side)["commit"].as_str().unwrap();
        let errors = checked.errors();
        // A client takes a later link's word for the earlier ones.
        if errors
            .iter()
            .any(|(code, path, _)| *code == "E092" && path.starts_with("packages/.conex/janitors/"))
        {
            return;
        }
        let strict = if checked.summary("strict").as_bool() == Some(true) {
            ""
        } else {
            "--nostrict"
        };
        // Attributes and submodules are not seen in a directory, and clients look at the
        // snapshot.
        let script = format!(
            "export GIT_NO_REPLACE_OBJECTS=1
             work=$(mktemp -d) && trap 'rm -rf $work' EXIT && mkdir $work/base $work/merged
             git clone -q --mirror --shared . $work/git
             tree=$(git -C $work/git merge-tree --write-tree {base} {head})
             test $tree = {merged} || {{ echo another tree: $tree; exit 3; }}
             export_to() {{
               if git -C $work/git ls-tree -r $1 | grep -E '^160000|\t\\.gitattributes$|/\\.conex/snapshot$'; then exit 77; fi
               git -C $work/git archive $1 | tar xf - -C $work/$2
             }}
             export_to {base} base
             export_to $tree merged
             quorum=$(grep -h ^quorum: $work/base/packages/.conex/janitors/* | tail -1 | tr -dc 0-9)
             conex verify --repo $work/base --dir $work/merged --no-state {strict} --all \\
               --anchors $(conex -C $work/base anchors --no-link) --quorum $quorum",
            base = commit("base"),
            head = commit("head"),
        );
        let output = self
            .command("bash")
            .args(["-euc", &script])
            .output()
            .unwrap();
        if output.status.code() == Some(77) {
            return;
        }
        assert!(
            matches!(output.status.code(), Some(0 | 1)),
            "{}",
            told(&output)
        );
        // What only `check` asks: C14 and C15.
        let only_here = |(code, path, _): &(&str, &str, bool)| {
            *code == "E073" || (*code == "E004" && *path == "packages")
        };
        assert_eq!(
            output.status.success(),
            errors.iter().all(only_here),
            "a client says otherwise:\n{}\n{}",
            told(&output),
            checked.json
        );
    }

    /// Nothing is decided: exit status 2, and a message.
    #[track_caller]
    pub fn undecided(&self, args: &[&str], why: &str) {
        let output = self.run(args);
        let text = told(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(why), "{why:?} is not in\n{text}");
    }
}

pub fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

/// What a check said.
pub struct Checked {
    pub json: Value,
    pub status: i32,
}

impl Checked {
    pub fn summary(&self, field: &str) -> &Value {
        &self.json["summary"][field]
    }

    fn errors(&self) -> BTreeSet<(&str, &str, bool)> {
        let findings = self.json["findings"].as_array().unwrap();
        findings
            .iter()
            .filter(|f| f["severity"] == "error")
            .map(|f| {
                let text = |name: &str| f[name].as_str().unwrap();
                (text("code"), text("path"), f["in_base"].as_bool().unwrap())
            })
            .collect()
    }

    /// It can be merged, and nothing waits.
    #[track_caller]
    pub fn is_good(&self) -> &Checked {
        self.is_mergeable();
        assert_eq!(self.summary("complete"), true, "{}", self.json);
        assert_eq!(self.summary("todo"), &serde_json::json!([]));
        self
    }

    #[track_caller]
    pub fn is_mergeable(&self) -> &Checked {
        assert_eq!(self.status, 0, "{}", self.json);
        assert_eq!(self.summary("verdict"), "mergeable", "{}", self.json);
        assert_eq!(self.errors(), BTreeSet::new());
        self
    }

    /// It cannot be merged, because of exactly these errors: code, and path.
    #[track_caller]
    pub fn is_refused(&self, errors: &[(&str, &str)]) -> &Checked {
        assert_eq!(self.status, 1, "{}", self.json);
        assert_eq!(self.summary("verdict"), "refused");
        let found: BTreeSet<(&str, &str)> = self
            .errors()
            .into_iter()
            .filter(|(.., in_base)| !in_base)
            .map(|(code, path, _)| (code, path))
            .collect();
        assert_eq!(found, errors.iter().copied().collect(), "{}", self.json);
        self
    }

    /// The errors that the published branch has already.
    #[track_caller]
    pub fn has_before(&self, errors: &[(&str, &str)]) -> &Checked {
        let found: BTreeSet<(&str, &str)> = self
            .errors()
            .into_iter()
            .filter(|(.., in_base)| *in_base)
            .map(|(code, path, _)| (code, path))
            .collect();
        assert_eq!(found, errors.iter().copied().collect(), "{}", self.json);
        self
    }

    /// The tasks: deed, owners or those of whom each must, how many of whom.
    pub fn tasks(&self) -> Vec<String> {
        let tasks = self.summary("todo").as_array().unwrap();
        let words = |value: &Value| -> String {
            let ids = value.as_array().unwrap().iter();
            ids.map(|id| id.as_str().unwrap())
                .collect::<Vec<_>>()
                .join(" ")
        };
        tasks
            .iter()
            .map(|task| {
                let items = task["items"].as_array().unwrap().iter();
                let items: Vec<String> = items
                    .map(|i| format!("{} {}", i["type"], i["name"]).replace('"', ""))
                    .collect();
                format!(
                    "{} [{}{}] {} of [{}]: {}",
                    task["deed"].as_str().unwrap(),
                    words(&task["each"]),
                    words(&task["owners"]),
                    task["missing"],
                    words(&task["of"]),
                    items.join(", ")
                )
            })
            .collect()
    }
}
