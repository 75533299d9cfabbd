//! A small town of people who work on one signed repository with real git and the real
//! program: each has a home and keys of their own, and nothing else in common but the
//! branches.
//!
//! Day one: the janitors `ja`, `jb`, `jc`, of whom two must agree; `alice` owns `fmt` and
//! `lwt`, `bob` owns `logs`, the team `web` (`alice`, `carol`) owns `cohttp`. The branch
//! `main` is what clients follow; everything in it is signed.

#![allow(clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use conex::plan::{MakeSnapshot, Plan, Unchanged, View, World, snapshot};
use conex::shell::keys::{PrivateFile, Signer as _};
use conex::shell::read::{Contents, read};
use conex_verify::format::digest::Digest;
use conex_verify::format::key::Namespace;
use conex_verify::format::name::Id;
use conex_verify::format::path::Place;
use conex_verify::format::resource::{Decode as _, Entry, Kind, ResourceId, SignedLink, Timestamp};
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Repository;
use tempfile::TempDir;

pub const CONEX: &str = env!("CARGO_BIN_EXE_conex");

/// Everybody who has a key on day one, or gets one later.
pub const PEOPLE: [&str; 9] = [
    "ja", "jb", "jc", "jd", "alice", "bob", "carol", "dave", "erin",
];

const DAY_ONE: &str = r#"
release() { mkdir -p packages/${1%%.*}/$1; printf 'opam-version: "2.0"\nsynopsis: "%s"\nmaintainer: "m"\nlicense: "ISC"\nhomepage: "h"\nbug-reports: "b"\n' "$1" > packages/${1%%.*}/$1/opam; }
for r in fmt.1.0 fmt.1.1 lwt.1.0 logs.1.0 cohttp.1.0; do release $r; done
printf 'opam-version: "2.0"\nbrowse: "https://town.example"\n' > repo
git init -q -b main .
by ja conex init --name town --snapshot optional --quorum 2 --janitor "ja=$KEYS/ja.pub" --janitor "jb=$KEYS/jb.pub" --janitor "jc=$KEYS/jc.pub"
for id in alice bob carol; do by $id conex join $id; done
by ja conex team add web alice carol
by ja conex owner add alice fmt lwt
by ja conex owner add bob logs
by ja conex owner add web cohttp
for id in alice bob; do by $id conex sign --yes; done
for id in ja jb jc; do by $id conex approve --yes; done
commit day-one
git tag day-one
"#;

/// Shell functions that stories use: `by WHO COMMAND…`, `commit MESSAGE`, `release NAME.VERSION`,
/// `edit NAME.VERSION TEXT` (the first line), `edit_end` (the last).
const PRELUDE: &str = r#"
by() { local who=$1; shift; CONEX_HOME="$PEOPLE/$who" "$@"; }
commit() { git add -A . && git commit -qm "${1:-change}"; }
release() { mkdir -p packages/${1%%.*}/$1; printf 'opam-version: "2.0"\nsynopsis: "%s"\nmaintainer: "m"\nlicense: "ISC"\nhomepage: "h"\nbug-reports: "b"\n' "$1" > packages/${1%%.*}/$1/opam; }
edit() { sed -i "s/^synopsis: .*/synopsis: \"$2\"/" packages/${1%%.*}/$1/opam; }
edit_end() { sed -i "s/^bug-reports: .*/bug-reports: \"$2\"/" packages/${1%%.*}/$1/opam; }
"#;

/// A copy of the town on day one.
pub struct Town {
    dir: TempDir,
    /// What was handed out on day one.
    pub anchors: String,
}

/// The town, made once for all tests of a process.
fn day_one() -> &'static Town {
    static MADE: OnceLock<Town> = OnceLock::new();
    MADE.get_or_init(|| {
        let mut town = Town {
            dir: tempfile::tempdir().unwrap(),
            anchors: String::new(),
        };
        for dir in ["people", "keys", "work", "trees"] {
            fs::create_dir(town.path(dir)).unwrap();
        }
        for who in PEOPLE {
            town.ok(&format!(
                "by {who} conex key new {who} --no-passphrase; cp $PEOPLE/{who}/keys/{who}.pub $KEYS/{who}.pub"
            ));
        }
        town.ok(DAY_ONE);
        town.anchors = town.ok("conex anchors").trim().to_owned();
        town
    })
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(status.unwrap().success());
}

pub fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

