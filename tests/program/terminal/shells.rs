//! Completions in real shells, and pages that `man` and `mandoc` have nothing to say about.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::machine::{CONEX, Machine, err, oracle, out, top};
use crate::terminal::completions::with_path;
use crate::terminal::pty::spawn;

fn script(machine: &Machine, shell: &str) -> String {
    let text = out(&machine.ok(&["completions", shell]));
    assert_eq!(
        text,
        out(&machine.ok(&["completions", shell])),
        "reproducible"
    );
    text
}

fn run(program: &str, args: &[&str]) -> (bool, String) {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (output.status.success(), out(&output) + &err(&output))
}

/// User story: `conex si<TAB>`. A real bash, on a real terminal.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn bash_completes_a_verb() {
    if !oracle("bash") {
        return;
    }
    let machine = Machine::new();
    let file = machine.path("conex.bash");
    fs::write(&file, script(&machine, "bash")).unwrap();
    let args = ["--norc", "--noprofile", "-i"];
    let mut session = spawn("bash", &args, |command| {
        machine.adapt(command);
        with_path(command);
        command.env("PS1", "ready> ").env("HISTFILE", "/dev/null");
    });
    session.expect("ready> ");
    session.send(format!("source {}\n", file.display()));
    session.expect("ready> ").send("conex expl\t");
    session.expect("ain");
    session.send("\x15conex janitor sn\t").expect("apshot");
    session
        .send("\x15conex verify --require\t")
        .expect("-snapshot");
    session.send("\x15exit\n");
    session.end();
}

#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn fish_completes_a_verb() {
    let machine = Machine::new();
    let file = machine.path("conex.fish");
    fs::write(&file, script(&machine, "fish")).unwrap();
    if !oracle("fish") {
        return;
    }
    let file = file.display().to_string();
    assert_eq!(
        run("fish", &["--no-config", "-n", &file]),
        (true, String::new())
    );
    let ask = format!("source {file}; complete -C 'conex expl'; complete -C 'conex key n'");
    let mut command = Command::new("fish");
    with_path(&mut command);
    let output = command.args(["--no-config", "-c", &ask]).output().unwrap();
    let (ok, said) = (output.status.success(), out(&output) + &err(&output));
    assert!(
        ok && said.contains("explain\t") && said.contains("new\t"),
        "{said}"
    );
}

#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn zsh_completes_a_verb() {
    let machine = Machine::new();
    let dir = machine.path("zsh");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("_conex"), script(&machine, "zsh")).unwrap();
    if !oracle("zsh") {
        return;
    }
    let file = dir.join("_conex").display().to_string();
    assert_eq!(run("zsh", &["-f", "-n", &file]), (true, String::new()));
    let mut session = spawn("zsh", &["-f", "-i"], |command| {
        machine.adapt(command);
        with_path(command);
        command.env("PS1", "ready> ");
    });
    session.expect("ready> ");
    session.send(format!("fpath=({} $fpath)\n", dir.display()));
    session.expect("ready> ");
    session.send("autoload -U compinit; compinit -u -D && echo load''ed\n");
    session.expect("loaded").expect("ready> ");
    session.send("conex expl\t").expect("ain");
    session.send("\x15exit\n");
    session.end();
}

/// User story: a packager installs the pages of a release, and the packages of two
/// machines are the same.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn man_pages_have_no_fault() {
    let machine = Machine::new();
    for dir in ["man", "again"] {
        fs::create_dir(machine.path(dir)).unwrap();
        machine.ok(&["man", machine.path(dir).to_str().unwrap()]);
    }
    let pages = machine.files("man");
    let again = machine.files("again");
    assert!(pages.values().eq(again.values()), "reproducible");
    let names: Vec<String> = pages
        .keys()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    let mut helps: Vec<String> = fs::read_dir(top("fixtures/help"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.replace(".txt", ".1"))
        .collect();
    helps.sort();
    let mut sorted = names.clone();
    sorted.sort();
    assert_eq!(sorted, helps, "a page for each --help");
    for (path, bytes) in &pages {
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(!text.contains(&std::env::var("HOME").unwrap_or("/root".into())));
        check_page(path);
    }
    let sign = fs::read_to_string(machine.path("man/conex-sign.1")).unwrap();
    for heading in ["POLICY", "EXIT STATUS", "EXAMPLES"] {
        assert!(
            sign.contains(&format!(".SH \"{heading}\""))
                || sign.contains(&format!(".SH {heading}"))
        );
    }
}

fn check_page(path: &Path) {
    let file = path.to_str().unwrap();
    if oracle("man") {
        let output = Command::new("man")
            .args(["--warnings", "-E", "UTF-8", "-Tutf8", "-l", file])
            .env("MANWIDTH", "80")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success());
        assert_eq!(err(&output), "", "{file}");
        assert!(output.stdout.len() > 500, "{file}");
    }
    if oracle("mandoc") {
        let (_, said) = run("mandoc", &["-Tlint", "-W", "warning", file]);
        // On purpose: see `conex man`.
        let faults: Vec<&str> = said
            .lines()
            .filter(|line| !line.contains("missing date, using \"\""))
            .collect();
        assert_eq!(faults, [""; 0], "{file}");
    }
}

#[test]
fn another_shell_is_named_with_those_that_there_are() {
    let machine = Machine::new();
    let output = machine.conex(&["completions", "bahs"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("'bash'"), "{}", err(&output));
    assert!(Path::new(CONEX).exists());
}
