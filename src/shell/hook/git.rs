//! Turning git's rename detection off in a clone that opam keeps.
//!
//! git calls a file that was removed and a similar one that was added a rename. Of
//! a rename with changes opam 2.4 and later write the new text to the old path
//! (docs/hook.md, D2), so such a patch is refused, and an honest update would be,
//! too: two of twelve real weeks of opam-repository hold one. The cure is one
//! setting in the clone's own `.git/config`; opam reads it in all versions.

use std::path::Path;

use rustix::fs::{FileType, lstat};

use crate::shell::write::{IN_PLACE, write};

/// Where the setting stands, below `.git`.
const CONFIG: &str = "config";

/// What is appended: of several values git takes the last.
const SETTING: &str = "[diff]\n\trenames = false\n";

/// Largest `.git/config` that is looked at. opam's own have some 300 bytes.
const MAX_CONFIG: u64 = 1 << 20;

/// Makes sure that `git diff` in the clone at `root` detects no renames. Gives the
/// reason if that cannot be done.
///
/// # Errors
/// `.git/config` is not a plain file of its own, or cannot be read or written.
pub fn forbid_renames(root: &Path) -> Result<(), String> {
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
    if renames(&text) == Some(false) {
        return Ok(());
    }
    let newline = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    write(
        &dir,
        CONFIG,
        format!("{text}{newline}{SETTING}").as_bytes(),
        IN_PLACE,
    )
    .map_err(|e| e.to_string())
}

/// The value of `diff.renames` that is in force for certain: `None` if there is
/// none, or something after it could change it.
fn renames(config: &str) -> Option<bool> {
    let mut section = String::new();
    let mut value = None;
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
                value = None;
            }
            // A key can follow on the same line.
            if section == "diff" && !rest.trim_end().ends_with(']') {
                value = None;
            }
        } else if section == "diff"
            && let Some((key, text)) = line.split_once('=')
            && key.trim().eq_ignore_ascii_case("renames")
        {
            value = Some(!matches!(text.trim(), "false" | "no" | "off" | "0"));
        } else if section == "diff" && line.eq_ignore_ascii_case("renames") {
            value = Some(true);
        }
    }
    value
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
            ("[diff]\n\trenames = false\n", Some(false)),
            ("[Diff]\n\tRenames=no\n", Some(false)),
            ("[diff]\n\trenames = copies\n", Some(true)),
            ("[diff]\n\trenames\n", Some(true)),
            (
                "[diff]\n\trenames = false\n[diff]\n\trenames = true\n",
                Some(true),
            ),
            ("[diff \"x\"]\n\trenames = false\n", None),
            ("[diff.x]\n\trenames = false\n", None),
            ("[ diff ]\n\trenames = true\n", Some(true)),
            ("[diff]\n\trenames = false\n[include]\n\tpath = x\n", None),
            ("[diff] renames = true\n", None),
            ("[core]\n\trenames = false\n", None),
            ("[diff]\n\trenames = false # a comment\n", Some(true)),
        ] {
            assert_eq!(renames(config), expected, "{config}");
        }
    }

    #[test]
    fn a_config_gets_the_setting_once() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".git")).unwrap();
        let path = dir.path().join(".git").join(CONFIG);
        std::fs::write(&path, OPAM).unwrap();
        forbid_renames(dir.path()).unwrap();
        forbid_renames(dir.path()).unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            format!("{OPAM}{SETTING}")
        );
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".git")).unwrap();
        let other = dir.path().join("other");
        std::fs::write(&other, OPAM).unwrap();
        std::os::unix::fs::symlink(&other, dir.path().join(".git").join(CONFIG)).unwrap();
        assert!(forbid_renames(dir.path()).is_err());
        assert_eq!(std::fs::read_to_string(&other).unwrap(), OPAM);
    }
}
