//! Runs each story once for each call, and kills the command there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::cases::{CASES, Case, USUAL, WORDS, WRITE_NOTHING};
use crate::town::{Town, told as text};

/// What changes something: files, and what people read.
const CALLS: &str = "mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,fchmod,fchmodat,link,linkat,write,writev,ftruncate";

/// What the dead leave that somebody could read: not what lies in git's own directory, where the
/// next run that writes sweeps it, and which nobody publishes.
const LEFT: &str = r#"find "$HOME" -path '*/.git/conex-new' -prune -o \
    \( -name '.conex-*' -o -name 'conex-new*' -o -name '*.lock.*' \) -print
for git in "$HOME/work/.git" "$HOME"/*-clone/.git; do
    if [ -d "$git" ]; then git --git-dir "$git" for-each-ref refs/conex-fetched; fi
done"#;

/// Who is killed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Victim {
    /// Conex itself; what it started goes on.
    Conex,
    /// Conex, or a program that it started, whichever comes to the call first.
    Any,
}

impl Victim {
    fn option(self) -> &'static str {
        match self {
            Victim::Conex => "-b execve",
            Victim::Any => "",
        }
    }
}

/// The parts of a town, and their copy.
fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(status.unwrap().success());
}

fn again(home: &Path, before: &Path) {
    for part in fs::read_dir(home).unwrap() {
        let part = part.unwrap().path();
        match part.is_dir() {
            true => fs::remove_dir_all(part).unwrap(),
            false => fs::remove_file(part).unwrap(),
        }
    }
    for part in fs::read_dir(before).unwrap() {
        let part = part.unwrap().path();
        copy(&part, &home.join(part.file_name().unwrap()));
    }
}

/// One story, as often as it is told.
pub struct Told<'c> {
    case: &'c Case,
    pub town: Town,
    home: PathBuf,
    /// What is there before, and somewhere else.
    pub kept: tempfile::TempDir,
}

impl Told<'_> {
    pub fn new(case: &Case) -> Told<'_> {
        let town = Town::new();
        town.ok(&format!("{WORDS}\n{}", case.before));
        let home = town.path("people").parent().unwrap().to_owned();
        let kept = tempfile::tempdir().unwrap();
        copy(&home, &kept.path().join("before"));
        Told {
            case,
            town,
            home,
            kept,
        }
    }

    pub fn run(&self, script: &str) -> Output {
        self.town.run(&format!("{WORDS}\n{script}"))
    }

    /// The command, as it is before, under `strace` with these options.
    pub fn traced(&self, victim: Victim, options: &str) -> Output {
        again(&self.home, &self.kept.path().join("before"));
        self.run(&format!(
            "conex() {{ strace -f {} -qqq {options} $(type -P conex) \"$@\"; }}
            {}",
            victim.option(),
            self.case.command
        ))
    }

    /// How often each call comes, in the thread or process that has most of them. strace counts
    /// each kind of call of each of them apart.
    pub fn calls(&self, victim: Victim, calls: &str) -> BTreeMap<String, usize> {
        let log = self.kept.path().join("calls");
        let told = self.traced(victim, &format!("-o {} -e trace={calls}", log.display()));
        assert!(told.status.success(), "{}: {}", self.case.name, text(&told));
        let mut each: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let log = fs::read_to_string(log).unwrap();
        for line in log.lines() {
            let Some((who, rest)) = line.split_once(' ') else {
                continue;
            };
            // A line that goes on with another is counted where it began.
            if let Some((call, _)) = rest.trim_start().split_once('(')
                && calls
                    .split(',')
                    .any(|known| known.trim_start_matches('?') == call)
            {
                *each.entry((who, call)).or_default() += 1;
            }
        }
        let mut most: BTreeMap<String, usize> = BTreeMap::new();
        for ((_, call), n) in each {
            let so_far = most.entry(call.to_owned()).or_default();
            *so_far = n.max(*so_far);
        }
        most
    }

    /// Kills at the n-th call of a kind, and has the same command given again.
    fn kill(&self, victim: Victim, call: &str, n: usize) {
        let options = format!("-o /dev/null -e trace={call} -e inject={call}:signal=KILL:when={n}");
        let killed = self.traced(victim, &options);
        let at = format!("{}: {victim:?} killed at {call} {n}", self.case.name);
        let second = self.finished(&at, &killed);
        if std::env::var_os("CONEX_SHOW").is_some() {
            println!("--- {at}: again: {second}");
        }
    }
}

impl Told<'_> {
    /// The same command, given again, finishes what `first` began. Gives what it says.
    pub fn finished(&self, at: &str, first: &Output) -> String {
        let case = self.case;
        let dead = self.run(case.dead);
        assert!(dead.status.success(), "{at}: left: {}", text(&dead));
        let second = text(&self.run(case.again.unwrap_or(case.command)));
        let after = self.run(case.after);
        assert!(
            after.status.success(),
            "{at}: {}\nagain: {second}\nafter: {}",
            text(first),
            text(&after)
        );
        for never in case.never {
            assert!(!second.contains(never), "{at}: again: {second}");
        }
        let left = self.town.ok(LEFT);
        assert!(left.is_empty(), "{at}: left {left}");
        second
    }
}

fn kill_everywhere(case: &Case, victim: Victim) {
    let told = Told::new(case);
    let calls = told.calls(victim, CALLS);
    let all: usize = calls.values().sum();
    assert!(all > 2, "{}: {calls:?}", case.name);
    for (call, n) in &calls {
        for n in 1..=*n {
            told.kill(victim, call, n);
        }
    }
    println!("{}: {victim:?} killed at each of {all} calls", case.name);
}

/// The cases that `CONEX_KILLS` names: `all`, or names with commas between; the usual ones
/// without it.
fn wanted() -> Vec<&'static Case> {
    let names = match std::env::var("CONEX_KILLS") {
        Err(_) => return CASES.iter().take(USUAL).collect(),
        Ok(names) if names == "all" => return CASES.iter().collect(),
        Ok(names) => names,
    };
    let named = |case: &&Case| names.split(',').any(|name| name == case.name);
    let found: Vec<&Case> = CASES.iter().filter(named).collect();
    let asked = names.split(',').count();
    assert_eq!(found.len(), asked, "CONEX_KILLS={names}: no such case");
    found
}

/// A few verbs, or all of them with `CONEX_KILLS=all`.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn a_killed_command_is_finished_by_the_next_run() {
    let cases = wanted();
    let asked = std::env::var_os("CONEX_KILLS").is_some();
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    let work = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let killed = std::panic::catch_unwind(|| {
                kill_everywhere(case, Victim::Conex);
                if case.children && asked {
                    kill_everywhere(case, Victim::Any);
                }
            });
            if killed.is_err() {
                failed.lock().unwrap().push(case.name);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    // Why, each has said.
    assert_eq!(failed.into_inner().unwrap(), [""; 0]);
}

/// The verbs of the command line, those below another with it.
fn verbs() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for verb in conex::shell::cli::command_line().get_subcommands() {
        let below: Vec<_> = verb.get_subcommands().collect();
        match below.as_slice() {
            [] => drop(found.insert(verb.get_name().to_owned())),
            below => found.extend(
                below
                    .iter()
                    .map(|sub| format!("{} {}", verb.get_name(), sub.get_name())),
            ),
        }
    }
    found
}

/// A new verb gets a case here, or says that it writes nothing.
#[test]
fn every_verb_that_writes_is_killed() {
    let verb = |case: &Case| match case.name.split_once(" --") {
        Some((verb, _)) => verb.to_owned(),
        None => case.name.to_owned(),
    };
    let killed: BTreeSet<String> = CASES.iter().map(verb).collect();
    let nothing: BTreeSet<String> = WRITE_NOTHING.iter().map(|v| (*v).to_owned()).collect();
    let both: Vec<&String> = killed.intersection(&nothing).collect();
    assert!(
        both.is_empty(),
        "killed, and said to write nothing: {both:?}"
    );
    let told: BTreeSet<String> = killed.union(&nothing).cloned().collect();
    assert_eq!(told, verbs());
    let names: BTreeSet<&str> = CASES.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), CASES.len(), "two cases of one name");
}
