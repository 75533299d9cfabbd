//! The book in `docs/`, for people: every command in it is run as it stands there, and
//! what a page says that people see is what they get.
//!
//! A block of shell (```` ```sh ````) is run line by line. A block of text behind it is
//! the output of its commands (hidden ones, as below, included): `…` stands for any text, and for any lines where it stands
//! alone. Other blocks name their language. What a reader need not see is in comments:
//!
//! * `<!-- story: people=you,ann … -->` starts anew: who there is, and what was before
//!   (see [`Story`]). Everybody has a home, an SSH key and a clone of the repository.
//! * `<!-- as: ann -->`: who types from here on.
//! * `<!-- fails: 1 -->`: the exit status of the last command of the next block.
//! * `<!-- meanwhile: ann` and commands up to `-->`: what somebody does that the reader
//!   needs not read, and how a page proves what it says.
//! * `<!-- counts: ROLE, WHEN -->`: the next block is what a role types then, of conex's (see
//!   [`COUNTS`]).
//! * `<!-- not run: REASON -->`: the next block is not run, for one of [`REASONS`].
//!
//! `CONEX_SHOW=1 cargo test --locked --test book book:: -- --nocapture` prints all of it, and
//! `CONEX_STORY=2` runs the second story of each page alone.

#![allow(clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

use crate::typed::{Came, attended, came, isolated, script, top};

/// Why a block may be left out.
const REASONS: [&str; 3] = ["needs root", "needs the network", "installs what it needs"];

/// What people are asked, and what they answer.
const ANSWERS: [(&str, &str); 3] = [
    ("[y/N] ", "y\n"),
    ("Passphrase for", "correct horse battery staple\n"),
    ("passphrase for", "correct horse battery staple\n"),
];

/// How many commands of conex's each role types, and when; and how many things they copy from
/// elsewhere.
const COUNTS: [(&str, usize, usize); 6] = [
    ("author, once", 2, 0),
    ("author, with each release", 1, 0),
    ("janitor, for each approval", 1, 0),
    ("operator, once", 3, 0),
    ("operator, with each change", 1, 0),
    ("user, once", 1, 1),
];

/// How many stories of a page are told at once.
const AT_ONCE: usize = 3;

/// One line of shell, and what is expected of it.
#[derive(Debug)]
struct Step {
    line: usize,
    person: String,
    command: String,
    status: i32,
    /// The lines that a page shows as the output of this and the steps before it that
    /// show nothing, of the same block: how many steps, and the lines.
    shows: Option<(usize, usize, Vec<String>)>,
}

/// A story: from a comment to the next.
#[derive(Debug)]
struct Story {
    line: usize,
    /// `people`: who there is, the first one begins. `janitors`, `quorum`, `authors`: the
    /// repository is signed by them (see `signed` in `tests/book/people.sh`). `opam`: who
    /// has an opam root. `follow`: whose opam verifies, with the anchors of the first day.
    with: BTreeMap<String, String>,
    steps: Vec<Step>,
}

/// What was read of a page.
#[derive(Debug, Default)]
struct Page {
    stories: Vec<Story>,
    not_run: Vec<(usize, String)>,
    /// What a role types when, and how many things are copied.
    counts: Vec<(String, usize, usize)>,
}

