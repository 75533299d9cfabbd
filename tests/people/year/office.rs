//! Where people work: a forge, one clone that all of them use in turn, a home for each with a key,
//! the directory that is published, and a client.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::data::{self, Share};
use super::expected::Rights;
use crate::town::{CONEX, told};

/// The janitors; both must agree.
pub const JANITORS: [&str; 2] = ["ja", "jb"];

pub struct Office {
    dir: PathBuf,
    anchors: String,
    /// Seconds of processor time, by what was run.
    pub spent: RefCell<BTreeMap<String, f64>>,
}

/// Which lines of the table are claimed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// All that name somebody, with a key for everybody.
    All,
    /// The strong ones.
    Strong,
}

impl Office {
    /// An empty place.
    pub fn new(dir: &Path) -> Office {
        for part in ["people", "keys", "work", "www", "client/default"] {
            fs::create_dir_all(dir.join(part)).unwrap();
        }
        Office {
            dir: dir.to_owned(),
            anchors: String::new(),
            spent: RefCell::default(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Runs a program, as somebody, in the clone.
    pub fn run(&self, who: &str, program: &str, args: &[&str]) -> Output {
        let before = children();
        let output = Command::new(program)
            .args(args)
            .current_dir(self.path("work"))
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap())
            .env("HOME", &self.dir)
            .env("TMPDIR", &self.dir)
            .env("CONEX_HOME", self.path("people").join(who))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("LC_ALL", "C")
            .envs(["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"].map(|name| (name, who)))
            .envs(
                ["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"]
                    .map(|name| (name, "somebody@host.example")),
            )
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let what = match program == self.conex() {
            true => format!("conex {}", args[0]),
            false => program.to_owned(),
        };
        *self.spent.borrow_mut().entry(what).or_default() += children() - before;
        output
    }

    fn conex(&self) -> String {
        std::env::var("CONEX_BIN").unwrap_or_else(|_| CONEX.to_owned())
    }

    /// Somebody gives a command of the tool: its words, and names.
    pub fn tries(&self, who: &str, command: &str, names: &[&str]) -> Output {
        let words: Vec<&str> = command.split(' ').chain(names.iter().copied()).collect();
        let output = self.run(who, &self.conex(), &words);
        assert!(
            !told(&output).contains("panicked"),
            "{command}: {}",
            told(&output)
        );
        output
    }

    #[track_caller]
    pub fn says(&self, who: &str, command: &str, names: &[&str]) -> String {
        let output = self.tries(who, command, names);
        assert!(
            output.status.success(),
            "{who}: {command} {names:?}\n{}",
            told(&output)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn git(&self, words: &str, names: &[&str]) -> Output {
        let words: Vec<&str> = words.split(' ').chain(names.iter().copied()).collect();
        self.run("somebody", "git", &words)
    }

    /// The same, where it has to succeed; what it says.
    #[track_caller]
    pub fn git_ok(&self, words: &str, names: &[&str]) -> String {
        let output = self.git(words, names);
        assert!(
            output.status.success(),
            "git {words} {names:?}\n{}",
            told(&output)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    #[track_caller]
    pub fn commit(&self, message: &str) {
        self.git_ok("add -A", &[]);
        self.git_ok("commit -q --allow-empty -m", &[message]);
    }

    /// The state of the first day, whole, and the table of owners that comes of the history before.
    pub fn proposed(&self, year: &Path, lines: Lines) -> String {
        data::start(year, &self.path("work"));
        fs::write(self.path("history.tsv"), data::history(year)).unwrap();
        let table = self.says(
            "somebody",
            "bootstrap propose --history ../history.tsv",
            &[],
        );
        fs::write(self.path("owners"), table).unwrap();
        let table = self.says("somebody", "bootstrap teams ../owners", &[]);
        let claimed = |line: &str| {
            let names_somebody =
                line.starts_with("package\t") && line.split('\t').nth(2) != Some("-");
            match lines == Lines::All && names_somebody {
                true => line.replacen("\tweak\t", "\tstrong\t", 1),
                false => line.to_owned(),
            }
        };
        let table: Vec<String> = table.lines().map(claimed).collect();
        let table = table.join("\n") + "\n";
        fs::write(self.path("owners"), &table).unwrap();
        table
    }

    /// docs/bootstrap.md, from the packages of a share to what a quorum approved, merged and published.
    /// There are keys of those who own something of the share, and of these people.
    pub fn begin(&mut self, share: Share, rights: &Rights, people: &BTreeSet<String>) {
        data::keep(&self.path("work"), share);
        for janitor in JANITORS {
            self.key(janitor);
        }
        self.git_ok("init -q -b main", &[]);
        let janitor = |id: &str| {
            format!(
                "{id}={}",
                self.path(&format!("people/{id}/keys/{id}.pub")).display()
            )
        };
        let [ja, jb] = JANITORS.map(janitor);
        self.says(
            "ja",
            "init --name year --quorum 2 --yes",
            &["--janitor", &ja, "--janitor", &jb],
        );
        self.approved("approve --yes");
        self.commit("Start");
        let of_share = rights
            .owners
            .iter()
            .filter(|(package, _)| share.has(package));
        let owners: BTreeSet<&String> = of_share.flat_map(|(_, owners)| owners).collect();
        for id in rights
            .listed
            .iter()
            .filter(|id| owners.contains(id) || people.contains(*id))
        {
            self.key(id);
            let key = self.path(&format!("people/{id}/keys/{id}.pub"));
            fs::copy(key, self.path(&format!("keys/{id}.keys"))).unwrap();
        }
        self.says(
            "ja",
            "bootstrap ids ../owners --keys ../keys --asleep --yes",
            &[],
        );
        self.says("ja", "bootstrap claim ../owners --yes", &[]);
        self.approved("approve --held --yes");
        self.commit("Owners");
        self.says("ja", "claims --yes", &[]);
        self.approved("approve --yes");
        self.commit("Claims");
        self.anchors = self.says("ja", "anchors", &[]).trim().to_owned();
        self.git_ok("init -q --bare -b main ../forge.git", &[]);
        self.git_ok("remote add origin ../forge.git", &[]);
        self.git_ok("push -q origin main", &[]);
        // As a clone has it.
        self.git_ok("remote set-head origin main", &[]);
        self.published();
    }

    /// A key of somebody's own.
    pub fn key(&self, id: &str) {
        if !self.path("people").join(id).exists() {
            self.says(id, "key new --no-passphrase", &[id]);
        }
    }

    fn approved(&self, command: &str) {
        for janitor in JANITORS {
            self.says(janitor, command, &[]);
        }
    }

    /// What is merged is published, and a client takes it: at first as a whole, and then as a patch of
    /// what it has.
    pub fn published(&self) {
        self.says(
            "ja",
            "publish --to ../www --yes --anchors",
            &[&self.anchors],
        );
        let script = "cd ../client; cp -a ../www default.new; rm default.new/index.tar.gz
            diff -ruaN default default.new > patch || test $? = 1";
        assert!(
            self.run("somebody", "sh", &["-ec", script])
                .status
                .success()
        );
        let at = self.path("client");
        let (held, patch) = (at.join("default"), at.join("patch"));
        let (held, patch) = (held.to_str().unwrap(), patch.to_str().unwrap());
        let whole = self.path("www/index.tar.gz");
        let first = fs::read_dir(held).unwrap().next().is_none();
        let update = match first {
            true => ["--dir", whole.to_str().unwrap()],
            false => ["--patch", patch],
        };
        let command = "verify --quorum 2 --require-snapshot --state-dir ../client/state --repo";
        let more = ["--anchors", &self.anchors];
        self.says("somebody", command, &[&[held][..], &update, &more].concat());
        let script = "cd ../client; rm -r default; mv default.new default";
        assert!(
            self.run("somebody", "sh", &["-ec", script])
                .status
                .success()
        );
    }
}

/// Seconds of processor time of all children that ended, where the system says so.
fn children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields = after_name.split_whitespace().skip(13).take(2);
    fields
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}
