//! Whoever does what a list says, word by word, and knows nothing else of repositories.

use std::fs;
use std::path::Path;

use super::workshop::Workshop;

/// Does to each of these paths what the text beside it says.
pub fn follow(workshop: &Workshop, list: &str, paths: &[&str]) {
    for path in paths {
        let told = told(list, path);
        // Another step may have taken it along.
        if fs::symlink_metadata(workshop.file(path)).is_ok() || told.contains("add the file") {
            step(workshop, path, &told);
        }
    }
    workshop.commit();
}

/// The part of a list that speaks of a path: from one title to the next.
fn told(list: &str, path: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for line in list.lines() {
        if line.starts_with("error[") || parts.is_empty() {
            parts.push(String::new());
        }
        let part = parts.last_mut().unwrap();
        part.push_str(line);
        part.push('\n');
    }
    // The plan before the list names paths as well, and says nothing of what to do.
    let (errors, plan): (Vec<String>, _) = parts.into_iter().partition(|p| p.starts_with("error["));
    let found = errors
        .into_iter()
        .chain(plan)
        .find(|part| part.contains(path));
    found.unwrap_or_else(|| panic!("nothing is said of {path}:\n{list}"))
}

/// What stands in backticks or after a label, in the line that speaks of the path or below it.
fn place(told: &str, path: &str) -> Option<String> {
    let own = told
        .lines()
        .find(|l| l.starts_with("  ") && l.contains(path));
    let own = own.filter(|line| line.contains("its place "));
    let text = own.unwrap_or(told);
    let after = ["its place ", "the place of this release is `"];
    let rest = after
        .iter()
        .find_map(|words| Some(text.split_once(words)?.1))?;
    let end = |c: char| c.is_whitespace() || matches!(c, '`' | ')' | ',');
    let rest = rest.trim_start();
    Some(rest[..rest.find(end).unwrap_or(rest.len())].to_owned())
}

fn step(workshop: &Workshop, path: &str, told: &str) {
    let file = workshop.file(path);
    let hint = told.split_once("hint: ").map_or("", |(_, hint)| hint);
    if let Some(place) = place(told, path) {
        let dir = match file.is_dir() {
            true => file.as_path(),
            false => file.parent().unwrap(),
        };
        let place = workshop.file(&place);
        if place.exists() {
            return remove(dir);
        }
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        return fs::rename(dir, place).unwrap();
    }
    if hint.contains("`opam admin upgrade`") {
        return upgrade(workshop, path);
    }
    if hint.contains("one line feed") {
        return fs::write(file, "\n").unwrap();
    }
    if hint.contains("give it another name") {
        let dir = file.parent().unwrap();
        return fs::rename(dir, dir.with_file_name("patches")).unwrap();
    }
    if hint.contains("remove the directory") {
        return remove(file.parent().unwrap());
    }
    if hint.contains("mend the file") {
        let text = fs::read_to_string(&file).unwrap();
        return fs::write(file, format!("opam-version: \"2.0\"\n{text}")).unwrap();
    }
    assert!(hint.contains("emove it"), "{path} has no way out:\n{told}");
    match path {
        // What it speaks of is in the file.
        "repo" => {
            let text = fs::read_to_string(&file).unwrap();
            let kept = text.lines().filter(|line| !line.starts_with("redirect"));
            let kept: String = kept.map(|line| format!("{line}\n")).collect();
            fs::write(file, kept).unwrap();
        }
        _ => remove(&file),
    }
}

fn remove(path: &Path) {
    let status = std::process::Command::new("rm")
        .arg("-r")
        .arg(path)
        .status();
    assert!(status.unwrap().success());
}

/// What `opam admin upgrade` does to these small files.
fn upgrade(workshop: &Workshop, path: &str) {
    let (dir, name) = path.rsplit_once('/').unwrap();
    let opam = format!("{dir}/opam");
    let text = workshop.read(&opam);
    let more = match name {
        "url" => "dev-repo: \"https://b.example/b.git\"\n",
        "descr" => "description: \"A package\"\n",
        _ => "",
    };
    let text = text.replace("opam-version: \"1.2\"", "opam-version: \"2.0\"");
    workshop.write(&opam, &format!("{text}{more}"));
    if name != "opam" {
        remove(&workshop.file(path));
    }
}
