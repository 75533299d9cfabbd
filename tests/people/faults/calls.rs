//! The stories of those who are killed, with an error at a system call instead.
//!
//! `CONEX_FAULTS` is the number of faults in each story, from the seed `CONEX_SEED` on, or `all`;
//! `CONEX_FAULT_STORIES` names the stories, with commas between, or is `all`.

use std::process::Output;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::killed::cases::{CASES, Case};
use crate::killed::run::{Told, Victim};
use crate::patch_support::random::Random;
use crate::patch_support::seed;
use crate::town::told as text;

/// Which calls give which errors. A short write is none that strace can make: a call whose result
/// it names is not done at all, and no kernel says of such a one that it wrote something.
pub const ERRORS: &[(&str, &[&str])] = &[
    ("openat", &["EMFILE", "EACCES", "EIO", "ENOMEM", "EINTR"]),
    ("read", &["EINTR", "EIO"]),
    ("pread64", &["EIO", "EINTR"]),
    ("getdents64", &["EIO", "ENOMEM"]),
    ("statx", &["EACCES", "EIO", "ENOMEM"]),
    ("newfstatat", &["EACCES", "EIO"]),
    ("write", &["ENOSPC", "EIO", "EINTR", "EDQUOT"]),
    ("writev", &["ENOSPC", "EIO"]),
    ("fsync", &["EIO", "ENOSPC", "EINTR"]),
    ("ftruncate", &["EIO", "EINTR"]),
    ("mkdir", &["ENOSPC", "EACCES", "EROFS"]),
    ("mkdirat", &["ENOSPC", "EACCES"]),
    ("rename", &["ENOSPC", "EACCES", "EIO"]),
    ("renameat", &["ENOSPC", "EACCES", "EIO"]),
    ("renameat2", &["ENOSPC", "EACCES", "EINVAL"]),
    ("unlink", &["EACCES", "EIO", "EROFS"]),
    ("unlinkat", &["EACCES", "EIO", "EROFS"]),
    ("rmdir", &["EACCES", "EIO"]),
    ("fchmod", &["EPERM", "EIO"]),
    ("linkat", &["ENOSPC", "EPERM"]),
    ("flock", &["ENOLCK", "EINTR", "EIO"]),
    ("fcntl", &["EINTR"]),
    ("clone3", &["EAGAIN", "ENOMEM"]),
    ("getrandom", &["EINTR", "ENOSYS"]),
    ("socket", &["EMFILE", "EACCES"]),
    ("pipe2", &["EMFILE"]),
];