impl Page {
    fn read(name: &str) -> Page {
        let text = fs::read_to_string(top(name)).unwrap();
        let mut page = Page::default();
        let mut person = String::new();
        let mut fails = 0;
        let mut skip: Option<String> = None;
        let mut counts: Option<String> = None;
        // Steps of the last block of shell, for the text behind it.
        let mut block = 0;
        let mut lines = text.lines().enumerate();
        while let Some((at, line)) = lines.next() {
            let place = format!("{name}:{}", at + 1);
            if let Some(comment) = line.strip_prefix("<!-- ") {
                let (what, rest) = comment
                    .split_once(": ")
                    .unwrap_or_else(|| panic!("{place}: a comment that means nothing: {line}"));
                let word = rest.trim_end_matches("-->").trim();
                match what {
                    "story" => {
                        let with: BTreeMap<String, String> = word
                            .split_whitespace()
                            .map(|pair| pair.split_once('=').unwrap())
                            .map(|(k, v)| (k.to_owned(), v.to_owned()))
                            .collect();
                        person = with["people"].split(',').next().unwrap().to_owned();
                        page.stories.push(Story {
                            line: at + 1,
                            with,
                            steps: Vec::new(),
                        });
                    }
                    "as" => word.clone_into(&mut person),
                    "fails" => fails = word.parse().unwrap(),
                    "counts" => counts = Some(word.to_owned()),
                    "not run" => {
                        assert!(REASONS.contains(&word), "{place}: {word}");
                        skip = Some(word.to_owned());
                    }
                    "meanwhile" => {
                        let hidden = fenced(&mut lines, "-->");
                        let story = page.stories.last_mut().expect("a story");
                        block = push(story, &hidden, word, std::mem::take(&mut fails));
                    }
                    _ => panic!("{place}: {what:?} means nothing"),
                }
            } else if let Some(language) = line.trim_start().strip_prefix("```") {
                let body = fenced(&mut lines, "```");
                match language {
                    "sh" => {
                        if let Some(reason) = skip.take() {
                            page.not_run.push((at + 1, reason));
                            block = 0;
                            continue;
                        }
                        let story = page.stories.last_mut();
                        let story = story.unwrap_or_else(|| panic!("{place}: no story yet"));
                        block = push(story, &body, &person, std::mem::take(&mut fails));
                        if let Some(role) = counts.take() {
                            let typed = &story.steps[story.steps.len() - block..];
                            let of_conex = |s: &&Step| s.command.starts_with("conex ");
                            let copied = |s: &Step| s.command.matches("$(cat ").count();
                            page.counts.push((
                                role,
                                typed.iter().filter(of_conex).count(),
                                typed.iter().map(copied).sum(),
                            ));
                        }
                    }
                    "text" => {
                        let step = page.stories.last_mut().and_then(|s| s.steps.last_mut());
                        let step = step.filter(|_| block > 0);
                        let step = step.unwrap_or_else(|| panic!("{place}: output of nothing"));
                        let body = body.into_iter().map(|(_, l)| l).collect();
                        step.shows = Some((at + 1, std::mem::take(&mut block), body));
                    }
                    "" => panic!("{place}: a block without a language may be a command"),
                    _ => {}
                }
            }
        }
        page
    }
}

/// The lines up to one that is `end`, without indentation of a list.
fn fenced<'a>(
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
    end: &str,
) -> Vec<(usize, String)> {
    let mut body = Vec::new();
    for (at, line) in lines {
        if line.trim() == end {
            return body;
        }
        body.push((at + 1, line.to_owned()));
    }
    panic!("a block does not end: {body:?}");
}

/// Adds the commands of a block, and says how many they are.
fn push(story: &mut Story, body: &[(usize, String)], person: &str, fails: i32) -> usize {
    let before = story.steps.len();
    let mut open = false;
    for (line, text) in body {
        if open {
            let step = story.steps.last_mut().unwrap();
            step.command = format!("{}\n{text}", step.command);
        } else if !text.trim().is_empty() {
            story.steps.push(Step {
                line: *line,
                person: person.to_owned(),
                command: text.clone(),
                status: 0,
                shows: None,
            });
        }
        open = text.ends_with('\\');
    }
    if let Some(last) = story.steps.last_mut() {
        last.status = fails;
    }
    story.steps.len() - before
}

/// What is in a story and not on every machine.
fn there_is(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|o| o.status.success())
}

/// Whether a program is there; says so if it is not, and fails where nothing may be left out.
fn has(program: &str, for_what: &str) -> bool {
    if there_is(program) {
        return true;
    }
    assert!(
        std::env::var_os("CONEX_REQUIRE_ORACLES").is_none(),
        "{for_what} needs `{program}`"
    );
    println!("there is no `{program}`");
    false
}

impl Story {
    fn listed(&self, what: &str) -> Vec<&str> {
        self.with
            .get(what)
            .map(|list| list.split(',').collect())
            .unwrap_or_default()
    }

    /// What lies before the story, as a script.
    fn before(&self) -> String {
        let people = self.listed("people");
        let mut set_up = vec![
            format!("people='{}'", people.join(" ")),
            format!("forge '{}'", top("fixtures/small-repository").display()),
        ];
        set_up.extend(people.iter().map(|p| format!("person {p}")));
        if let Some(quorum) = self.with.get("quorum") {
            set_up.push(format!(
                "signed {quorum} {} -- {}",
                self.listed("janitors").join(" "),
                self.listed("authors")
                    .iter()
                    .map(|a| format!("'{a}'"))
                    .collect::<Vec<_>>()
                    .join(" ")
            ));
        }
        set_up.extend(self.listed("follow").iter().map(|p| format!("follows {p}")));
        set_up.extend(self.listed("opam").iter().map(|p| format!("uses_opam {p}")));
        // One after the other, and all of it or nothing.
        format!("{}\n", set_up.join(" &&\n"))
    }

