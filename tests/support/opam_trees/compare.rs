//! Holds what opam lists against what the verifier says is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use conex_verify::format::name::Release;

/// Releases, each with the synopsis of its description.
type List = BTreeSet<(String, String)>;

/// What the verifier says of each case.
struct Said {
    accepted: bool,
    list: List,
}

fn said(text: &str) -> Said {
    Said {
        accepted: text.starts_with("accepted\n"),
        list: text.lines().skip(1).filter_map(pair).collect(),
    }
}

fn pair(line: &str) -> Option<(String, String)> {
    let (release, synopsis) = line.split_once('\t')?;
    Some((release.trim().to_owned(), synopsis.trim().to_owned()))
}

/// Prints a line `round: …` with numbers; and for each kind of disagreement how many there are, and
/// the smallest case. Exit status 0: there is none.
pub fn run(dir: &Path, verdicts: &Path, list: &Path, log: &Path, round: &str) -> ExitCode {
    let names = fs::read_to_string(dir.join("names")).unwrap();
    let listed = by_case(&fs::read_to_string(list).unwrap());
    let log = fs::read_to_string(log).unwrap();
    let verdict = |name: &str, round: &str| {
        let text = fs::read_to_string(verdicts.join(format!("{name}.{round}"))).ok()?;
        Some(said(&text))
    };
    let nothing = List::new();
    let mut kinds: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
    let (mut accepted, mut refused, mut unasked) = (0, 0, 0);
    for name in names.lines() {
        let number: u64 = name.trim_start_matches('r').parse().unwrap();
        let found = listed.get(&number).unwrap_or(&nothing);
        let whole = verdict(name, "whole");
        let now = match round {
            "whole" => whole,
            _ => {
                let now = verdict(name, "patch");
                match &now {
                    None => unasked += 1,
                    Some(said) if said.accepted => accepted += 1,
                    Some(_) => refused += 1,
                }
                // What is refused, or no change to opam, leaves what there was.
                now.filter(|said| said.accepted).or(whole)
            }
        };
        let judged = fs::read_to_string(verdicts.join(format!("{name}.{round}")));
        let failed = log.contains(&format!("\"{name}\": "));
        let mut problems = Vec::new();
        if judged.is_ok_and(|text| text.contains(" E099:")) {
            problems.push("findings and proof disagree (E099)".to_owned());
        }
        match &now {
            None => problems.push("the hook was not asked for the whole tree".to_owned()),
            Some(said) if !said.accepted => {
                problems.push("the hook refuses the whole tree, the generator did not".to_owned());
            }
            Some(said) => {
                if round == "whole" {
                    accepted += 1;
                }
                let own = verdict(name, round).is_some_and(|v| v.accepted);
                if own && failed {
                    problems.push("accepted, and opam could not apply it".to_owned());
                }
                problems.extend(differences(&said.list, found));
            }
        }
        for problem in problems {
            let text = describe(dir, name, now.as_ref().map_or(&nothing, |n| &n.list), found);
            let size = text.len();
            kinds.entry(problem).or_default().push((size, text));
        }
    }
    let more = match round {
        "whole" => String::new(),
        _ => format!(", {refused} refused, {unasked} no change to opam"),
    };
    println!(
        "{}: {accepted} accepted{more}",
        if round == "whole" { "whole" } else { "updates" }
    );
    for (kind, cases) in &mut kinds {
        cases.sort();
        println!(
            "{} times: {kind}; the smallest:\n{}",
            cases.len(),
            cases[0].1
        );
    }
    ExitCode::from(u8::from(!kinds.is_empty()))
}

/// What opam lists by case: the number at the start of the version.
fn by_case(text: &str) -> BTreeMap<u64, List> {
    let mut cases: BTreeMap<u64, List> = BTreeMap::new();
    for (release, synopsis) in text.lines().filter_map(pair) {
        let version = release.split_once('.').map_or("", |(_, version)| version);
        let digits = version.split(|c: char| !c.is_ascii_digit()).next();
        let number = digits.and_then(|d| d.parse().ok()).unwrap_or(0);
        cases.entry(number).or_default().insert((release, synopsis));
    }
    cases
}

/// opam shows one release of those that it holds equal, and of that one the description that is
/// there.
fn differences(said: &List, found: &List) -> Vec<String> {
    let key = |release: &str| {
        Release::new(release).map_or_else(
            |_| release.to_owned(),
            |r| format!("{} {}", r.name(), r.version().order_key()),
        )
    };
    let classes = |list: &List| -> BTreeMap<String, usize> {
        let mut classes = BTreeMap::new();
        for (release, _) in list {
            *classes.entry(key(release)).or_default() += 1;
        }
        classes
    };
    let (there, shown) = (classes(said), classes(found));
    let mut kinds = BTreeSet::new();
    let releases: BTreeSet<&String> = said.iter().map(|(release, _)| release).collect();
    if releases.len() < said.len() {
        kinds.insert("the verifier accepts one release at two places");
    }
    if there.keys().any(|class| !shown.contains_key(class)) {
        kinds.insert("opam does not list a release that is there");
    }
    if shown.keys().any(|class| !there.contains_key(class)) {
        kinds.insert("opam lists a release that is not there");
    }
    if shown.values().any(|count| *count > 1) {
        kinds.insert("opam lists two releases that are equal in its order");
    }
    if found
        .iter()
        .any(|f| there.contains_key(&key(&f.0)) && !said.contains(f))
    {
        kinds.insert("opam shows another description than the one that is there");
    }
    kinds.into_iter().map(str::to_owned).collect()
}

fn describe(dir: &Path, name: &str, said: &List, found: &List) -> String {
    let mut text = format!("  case {name}\n");
    let lines = |list: &List| -> String {
        let all: Vec<String> = list.iter().map(|(r, s)| format!("{r} ({s})")).collect();
        all.join(", ")
    };
    text += &format!(
        "    verifier: {}\n    opam:     {}\n",
        lines(said),
        lines(found)
    );
    for which in ["one", "two"] {
        let mut paths = Vec::new();
        let root = dir.join(which).join(name);
        walk(&root, "", &mut paths);
        text += &format!("    {which}:\n");
        for path in paths {
            text += &format!("      {path}\n");
        }
    }
    text
}

/// All paths but those of metadata, empty directories with a slash at the end.
fn walk(root: &Path, below: &str, paths: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(root.join(below)) else {
        return;
    };
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    if names.is_empty() {
        paths.push(format!("{below}/"));
    }
    for name in names {
        let path = format!("{below}/{name}");
        let path = path.trim_start_matches('/').to_owned();
        if path == "packages/.conex" {
            continue;
        }
        let full = root.join(&path);
        if full.is_dir() {
            walk(root, &path, paths);
        } else {
            let bytes = fs::read(&full).unwrap();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let what = match text.split('"').nth(3) {
                Some(synopsis) if text.contains("synopsis") => format!(" ({synopsis})"),
                _ => format!(" ({} bytes)", bytes.len()),
            };
            paths.push(path + &what);
        }
    }
}
