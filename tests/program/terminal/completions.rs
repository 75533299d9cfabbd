//! What a shell completes behind `conex`: names that are in reach, and nothing that acts.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::machine::{CONEX, Machine, err, oracle, out};
use crate::terminal::pty::spawn;

/// What a shell is told of these words, the last of which is to be completed.
fn told(machine: &Machine, shell: &str, words: &[&str]) -> String {
    let mut args = vec!["completions", shell, "--", "conex"];
    args.extend(words);
    let output = machine.ok(&args);
    assert_eq!(err(&output), "", "{words:?}");
    out(&output)
}

/// The values that bash is told.
fn values(machine: &Machine, words: &[&str]) -> Vec<String> {
    let said = told(machine, "bash", words);
    let mut lines = said.lines();
    match lines.next() {
        None => Vec::new(),
        Some("values") => lines.map(str::to_owned).collect(),
        Some(other) => vec![format!("({other})")],
    }
}

pub fn git(machine: &Machine, args: &[&str]) {
    let mut command = Command::new("git");
    machine.adapt(&mut command);
    // Of a day long ago: what is said of its age is the same a second later.
    command.env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z");
    command.env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z");
    let settings = ["-c", "user.name=ann", "-c", "user.email=ann@host.example"];
    let output = command.args(settings).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", err(&output));
}

/// A clone with a janitor `ann`, an author `albert`, and branches; the remote is nowhere.
fn clone() -> Machine {
    let machine = Machine::new().with_janitor();
    machine.ok(&["key", "new", "albert", "--no-passphrase"]);
    machine.ok(&["join", "albert", "--as", "albert", "--yes"]);
    git(&machine, &["init", "-q", "-b", "main"]);
    git(&machine, &["add", "-A"]);
    git(&machine, &["commit", "-q", "-m", "all"]);
    git(&machine, &["branch", "logs-1"]);
    git(&machine, &["remote", "add", "origin", "/nowhere/at/all"]);
    git(
        &machine,
        &["update-ref", "refs/remotes/origin/main", "main"],
    );
    git(
        &machine,
        &["update-ref", "refs/remotes/origin/join", "main"],
    );
    machine
}

/// User story: an author and a janitor type the start of a name.
#[test]
fn each_argument_completes_with_what_there_is_of_it() {
    let machine = clone();
    let of = |words: &[&str]| values(&machine, words);
    assert_eq!(of(&["sign", "f"]), ["fmt"]);
    assert_eq!(of(&["sign", ""]), ["astring", "fmt", "logs", "lwt"]);
    assert_eq!(of(&["sign", "fmt", "l"]), ["logs", "lwt"]);
    assert_eq!(of(&["approve", "fmt."]), ["fmt.0.10.0", "fmt.0.9.0"]);
    assert_eq!(of(&["supersede", "checksum", ":", "f"]), ["fmt."]);
    // `sign` takes no release.
    assert_eq!(of(&["sign", "fmt."]), [""; 0]);
    assert_eq!(of(&["status", "a"]), ["albert", "ann", "astring"]);
    assert_eq!(of(&["todo", "al"]), ["albert"]);
    assert_eq!(of(&["decline", "l"]), ["link", "logs", "lwt"]);
    assert_eq!(of(&["approve", "--as", "a"]), ["albert", "ann"]);
    assert_eq!(of(&["approve", "--as", "=", "al"]), ["albert"]);
    assert_eq!(of(&["owner", "add", "al"]), ["albert"]);
    assert_eq!(of(&["owner", "add", "albert", "lo"]), ["logs"]);
    assert_eq!(of(&["janitor", "remove", "a"]), ["ann"]);
    assert_eq!(of(&["key", "show", ""]), ["albert", "ann"]);
    assert_eq!(
        of(&["approve", "--branch", ""]),
        ["origin/join", "origin/main"]
    );
    assert_eq!(of(&["approve", "--pull", "7", "--to", ""]), ["origin"]);
    assert_eq!(of(&["check", "m"]), ["main.."]);
    assert_eq!(of(&["check", "main..l"]), ["main..logs-1"]);
    assert_eq!(of(&["explain", "E02"]).len(), 10);
    assert_eq!(of(&["status", "--format", ""]), ["human", "json"]);
    assert_eq!(of(&["sig"]), ["sign", "signature"]);
    assert_eq!(of(&["sign", "--dr"]), ["--dry-run"]);
    assert_eq!(of(&["sign", "--detached", ""]), ["(directories)"]);
    assert_eq!(of(&["sign", "--passphrase-file", "x"]), ["(files)"]);
    let own = out(&machine.ok(&["key", "show", "ann", "--fingerprint"]));
    assert_eq!(of(&["revoke", "nobody", "--key", ""]), [""; 0]);
    assert!(of(&["approve", "--key", ""]).contains(&own.trim().to_owned()));
    let albert = out(&machine.ok(&["key", "show", "albert", "--fingerprint"]));
    assert_eq!(of(&["revoke", "albert", "--key", ""]), [albert.trim()]);
}