    /// Tells the story, and says what was run.
    fn run(&self, page: &str) -> String {
        let place = format!("{page}:{}", self.line);
        let opam = ["opam", "follow"]
            .iter()
            .any(|w| self.with.contains_key(*w));
        if !(has("script", &place) && has("git", &place) && (!opam || has("opam", &place))) {
            return format!("NOT RUN: {place}: {} commands", self.steps.len());
        }
        let dir = tempfile::tempdir().unwrap();
        let before = self.before();
        let commands: Vec<String> = self
            .steps
            .iter()
            .map(|step| format!("as {}\n{}", step.person, step.command))
            .collect();
        let prelude = top("tests/book/people.sh");
        let top = top("");
        let text = format!(
            "W='{}'\nREPOSITORY_OF_CONEX='{}'\n. '{}'\n{}",
            dir.path().display(),
            top.display(),
            prelude.display(),
            script(std::iter::once(before.as_str()).chain(commands.iter().map(String::as_str)))
        );
        let file = dir.path().join("story");
        fs::write(&file, text).unwrap();
        let mut terminal = isolated("script", dir.path());
        terminal
            .args(["-qefc", &format!("bash '{}'", file.display()), "/dev/null"])
            .env("SHELL", "/bin/sh");
        let (printed, _) = attended(terminal, &ANSWERS);
        let all = came(&printed);
        let show = std::env::var_os("CONEX_SHOW").is_some();
        let told = |n: usize| {
            let steps = std::iter::once((self.line, "what lies before")).chain(
                self.steps
                    .iter()
                    .map(|step| (step.line, step.command.as_str())),
            );
            steps
                .zip(&all)
                .take(n + 1)
                .skip(if show { 0 } else { n.saturating_sub(12) })
                .map(|((line, command), Came { output, status })| {
                    format!("{page}:{line}\n$ {command}\n{output}[{status}]\n")
                })
                .collect::<String>()
        };
        if show {
            println!("{}", told(all.len()));
        }
        assert_eq!(all.first().map(|c| c.status), Some(0), "{}", told(0));
        let mut differences = String::new();
        for (n, step) in self.steps.iter().enumerate() {
            let n = n + 1;
            let Some(Came { output, status }) = all.get(n) else {
                panic!("{page}:{}: did not come so far\n{printed}", step.line);
            };
            let context = || format!("{page}:{}: fails, at the end of\n{}", step.line, told(n));
            assert_eq!(*status, step.status, "{}", context());
            assert!(!output.contains("panicked"), "{}", context());
            if let Some((line, steps, shown)) = &step.shows {
                let output: String = all[n + 1 - steps..=n]
                    .iter()
                    .map(|c| c.output.as_str())
                    .collect();
                let output: Vec<&str> = output.trim_matches('\n').lines().collect();
                let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
                if !is_shown(&shown, &output) {
                    differences += &format!(
                        "{page}:{line} shows\n{}\nand this came:\n{}\n\n",
                        shown.join("\n"),
                        output.join("\n")
                    );
                }
            }
        }
        assert!(differences.is_empty(), "{differences}");
        let wrong = fs::read_to_string(dir.path().join("wrong")).unwrap_or_default();
        assert!(wrong.is_empty(), "{place}: {wrong}\n{printed}");
        format!("{place}: {} commands run", self.steps.len())
    }
}

/// The most lines of a terminal that one line of a page is.
const MOST_WRAPPED: usize = 5;

/// One line, of which a terminal makes several: where it breaks depends on paths and digests that no
/// page shows.
fn unwrapped(lines: &[&str]) -> Option<String> {
    let (first, more) = lines.split_first()?;
    let mut line = first.trim_end().to_owned();
    for more in more {
        let indent = |text: &str| text.len() - text.trim_start().len();
        let below = indent(more) >= indent(first) + 2 && !more.trim().is_empty();
        line = match below {
            true => format!("{line} {}", more.trim()),
            false => return None,
        };
    }
    Some(line)
}

/// Whether lines are those that a page shows.
fn is_shown(shown: &[&str], lines: &[&str]) -> bool {
    match (shown.split_first(), lines.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((&"…", rest)), _) => (0..=lines.len()).any(|n| is_shown(rest, &lines[n..])),
        (Some(_), None) => false,
        (Some((first, rest)), Some(_)) => (1..=MOST_WRAPPED.min(lines.len())).any(|n| {
            unwrapped(&lines[..n]).is_some_and(|line| is_line(first.trim_end(), &line))
                && is_shown(rest, &lines[n..])
        }),
    }
}

