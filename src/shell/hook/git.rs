//! The settings with which git makes the patches of a clone that opam keeps.
//!
//! Up to opam 2.5 `git diff` goes by the user's configuration, and the patch is in a form that
//! opam applies in part, elsewhere or not at all (docs/hook.md). And git calls a file that was
//! removed and a similar one that was added a rename. Of a rename with changes opam 2.4 and
//! later write the new text to the old path (D2), so such a patch is refused, and an honest
//! update would be, too: two of twelve real weeks of opam-repository hold one. The cure are
//! settings in the clone's own `.git/config`; opam reads it in all versions.

use std::collections::BTreeMap;
use std::path::Path;

use rustix::fs::{FileType, lstat};

use crate::shell::write::{IN_PLACE, write};

/// Where the setting stands, below `.git`.
const CONFIG: &str = "config";

/// What the patches depend on: section, key and value, by sections.
const SETTINGS: [(&str, &str, &str); 9] = [
    ("color", "diff", "false"),
    ("diff", "renames", "false"),
    ("diff", "noprefix", "false"),
    ("diff", "mnemonicPrefix", "false"),
    ("diff", "srcPrefix", "a/"),
    ("diff", "dstPrefix", "b/"),
    ("diff", "context", "3"),
    ("diff", "interHunkContext", "0"),
    ("diff", "suppressBlankEmpty", "false"),
];

/// Largest `.git/config` that is looked at. opam's own have some 300 bytes.
pub const MAX_CONFIG: u64 = 1 << 20;

/// Makes sure that `git diff` in the clone at `root` makes patches in the one form that all
/// versions of opam apply alike. Gives the reason if that cannot be done.
///
/// # Errors
/// `.git/config` is not a plain file of its own, or cannot be read or written.
pub fn settle(root: &Path) -> Result<(), String> {
    let dir = root.join(".git");
    let kind = lstat(&dir).map_err(|e| e.to_string())?.st_mode;
    if FileType::from_raw_mode(kind) != FileType::Directory {
        return Err("`.git` is not a directory".to_owned());
    }
    let path = dir.join(CONFIG);
    let stat = lstat(&path).map_err(|e| e.to_string())?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile || stat.st_nlink != 1 {
        return Err("it is not a plain file".to_owned());
    }
    if u64::try_from(stat.st_size).unwrap_or(u64::MAX) > MAX_CONFIG {
        return Err("it is too large".to_owned());
    }
    let text = std::fs::read_to_string(&path).map_err(|e| e.to_string())?;
    match settled(&text) {
        None => Ok(()),
        Some(new) => write(&dir, CONFIG, new.as_bytes(), IN_PLACE).map_err(|e| e.to_string()),
    }
}

/// The configuration with the settings at its end, where git takes the last of several
/// values; `None` if all of them are in force already.
pub fn settled(config: &str) -> Option<String> {
    let there = in_force(config);
    let all = SETTINGS.iter().all(|(section, key, value)| {
        there.get(&(section.to_string(), key.to_ascii_lowercase())) == Some(&value.to_string())
    });
    if all {
        return None;
    }
    let mut text = config.to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let mut last = "";
    for (section, key, value) in SETTINGS {
        if section != last {
            text.push_str(&format!("[{section}]\n"));
            last = section;
        }
        text.push_str(&format!("\t{key} = {value}\n"));
    }
    Some(text)
}

/// The values that are in force for certain, by section and key: not those that something
/// after them could change.
fn in_force(config: &str) -> BTreeMap<(String, String), String> {
    let mut section = String::new();
    let mut values = BTreeMap::new();
    for line in config.lines() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix('[') {
            // `[diff "x"]` is another section than `[diff]`.
            section = rest
                .split([']'])
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase();
            // A file that is included here may say otherwise.
            if section.starts_with("include") {
                values.clear();
            }
            // A key can follow on the same line.
            if !rest.trim_end().ends_with(']') {
                values.retain(|(of, _), _| *of != section);
            }
            continue;
        }
        let (key, value) = match line.split_once('=') {
            Some((key, value)) => (key.trim(), value.trim()),
            None => (line, "true"),
        };
        let value = match value {
            "no" | "off" => "false",
            value => value,
        };
        values.insert(
            (section.clone(), key.to_ascii_lowercase()),
            value.to_owned(),
        );
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPAM: &str = "[core]\n\trepositoryformatversion = 0\n\tbare = false\n";

    #[test]
    fn the_setting_in_force_is_the_last_one() {
        for (config, expected) in [
            ("", None),
            (OPAM, None),
            ("[diff]\n\trenames = false\n", Some("false")),
            ("[Diff]\n\tRenames=no\n", Some("false")),
            ("[diff]\n\trenames = copies\n", Some("copies")),
            ("[diff]\n\trenames\n", Some("true")),
            (
                "[diff]\n\trenames = false\n[diff]\n\trenames = true\n",
                Some("true"),
            ),
            ("[diff \"x\"]\n\trenames = false\n", None),
            ("[diff.x]\n\trenames = false\n", None),
            ("[ diff ]\n\trenames = true\n", Some("true")),
            ("[diff]\n\trenames = false\n[include]\n\tpath = x\n", None),
            ("[diff] renames = true\n", None),
            ("[diff]\n\trenames = false\n[diff] renames = true\n", None),
            ("[core]\n\trenames = false\n", None),
            (
                "[diff]\n\trenames = false # a comment\n",
                Some("false # a comment"),
            ),
        ] {
            let values = in_force(config);
            let found = values.get(&("diff".to_owned(), "renames".to_owned()));
            assert_eq!(found.map(String::as_str), expected, "{config}");
        }
    }

    #[test]
    fn a_config_gets_the_settings_once() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".git")).unwrap();
        let path = dir.path().join(".git").join(CONFIG);
        std::fs::write(&path, OPAM.trim_end()).unwrap();
        settle(dir.path()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        settle(dir.path()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        assert!(text.starts_with(OPAM), "{text}");
        for (section, key, value) in SETTINGS {
            let key = (section.to_owned(), key.to_ascii_lowercase());
            assert_eq!(in_force(&text).get(&key).unwrap(), value);
        }
        // An older conex wrote one of them.
        std::fs::write(&path, "[diff]\n\trenames = false\n").unwrap();
        settle(dir.path()).unwrap();
        assert_eq!(settled(&std::fs::read_to_string(&path).unwrap()), None);
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".git")).unwrap();
        let other = dir.path().join("other");
        std::fs::write(&other, OPAM).unwrap();
        std::os::unix::fs::symlink(&other, dir.path().join(".git").join(CONFIG)).unwrap();
        assert!(settle(dir.path()).is_err());
        assert_eq!(std::fs::read_to_string(&other).unwrap(), OPAM);
    }
}
