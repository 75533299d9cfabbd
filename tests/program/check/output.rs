//! What is printed: short for people, one command for each annotation, and nothing that
//! a repository says gets to the one who reads it as anything but text.

use crate::check::forge::{Forge, told};
use crate::typed_hints::commands;
use crate::world::{OPAM, World, at, opam_path};

/// Every line of a job's output can be a command of the runner. Here the repository
/// chooses paths, contents of opam files and of metadata, and the name of the branch.
#[test]
fn a_repository_writes_no_workflow_command() {
    let mut world = World::usual();
    let forge = Forge::new(&world);
    for path in [
        "packages/x\n::add-mask::secret/y",
        "packages/x\r\n::stop-commands::z",
        "packages/##[add-path]evil",
        "packages/a,line=1,title=forged::b",
        "packages/a%0A::error::b",
        "packages/\u{202e}::warning::c",
    ] {
        world.file(path, "x");
    }
    world.file(
        &opam_path("fmt.1.0"),
        "\n::set-env name=A::b\n##[set-env]x\"\n",
    );
    world.file(
        "packages/.conex/ids/eve",
        "format: 1\n::error::x\n##[error]y\n",
    );
    world.file("packages/fmt/releases", "::add-mask::x\n");
    forge.branch("a%0A,line=1,##y", "main", &world);
    for args in [&["--format=github"][..], &["--format=github", "--all"]] {
        let range = "main..a%0A,line=1,##y";
        let output = forge.run(&[args, &[range]].concat());
        assert_eq!(output.status.code(), Some(1), "{}", told(&output));
        assert!(output.stderr.is_empty(), "{}", told(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        for line in text.lines() {
            let known = ["::error ", "::warning ", "::notice "];
            assert!(known.iter().any(|k| line.starts_with(k)), "{line}");
            assert!(!line.contains("##["), "{line}");
            assert!(
                line.chars().all(|c| c == ' ' || c.is_ascii_graphic()),
                "{line}"
            );
            let rest = line.split_once(' ').unwrap().1;
            let (properties, _) = rest.split_once("::").unwrap();
            for property in properties.split(',') {
                let (name, _) = property.split_once('=').unwrap();
                assert!(["file", "line", "col", "title"].contains(&name), "{line}");
            }
        }
        assert!(text.contains("title=E002%3A"), "{text}");
    }
}

#[test]
fn annotations_say_where_and_end_with_the_verdict() {
    let mut world = World::usual();
    let forge = Forge::new(&world);
    world.file(&opam_path("fmt.1.0"), format!("{OPAM}x-edited: 100\n"));
    forge.branch("edit", "main", &world);
    let text = told(&forge.run(&["--format=github", "main..edit"]));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    let first = "::error file=packages/fmt/fmt.1.0/opam,title=E014%3A ";
    assert!(lines[0].starts_with(first), "{text}");
    assert!(
        lines[1].starts_with("::notice title=conex%3A to do"),
        "{text}"
    );
    assert!(lines[1].contains("`conex sign` by an owner"), "{text}");
    assert!(lines[1].contains("%0A  owner: bob"), "{text}");
    assert!(
        lines[2].starts_with("::error title=conex::not mergeable into main: 1 error%0A"),
        "{text}"
    );
    // All is well: one notice.
    let text = told(&forge.run(&["--format=github", "main..main"]));
    assert!(
        text.starts_with("::notice title=conex::mergeable into main"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1, "{text}");
}

/// A janitor opens a pull request that edits five hundred packages of fifty owners.
#[test]
fn five_hundred_files_fit_one_screen() {
    let mut world = World::usual();
    let packages: Vec<(String, String)> = (0..527)
        .map(|n| (format!("p{n}"), format!("owner{}", n % 50)))
        .collect();
    let mut claims = Vec::new();
    for n in 0..50 {
        let owner = format!("owner{n}");
        let entry = world.author_file(&owner, at(0, 1), &[&owner]);
        world.says(&owner, vec![entry.clone()]);
        claims.push(entry);
    }
    for (name, owner) in &packages {
        claims.push(world.authorisation(name, at(0, 1), &[owner]));
        let release = format!("{name}.1");
        world.file(&opam_path(&release), OPAM);
        claims.extend(world.listed(&release, at(0, 1)));
    }
    world.quorum_says(claims);
    let forge = Forge::new(&world);
    for (name, _) in &packages {
        let release = format!("{name}.1");
        world.file(&opam_path(&release), format!("{OPAM}x-{name}: true\n"));
        world.checksum(&release, at(0, 2));
    }
    forge.branch("edit", "main", &world);
    let output = forge.run(&["main..edit"]);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let tasks: Vec<&str> = text
        .lines()
        .skip_while(|l| !l.starts_with("to do"))
        .collect();
    assert!(tasks.len() < 8, "{text}");
    assert!(
        text.contains("an owner: `conex sign`, or 2 more of ja, jb, jc: `conex approve`"),
        "{text}"
    );
    assert!(text.contains("527 releases: p0.1"), "{text}");
    assert!(
        text.contains("owners: owner0 (11)") && text.contains("and 44 more"),
        "{text}"
    );
    // What one of the owners and what a janitor must do.
    forge.git(&["checkout", "-q", "edit"]);
    let status = |args: &[&str]| {
        let output = forge
            .command(crate::check::forge::CONEX)
            .args(args)
            .output()
            .unwrap();
        told(&output)
    };
    let text = status(&["todo", "--as", "owner7"]);
    assert!(text.contains("11 releases: p107.1"), "{text}");
    assert!(text.lines().count() < 8, "{text}");
    let text = status(&["todo", "--as", "owner77"]);
    assert!(text.contains("did you mean `owner"), "{text}");
    let text = status(&["status"]);
    assert!(text.contains("527 releases: p0.1"), "{text}");
    assert!(text.contains("if approved 528 of them (100.0 %)"), "{text}");
}

/// A job shows ten annotations of a kind; whoever wants to see the others types what is named.
#[test]
fn the_findings_beyond_the_tenth_are_shown_by_the_command_that_is_named() {
    let mut world = World::usual();
    let forge = Forge::new(&world);
    let paths: Vec<String> = (10..30).map(|n| format!("packages/x@{n}/y")).collect();
    for path in &paths {
        world.file(path, "x");
    }
    forge.branch("edit", "main", &world);
    let text = told(&forge.run(&["--format=github", "main..edit"]));
    let shown = |text: &str| paths.iter().filter(|path| text.contains(*path)).count();
    assert!(shown(&text) < paths.len(), "{text}");
    let line = commands(&text, "CheckAll", &[]).remove(0);
    let output = forge.command("bash").args(["-c", &line]).output().unwrap();
    let text = told(&output);
    assert_eq!(shown(&text), paths.len(), "{text}");
}