/// One fault: the call, which time, and the error.
type Fault = (String, usize, &'static str);

/// All faults of a command, as the calls come that it makes.
pub fn faults(told: &Told<'_>) -> Vec<Fault> {
    let names: Vec<String> = ERRORS.iter().map(|(call, _)| format!("?{call}")).collect();
    let counted = told.calls(Victim::Conex, &names.join(","));
    let mut all = Vec::new();
    for (call, errors) in ERRORS {
        for n in 1..=counted.get(*call).copied().unwrap_or(0) {
            all.extend(errors.iter().map(|error| ((*call).to_owned(), n, *error)));
        }
    }
    all
}

/// So many of them, or all.
pub fn chosen(mut all: Vec<Fault>, few: usize, name: &str) -> Vec<Fault> {
    let count = match std::env::var("CONEX_FAULTS") {
        Ok(count) if count == "all" => all.len(),
        Ok(count) => count.parse().unwrap(),
        Err(_) => few,
    };
    let of_name: u64 = name.bytes().map(u64::from).sum();
    let mut random = Random(seed() << 16 | of_name);
    let mut some = Vec::new();
    while some.len() < count && !all.is_empty() {
        some.push(all.swap_remove(random.below(all.len())));
    }
    some
}

pub fn options((call, n, error): &Fault) -> String {
    format!("-o /dev/null -e trace={call} -e inject={call}:error={error}:when={n}")
}

/// Whether the loader of programs failed, before the first line of conex.
pub fn not_started(output: &Output) -> bool {
    let text = text(output);
    output.status.code() == Some(127) && text.contains("shared librar")
}

/// Whether the standard library panicked over a pipe: no kernel gives such an error.
fn is_of_a_pipe(output: &Output) -> bool {
    let text = text(output);
    let places = ["library/std/src/sys/process", "library/std/src/process.rs"];
    places.iter().any(|place| text.contains(place))
}

/// A documented exit status, a line that says why where it failed, and no panic.
pub fn is_told(at: &str, (call, ..): &Fault, output: &Output) {
    let text = text(output);
    let code = output.status.code();
    assert!(
        matches!(code, Some(0..=2)),
        "{at}: exit status {code:?}: {text}"
    );
    assert!(!text.contains("panicked"), "{at}: {text}");
    let words = ["error", "rejected", "refused", "warning"];
    let is_said = text
        .lines()
        .any(|line| words.iter().any(|word| line.contains(word)));
    assert!(
        // Whose standard error fails has the exit status alone.
        code == Some(0) || is_said || call.starts_with("write"),
        "{at}: exit status {code:?}, and no word: {text:?}"
    );
}

/// Gives a fault to the command of a story: it ends in a way that is told, and the next run finishes.
fn given(told: &Told<'_>, case: &Case, fault: &Fault) {
    let at = format!("{}: {fault:?}", case.name);
    let ran = told.traced(Victim::Conex, &options(fault));
    if not_started(&ran) || is_of_a_pipe(&ran) {
        return;
    }
    is_told(&at, fault, &ran);
    // What is told, or could not be removed, is for the next run.
    let is_left = text(&ran).contains("warning") || fault.0.starts_with("unlink");
    let is_whole = ran.status.success() && !is_left;
    if is_whole && case.again.is_none() {
        // A success is one: nothing has to be given again.
        let after = told.run(case.after);
        assert!(
            after.status.success(),
            "{at}: {}\nafter: {}",
            text(&ran),
            text(&after)
        );
    } else {
        let second = told.finished(&at, &ran);
        if std::env::var_os("CONEX_SHOW").is_some() {
            println!("--- {at}: {}again: {second}", text(&ran));
        }
    }
}

fn story(case: &Case, few: usize) -> usize {
    let told = Told::new(case);
    let some = chosen(faults(&told), few, case.name);
    for fault in &some {
        given(&told, case, fault);
    }
    some.len()
}

/// Threads and processes that cannot be made, one at a time (a limit on processes).
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn a_thread_that_cannot_be_made_is_told() {
    for case in ["sign", "snapshot"].map(named) {
        let told = Told::new(case);
        let is_one = |fault: &&Fault| fault.0 == "clone3" && fault.2 == "EAGAIN";
        let all = faults(&told);
        let made: Vec<&Fault> = all.iter().filter(is_one).collect();
        assert!(made.len() > 2, "{}: {made:?}", case.name);
        for fault in &made {
            given(&told, case, fault);
        }
        println!("{}: {} threads and processes", case.name, made.len());
    }
}

/// Stories that every run of the tests has.
const USUAL: [&str; 4] = ["sign", "key new", "verify", "snapshot"];

fn wanted() -> Vec<&'static Case> {
    let names = std::env::var("CONEX_FAULT_STORIES").unwrap_or_else(|_| USUAL.join(","));
    match names.as_str() {
        "all" => CASES.iter().collect(),
        names => names.split(',').map(named).collect(),
    }
}

fn named(name: &str) -> &'static Case {
    let found = CASES.iter().find(|case| case.name == name);
    found.unwrap_or_else(|| panic!("no story is called {name}"))
}

/// A few faults of some stories; `tests/long faults` gives more of all.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn a_command_that_a_fault_stopped_is_finished_by_the_next_run() {
    let (cases, next) = (wanted(), AtomicUsize::new(0));
    let failed = Mutex::new(Vec::new());
    let work = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            match std::panic::catch_unwind(|| story(case, 6)) {
                Ok(n) => println!("{}: {n} faults", case.name),
                Err(_) => failed.lock().unwrap().push(case.name),
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