/// User story: a user of opam types `conex enable d<TAB>`.
#[test]
fn the_repositories_of_opam_are_named() {
    let machine = Machine::new();
    let root = machine.path("home/.opam");
    fs::create_dir_all(root.join("repo")).unwrap();
    fs::write(root.join("config"), "opam-version: \"2.0\"\n").unwrap();
    let entry = "repositories: [ \"default\" {\"https://host.example/r\"} \"$(id)\" {\"x\"} ]\n";
    fs::write(root.join("repo/repos-config"), entry).unwrap();
    let elsewhere = machine.path("other");
    fs::rename(&root, &elsewhere).unwrap();
    let of = |words: &[&str]| values(&machine, words);
    assert_eq!(of(&["disable", "d"]), [""; 0]);
    let root = elsewhere.to_str().unwrap();
    assert_eq!(of(&["enable", "--root", root, "d"]), ["default"]);
    assert!(!of(&["enable", "--root", root, ""]).concat().contains("id"));
}

/// User story: somebody works in a directory below the top, or names the repository.
#[test]
fn names_come_from_the_repository_that_is_meant() {
    let machine = Machine::new();
    let top = machine.path("repo");
    let ask = |dir: &Path, words: &[&str]| {
        let mut command = Command::new(CONEX);
        machine.adapt(&mut command);
        command
            .current_dir(dir)
            .args(["completions", "bash", "--", "conex"]);
        out(&command.args(words).output().unwrap())
    };
    assert_eq!(
        ask(&top.join("packages/fmt"), &["sign", "f"]),
        "values\nfmt\n"
    );
    let home = machine.path("home");
    assert_eq!(ask(&home, &["sign", "f"]), "");
    assert_eq!(ask(&home, &["-C", "../repo", "sign", "f"]), "values\nfmt\n");
    assert_eq!(
        ask(&home, &["sign", "--directory", "=", "../repo", "f"]),
        "values\nfmt\n"
    );
    fs::rename(&top, machine.path("home/my repo")).unwrap();
    assert_eq!(
        ask(&home, &["-C", "~/my\\ repo", "sign", "f"]),
        "values\nfmt\n"
    );
    assert_eq!(
        ask(&home, &["-C", "'my repo'", "sign", "f"]),
        "values\nfmt\n"
    );
    // What a shell would run is not run.
    let run = format!("$(touch {})", machine.path("ran").display());
    assert_eq!(ask(&home, &["-C", &run, "sign", "f"]), "");
    assert!(!machine.path("ran").exists());
}