fn is_line(shown: &str, line: &str) -> bool {
    let mut pieces = shown.split('…');
    let Some(mut rest) = line.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else {
        return rest.is_empty();
    };
    for piece in middle {
        let Some((_, after)) = rest.split_once(piece) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

/// Runs a page.
fn page(name: &str) {
    let page = Page::read(name);
    for (line, reason) in &page.not_run {
        println!("NOT RUN: {name}:{line}: {reason}");
    }
    let only: Option<usize> = std::env::var("CONEX_STORY")
        .ok()
        .and_then(|n| n.parse().ok());
    let chosen: Vec<&Story> = page
        .stories
        .iter()
        .enumerate()
        .filter(|(n, _)| only.is_none_or(|only| only == n + 1))
        .map(|(_, story)| story)
        .collect();
    // They mostly wait, for each other's disks and for people who look at questions.
    for some in chosen.chunks(AT_ONCE) {
        std::thread::scope(|scope| {
            let running: Vec<_> = some
                .iter()
                .map(|story| scope.spawn(|| story.run(name)))
                .collect();
            for story in running {
                match story.join() {
                    Ok(told) => println!("{told}"),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
    }
}

/// The pages, each with a test of its own.
macro_rules! pages {
    ($($(#[$doc:meta])* $test:ident: $file:literal,)*) => {
        $($(#[$doc])* #[test] fn $test() { page($file); })*
        const PAGES: &[&str] = &[$($file),*];
    };
}

pages! {
    /// The first page that anybody reads.
    readme: "README.md",
    /// Who uses opam wants exactly what the authors released.
    users: "docs/users.md",
    /// Who writes packages wants to sign and think of it no more.
    authors: "docs/authors.md",
    /// Who keeps a repository with others has minutes a week.
    janitors: "docs/janitors.md",
    /// Who has thousands of packages that nobody signs wants owners for them.
    bootstrap: "docs/bootstrap.md",
    /// Who keeps one alone wants it protected today.
    operators: "docs/operators.md",
    /// Who uses a repository without signatures, and cannot change that.
    mirror: "docs/mirror.md",
    /// Who has a repository that grew for years.
    repositories: "docs/repositories.md",
    /// Who asks which key signs, and what to do with one that is far away.
    keys: "docs/keys.md",
    /// Who lost something wants to know what to type now.
    recovery: "docs/recovery.md",
    /// Who sets the hook up by hand.
    hook: "docs/hook.md",
}

/// No page of commands is forgotten.
#[test]
fn every_document_with_commands_is_run() {
    for entry in fs::read_dir(top("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let name = format!("docs/{name}");
        let text = fs::read_to_string(top(&name)).unwrap();
        let shell = text
            .lines()
            .any(|l| l.trim() == "```sh" || l.trim() == "```console");
        assert!(!shell || PAGES.contains(&name.as_str()), "{name}");
    }
}

/// The pages are the proof of how little people type: the blocks that are counted are run as they
/// stand, so nothing is missing in them.
#[test]
fn each_role_types_as_little_as_is_said() {
    let mut counted: Vec<(String, usize, usize)> = PAGES
        .iter()
        .flat_map(|name| Page::read(name).counts)
        .collect();
    counted.sort();
    let said = COUNTS.map(|(role, commands, copied)| (role.to_owned(), commands, copied));
    assert_eq!(counted, said);
}

#[test]
fn what_a_page_shows_is_compared() {
    for (shown, lines, same) in [
        ("a\nb", "a\nb", true),
        ("a", "a\nb", false),
        ("a\n…", "a\nb\nc", true),
        ("…\nc", "a\nb\nc", true),
        ("…\nb", "a\nb\nc", false),
        ("a … c", "a b c", true),
        ("a … c", "a b d", false),
        ("…b=…", "a b=12", true),
        ("a…", "b a", false),
        ("a b c", "a b\n  c", true),
        ("a b c\nd", "a b\n  c\nd", true),
        ("a b c", "a b\nc", false),
        ("a b", "a b\n  c", false),
    ] {
        let shown: Vec<&str> = shown.lines().collect();
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(is_shown(&shown, &lines), same, "{shown:?} {lines:?}");
    }
}