impl Town {
    pub fn new() -> Town {
        let first = day_one();
        let dir = tempfile::tempdir().unwrap();
        for part in ["people", "keys", "work", "trees"] {
            copy(&first.path(part), dir.path());
        }
        Town {
            dir,
            anchors: first.anchors.clone(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs a story in the work tree.
    pub fn run(&self, script: &str) -> Output {
        let bin = Path::new(CONEX).parent().unwrap().display();
        let path = std::env::var("PATH").unwrap();
        Command::new("bash")
            .args(["-euo", "pipefail", "-c"])
            .arg(format!("{PRELUDE}\n{script}"))
            .current_dir(self.path("work"))
            .env_clear()
            .env("PATH", format!("{bin}:{path}"))
            .env("HOME", self.dir.path())
            .env("TMPDIR", self.dir.path())
            .env("PEOPLE", self.path("people"))
            .env("KEYS", self.path("keys"))
            .env("ANCHORS", &self.anchors)
            .env("GIT_EDITOR", "true")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("LC_ALL", "C")
            .envs(["AUTHOR", "COMMITTER"].into_iter().flat_map(|who| {
                [
                    (format!("GIT_{who}_NAME"), "somebody"),
                    (format!("GIT_{who}_EMAIL"), "somebody@town.example"),
                ]
            }))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// A story that must succeed, and what it told.
    #[track_caller]
    pub fn ok(&self, script: &str) -> String {
        let output = self.run(script);
        let text = told(&output);
        assert!(output.status.success(), "{script}\n{text}");
        assert!(!text.contains("panicked"), "{script}\n{text}");
        text
    }

    /// A story that must fail, and say why.
    #[track_caller]
    pub fn fails(&self, script: &str, why: &str) -> String {
        let output = self.run(script);
        let text = told(&output);
        assert!(!output.status.success(), "{script}\n{text}");
        assert!(text.contains(why), "expected {why:?}\n{script}\n{text}");
        text
    }

    /// Signs for files of metadata as they are, as no honest tool does.
    pub fn forge(&self, who: &str, paths: &[&str]) {
        let work = self.path("work");
        let mut tree = Tree::default();
        for path in paths {
            let bytes = fs::read(work.join(path)).unwrap();
            tree.files
                .insert((*path).to_owned(), bytes.as_slice().into());
        }
        let repository = Repository::load(&tree);
        let entry = |path: &&str| {
            let resource = match Place::of(path).unwrap() {
                Place::Authorisation(name) => ResourceId::authorisation(&name),
                Place::Releases(name) => ResourceId::releases(&name),
                Place::Checksum(release) => ResourceId::checksum(&release),
                Place::IdFile(id) => ResourceId::id(Kind::Author, &id),
                other => panic!("{other:?}"),
            };
            let version = repository.version_of(&resource).unwrap();
            Entry { resource, version }
        };
        self.vouch(who, vec![paths.iter().map(entry).collect()]);
    }

    /// Signs anything, in a file for each list, as no honest tool does.
    pub fn vouch(&self, who: &str, files: Vec<Vec<Entry>>) {
        let work = self.path("work");
        let key = fs::read(self.path("people").join(format!("{who}/keys/{who}"))).unwrap();
        let key = PrivateFile::parse(&key).unwrap().unlock(None).unwrap();
        let link = fs::read(work.join("packages/.conex/janitors/0")).unwrap();
        let identity = Digest::of(&SignedLink::decode(&link).unwrap().signed_bytes());
        let created = Timestamp::new("2026-01-01T00:00:00Z").unwrap();
        for entries in files {
            let mut plan = Plan {
                entries: entries.into_iter().collect(),
                ..Plan::default()
            };
            for segment in plan.segments(identity, &Id::new(who).unwrap(), &created) {
                let signature = key.sign(Namespace::Index, &segment.signed_bytes()).unwrap();
                plan.add_segment(segment, key.public().fingerprint(), signature);
            }
            for (path, bytes) in &plan.writes {
                let path = work.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
        }
    }

    /// Signs the snapshot of the work tree as it is, which no honest tool does where clients refuse it.
    pub fn state(&self, who: &str) {
        let work = self.path("work");
        let key = fs::read(self.path("people").join(format!("{who}/keys/{who}"))).unwrap();
        let key = PrivateFile::parse(&key).unwrap().unlock(None).unwrap();
        let tree = read(&work, Contents::Judged).unwrap().tree;
        let repository = Repository::load(&tree);
        let world = World::look(&tree, &repository, View::Supported).unwrap();
        let request = MakeSnapshot {
            signer: Id::new(who).unwrap(),
            key: key.public().clone(),
            created: Timestamp::new("2026-01-01T00:00:00Z").unwrap(),
            unchanged: Unchanged::Renew,
        };
        let mut plan = snapshot(&world, repository.state.clone(), &request).unwrap();
        let bytes = plan.snapshot.as_ref().unwrap().signed_bytes();
        let signature = key.sign(Namespace::Snapshot, &bytes).unwrap();
        plan.add_snapshot_signature(key.public().fingerprint(), signature);
        for (path, bytes) in &plan.writes {
            fs::write(work.join(path), bytes).unwrap();
        }
    }

    /// The tree of a commit, in a directory of its own.
    pub fn tree(&self, rev: &str) -> PathBuf {
        let name = self.ok(&format!("git rev-parse '{rev}^{{tree}}'"));
        let dir = self.path("trees").join(name.trim());
        if !dir.exists() {
            fs::create_dir(&dir).unwrap();
            self.ok(&format!(
                "git archive {rev} | tar -x -C '{}'",
                dir.display()
            ));
        }
        dir
    }

    /// What a new client says, who has the anchors of day one.
    #[track_caller]
    pub fn accepted(&self, rev: &str) {
        let dir = self.tree(rev);
        let told = self.ok(&format!(
            "conex verify --dir '{}' --anchors \"$ANCHORS\" --quorum 2",
            dir.display()
        ));
        assert!(told.contains("accepted"), "{told}");
    }

    /// What clients say who hold the tree of one commit and get that of another: as a
    /// patch, and as a directory with a memory.
    #[track_caller]
    pub fn update_accepted(&self, old: &str, new: &str) {
        let (from, to) = (self.tree(old), self.tree(new));
        let (from, to) = (from.display(), to.display());
        self.ok(&format!(
            r#"state=$(mktemp -d); cd $state
            cp -r '{from}' default
            ln -s '{to}' default.new
            diff -ruaN default default.new > patch || true
            ask() {{ conex verify --repo $state/default "$@" --anchors "$ANCHORS" --quorum 2; }}
            ask --patch patch --no-state
            ask --dir '{from}' --state-dir $state
            ask --dir '{to}' --state-dir $state
            rm -r $state"#
        ));
    }

    /// A client with a memory.
    pub fn client(&self, name: &str) -> Client<'_> {
        let home = self.path(&format!("client-{name}"));
        fs::create_dir(&home).unwrap();
        Client { town: self, home }
    }

    /// How many signatures a tree has: of links, and of segments.
    pub fn signatures(&self, rev: &str) -> usize {
        let dir = self.tree(rev);
        let told = self.ok(&format!(
            "cd '{}/packages/.conex'; find index -name index | wc -l; cat janitors/* | grep -c '^  *\\[\"blake2b=' || true",
            dir.display()
        ));
        told.split_whitespace()
            .map(|n| n.parse::<usize>().unwrap())
            .sum()
    }
}

/// Somebody's opam: what it holds, and what its hook remembers.
pub struct Client<'t> {
    town: &'t Town,
    home: PathBuf,
}

impl Client<'_> {
    /// `opam update` to a commit, which must be accepted.
    #[track_caller]
    pub fn update(&self, rev: &str) {
        let (tree, home) = (self.town.tree(rev), self.home.display());
        let tree = tree.display();
        self.town.ok(&format!(
            r#"mkdir -p '{home}/default'
            conex verify --repo '{home}/default' --dir '{tree}' --anchors "$ANCHORS" --quorum 2 --state-dir '{home}'
            rm -r '{home}/default'; cp -r '{tree}' '{home}/default'"#
        ));
    }
}

impl Client<'_> {
    /// `opam update` to a commit, which must be refused, for this reason.
    #[track_caller]
    pub fn refuses(&self, rev: &str, why: &str) {
        let (tree, home) = (self.town.tree(rev), self.home.display());
        self.town.fails(
            &format!(
                "conex verify --repo '{home}/default' --dir '{}' --anchors \"$ANCHORS\" --quorum 2 --state-dir '{home}'",
                tree.display()
            ),
            why,
        );
    }
}

/// The sets of branches that were merged, by number: bit `i` is branch `i`.
pub type Merged = BTreeMap<u32, String>;