/// The attack: a repository has names that a shell runs or a terminal obeys.
#[test]
fn no_name_acts() {
    let machine = clone();
    let packages = machine.path("repo/packages");
    for name in [
        "f$(id)", "f`id`", "f;id", "f id", "f\x1b[2J", "f\nid", "f'x", "f*", "~f", "-f", "é",
    ] {
        fs::create_dir(packages.join(name)).unwrap();
        fs::write(packages.join(".conex/ids").join(name), "x").unwrap();
        // Behind a dot, these two are versions as any other.
        if !["-f", "~f"].contains(&name) {
            fs::create_dir(packages.join("fmt").join(format!("fmt.{name}"))).unwrap();
        }
    }
    for branch in [
        "f$(id)", "f`id`", "f;id", "f|id", "f'x", "f&id", "f{a,b}", "f!1",
    ] {
        let local = format!("refs/heads/{branch}");
        let remote = format!("refs/remotes/origin/{branch}");
        git(&machine, &["update-ref", &local, "main"]);
        git(&machine, &["update-ref", &remote, "main"]);
    }
    std::os::unix::fs::symlink("/etc", packages.join("fetc")).unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let of = |words: &[&str]| told(&machine, shell, words);
        assert_eq!(of(&["sign", "f"]), "values\nfmt\n");
        assert_eq!(of(&["status", "f"]), "values\nfmt\n");
        assert_eq!(of(&["approve", "fmt."]), "values\nfmt.0.10.0\nfmt.0.9.0\n");
        assert_eq!(of(&["anchors", "--published", "f"]), "");
        let remote = of(&["approve", "--branch", "origin/"]);
        assert_eq!(remote, "values\norigin/join\norigin/main\n");
    }
}

/// Completion writes nothing, and waits for nobody: a pipe stands where a file should.
#[test]
fn completion_leaves_everything_as_it_is() {
    let machine = clone();
    let links = machine.path("repo/packages/.conex/janitors");
    let made = Command::new("mkfifo")
        .arg(links.join("7"))
        .status()
        .unwrap();
    assert!(made.success());
    // What is not a file is no link.
    let before = (
        machine.files("home"),
        machine.files("conex"),
        times(&machine),
    );
    for words in [
        &["sign", "f"][..],
        &["janitor", "remove", ""],
        &["approve", "--branch", "o"],
        &["rotate", "--retire", ""],
        &["approve", "--key", ""],
        &["enable", ""],
        &[""],
    ] {
        told(&machine, "zsh", words);
    }
    assert_eq!(values(&machine, &["janitor", "remove", "a"]), ["ann"]);
    assert_eq!(
        before,
        (
            machine.files("home"),
            machine.files("conex"),
            times(&machine)
        )
    );
    assert!(!machine.path("home/.local").exists());
}

/// The files of the repository, git's own among them, and when each was written.
fn times(machine: &Machine) -> Vec<(String, std::time::SystemTime)> {
    fn walk(dir: &Path, all: &mut Vec<(String, std::time::SystemTime)>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let meta = path.symlink_metadata().unwrap();
            all.push((path.display().to_string(), meta.modified().unwrap()));
            if meta.is_dir() {
                walk(&path, all);
            }
        }
    }
    let mut all = Vec::new();
    walk(&machine.path("repo"), &mut all);
    all.sort();
    all
}

/// A repository of 4,500 packages: the program of the tests is not optimised, and the machine is
/// busy, so that the bound is far above what a person notices with a release.
#[test]
fn many_packages_are_listed_at_once() {
    let machine = Machine::new();
    for n in 0..4500 {
        fs::create_dir(machine.path(&format!("repo/packages/p{n}"))).unwrap();
    }
    let fastest = (0..5).map(|_| {
        let start = Instant::now();
        assert_eq!(values(&machine, &["sign", "p"]).len(), 4500);
        start.elapsed()
    });
    let fastest = fastest.min().unwrap();
    assert!(fastest < Duration::from_millis(500), "{fastest:?}");
}

/// What the shell is to find: `conex`, by its name.
pub fn with_path(command: &mut Command) {
    let dir = Path::new(CONEX).parent().unwrap().display().to_string();
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{dir}:{path}"));
}

fn script(machine: &Machine, shell: &str, file: &str) -> String {
    let file = machine.path(file);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, out(&machine.ok(&["completions", shell]))).unwrap();
    file.display().to_string()
}

