//! How the program is run: whatever the environment and the user's configuration say, the same
//! bytes come out.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// The first git that merges without a work tree (`git merge-tree --write-tree`).
pub const OLDEST: (u32, u32) = (2, 38);

/// Whose repository is meant: of a hook that git runs, or the one at a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// The environment says where: git runs hooks with `GIT_DIR`, and those of a server
    /// with the directory in which new objects are kept until they are accepted.
    Environment,
    /// The directory says where, whatever the environment holds.
    Directory,
}

/// What of the environment is handed on in any case: where git's own programs and its
/// configuration are (a container's job says in it whose directories are safe).
const HANDED_ON: [&str; 4] = [
    "GIT_EXEC_PATH",
    "GIT_CONFIG",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
];

/// What says where the repository and its objects are.
const PLACES: [&str; 5] = [
    "GIT_DIR",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
];

/// Settings that change what a merge or a listing gives. Of a merge they are git's own
/// defaults: so merges whoever merges, and everybody judges the same tree. (Before git
/// 2.50 its detection of renames cannot be turned off.)
const SETTINGS: [&str; 11] = [
    "core.quotePath=false",
    "merge.renames=true",
    "merge.directoryRenames=conflict",
    "merge.renameLimit=7000",
    "diff.renames=true",
    "diff.renameLimit=1000",
    "diff.algorithm=default",
    // No merge driver resolves a conflict that nobody looked at.
    "merge.default=text",
    "core.attributesFile=",
    "core.fsmonitor=false",
    "gc.auto=0",
];

fn is_handed_on(name: &OsStr, place: Where) -> bool {
    let name = name.to_string_lossy();
    !name.starts_with("GIT_")
        || HANDED_ON.iter().any(|kept| name.starts_with(kept))
        || (place == Where::Environment && PLACES.contains(&&*name))
}

pub(super) fn command(dir: &Path, place: Where) -> Command {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os().filter(|(name, _)| !is_handed_on(name, place)) {
        command.env_remove(name);
    }
    command
        .current_dir(dir)
        .args(["--no-pager", "--no-replace-objects", "--no-optional-locks"])
        .arg("--literal-pathspecs");
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    command
        .env("LC_ALL", "C")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        // Of a partial clone nothing is fetched behind anybody's back, file by file.
        .env("GIT_NO_LAZY_FETCH", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The two numbers of `git version 2.47.3`.
pub(super) fn version(text: &[u8]) -> Option<(u32, u32)> {
    let text = std::str::from_utf8(text).ok()?;
    let mut numbers = text.strip_prefix("git version ")?.split(['.', ' ', '\n']);
    let mut next = || numbers.next()?.parse().ok();
    Some((next()?, next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_all_builds_are_read() {
        for (text, expected) in [
            ("git version 2.47.3\n", Some((2, 47))),
            ("git version 2.39.5 (Apple Git-154)\n", Some((2, 39))),
            ("git version 2.38.0.windows.1\n", Some((2, 38))),
            ("git version 3.0\n", Some((3, 0))),
            ("hub version 2.14\n", None),
            ("", None),
        ] {
            assert_eq!(version(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn the_environment_of_a_hook_leads_nowhere_else() {
        let kept = |name: &str, place| is_handed_on(OsStr::new(name), place);
        for name in [
            "GIT_INDEX_FILE",
            "GIT_WORK_TREE",
            "GIT_NAMESPACE",
            "GIT_TRACE",
        ] {
            assert!(!kept(name, Where::Environment), "{name}");
        }
        for name in ["GIT_DIR", "GIT_OBJECT_DIRECTORY"] {
            assert!(kept(name, Where::Environment), "{name}");
            assert!(!kept(name, Where::Directory), "{name}");
        }
        for name in ["PATH", "HOME", "GIT_CONFIG_COUNT", "GIT_EXEC_PATH"] {
            assert!(kept(name, Where::Directory), "{name}");
        }
    }
}
