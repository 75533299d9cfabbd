//! What a thief does with a key, and what the tool offers against it.

use std::fs;

use conex::core::digest::Digest;

use super::town::Town;

/// The end of every counter: 2^62 - 1.
const END: u64 = (1 << 62) - 1;

/// Writes the highest counter into a file of metadata, as no honest tool does.
pub fn push_to_the_end(town: &Town, path: &str) {
    let path = town.path("work").join(path);
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert!(lines.pop().unwrap().starts_with("check: "));
    for line in &mut lines {
        if line.starts_with("counter: ") {
            *line = format!("counter: {END}");
        }
    }
    let text = lines.join("\n") + "\n";
    let check = Digest::of(text.as_bytes()).short();
    fs::write(path, format!("{text}check: \"{check}\"\n")).unwrap();
}