/// User story: `conex sign f<TAB>`, in a real bash on a real terminal.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn bash_completes_names() {
    if !oracle("bash") {
        return;
    }
    let machine = clone();
    let file = script(&machine, "bash", "conex.bash");
    fs::create_dir(machine.path("repo/my dir")).unwrap();
    let mut session = spawn("bash", &["--norc", "--noprofile", "-i"], |command| {
        machine.adapt(command);
        with_path(command);
        command.env("PS1", "ready> ").env("HISTFILE", "/dev/null");
    });
    session.expect("ready> ");
    session.send(format!("source {file}\n")).expect("ready> ");
    // Each is followed by a blank, where bash knows that it is whole.
    for (typed, shown) in [
        ("conex sign f", "mt "),
        ("conex status --as al", "bert "),
        ("conex status --as=al", "bert "),
        ("conex approve fmt.0.9", ".0 "),
        ("conex approve --branch origin/j", "oin "),
        ("conex check ma", "in.."),
        ("conex supersede checksum:fmt.0.9", ".0 "),
        ("conex key show al", "bert "),
        ("conex man my", "\\ dir/"),
        ("conex -C \"../repo\" sign lo", "gs "),
    ] {
        session.send(format!("\x15{typed}\t"));
        session.expect(typed).expect(shown);
    }
    session.send("\x15exit\n");
    session.end();
}

/// The same by bash's own function, for all candidates, and without a word on standard error.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn bash_is_given_all_candidates_and_no_message() {
    if !oracle("bash") {
        return;
    }
    let machine = clone();
    let file = script(&machine, "bash", "conex.bash");
    let ask = format!(
        "set -u; source {file}; COMP_WORDS=(conex sign ''); COMP_CWORD=2; _conex conex '' sign; \
         echo \"${{COMPREPLY[@]}}\"; COMP_WORDS=(conex nothing x); _conex conex x nothing; \
         echo \"${{#COMPREPLY[@]}}\""
    );
    let mut command = Command::new("bash");
    machine.adapt(&mut command);
    with_path(&mut command);
    command.args(["--norc", "--noprofile", "-c", &ask]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert_eq!(out(&output), "astring fmt logs lwt\n0\n");
    assert_eq!(err(&output), "");
}

#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn zsh_completes_names() {
    if !oracle("zsh") {
        return;
    }
    let machine = clone();
    script(&machine, "zsh", "zsh/_conex");
    fs::create_dir(machine.path("repo/my dir")).unwrap();
    let mut session = spawn("zsh", &["-f", "-i"], |command| {
        machine.adapt(command);
        with_path(command);
        command.env("PS1", "ready> ").env("TERM", "dumb");
    });
    session.expect("ready> ");
    let dir = machine.path("zsh").display().to_string();
    session
        .send(format!("fpath=({dir} $fpath)\n"))
        .expect("ready> ");
    session.send("autoload -U compinit; compinit -u -D && echo load''ed\n");
    session.expect("loaded").expect("ready> ");
    for (typed, shown) in [
        ("conex sign f", "mt "),
        ("conex status --as al", "bert "),
        ("conex status --as=al", "bert "),
        ("conex approve fmt.0.9", ".0 "),
        ("conex approve --branch origin/j", "oin "),
        ("conex supersede checksum:fmt.0.9", ".0 "),
        ("conex man my", "\\ dir/"),
        ("conex -C \"../repo\" sign lo", "gs "),
    ] {
        session.send(format!("\x15{typed}\t"));
        session.expect(typed).expect(shown);
    }
    session.send("\x15exit\n");
    session.end();
}

#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn fish_completes_names() {
    if !oracle("fish") {
        return;
    }
    let machine = clone();
    let file = script(&machine, "fish", "conex.fish");
    fs::create_dir(machine.path("repo/my dir")).unwrap();
    let ask = |typed: &str| {
        let mut command = Command::new("fish");
        machine.adapt(&mut command);
        with_path(&mut command);
        let ask = format!("source {file}; complete -C '{typed}'");
        command.args(["--no-config", "-c", &ask]);
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert_eq!(err(&output), "", "{typed}");
        out(&output)
    };
    assert_eq!(ask("conex sign f"), "fmt\n");
    assert_eq!(ask("conex sign l"), "logs\nlwt\n");
    assert_eq!(ask("conex status --as=al"), "--as=albert\n");
    assert_eq!(ask("conex approve fmt.0.9"), "fmt.0.9.0\n");
    assert_eq!(ask("conex approve --branch origin/j"), "origin/join\n");
    assert_eq!(ask("conex -C \"../repo\" sign lo"), "logs\n");
    assert!(ask("conex man m").starts_with("my dir/"));
    assert!(ask("conex sign --dr").starts_with("--dry-run\t"));
    assert_eq!(ask("conex nothing x"), "");
}
