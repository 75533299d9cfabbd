//! What to say of a path that has no place in a repository.

use super::{Code, Finding, Remedy, remedy};
use crate::format::name::Release;
use crate::format::path::{CONEX, PACKAGES, PathError, release_dir};

/// V7.1: The finding about a path below `packages/` that the closed list does not have.
pub fn bad_path(path: &str, error: &PathError) -> Finding {
    let (remedy, name) = way_out(path, error);
    Finding::error(Code::BadPath, path, format!("`{path}`: {error}")).remedy(remedy, &name)
}

/// Whether an editor, a file manager or a tool that merges leaves files of this name beside
/// those that people write.
pub fn is_leftover(name: &str) -> bool {
    const NAMES: [&str; 4] = [".DS_Store", "Thumbs.db", "desktop.ini", "Icon\r"];
    const ENDS: [&str; 5] = ["~", ".orig", ".rej", ".bak", ".tmp"];
    const STARTS: [&str; 3] = [".#", "._", "#"];
    let vim = |name: &str| {
        let end = name.rsplit_once('.').map(|(_, end)| end.as_bytes());
        name.starts_with('.') && matches!(end, Some([b's', b'w', b'a'..=b'z']))
    };
    NAMES.contains(&name)
        || ENDS.iter().any(|end| name.ends_with(end))
        || STARTS.iter().any(|start| name.starts_with(start))
        || vim(name)
}

/// What to do about a path, and the name that the words speak of.
fn way_out(path: &str, error: &PathError) -> (&'static Remedy, String) {
    let none = |remedy| (remedy, String::new());
    if path.starts_with(CONEX) {
        return none(&remedy::NO_METADATA);
    }
    let parts: Vec<&str> = path
        .strip_prefix(PACKAGES)
        .unwrap_or(path)
        .split('/')
        .collect();
    let last = parts.last().copied().unwrap_or_default();
    if is_leftover(last) {
        return none(&remedy::LEFTOVER);
    }
    if let PathError::Special { component, .. } = error
        && !component.eq_ignore_ascii_case("opam")
    {
        return none(&remedy::OF_GIT);
    }
    match release_of(&parts) {
        Some((release, true)) => (&remedy::MOVE_RELEASE, release_dir(&release)),
        Some((_, false)) => none(&remedy::NOT_READ),
        None if last.eq_ignore_ascii_case("opam") => none(&remedy::NO_RELEASE),
        None => none(&remedy::NOT_READ),
    }
}

/// The release in whose directory a path lies, and whether that directory is not its place.
fn release_of(parts: &[&str]) -> Option<(Release, bool)> {
    let (_, dirs) = parts.split_last()?;
    let dirs = match dirs {
        [before @ .., "files"] => before,
        dirs => dirs,
    };
    let innermost = dirs.iter().rposition(|dir| Release::new(dir).is_ok())?;
    let release = Release::new(dirs.get(innermost)?).ok()?;
    let before = dirs.get(..innermost).unwrap_or_default();
    let elsewhere = *before != [release.name_str()];
    Some((release, elsewhere))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Reader;
    use crate::format::path::Place;

    /// What somebody in a work tree is told about a path that has no place.
    #[track_caller]
    fn told(path: &str, words: &str) {
        let finding = bad_path(path, &Place::of(path).unwrap_err());
        let hint = finding.hint_for(Reader::WorkTree).into_owned();
        assert!(hint.contains(words), "{path}: {hint}");
    }

    #[test]
    fn whoever_has_a_file_in_the_wrong_place_is_told_where_it_belongs() {
        told("packages/b/b.1.0/b.1.0/opam", "packages/b/b.1.0/");
        told("packages/b/b.1.0/c.2/opam", "packages/c/c.2/");
        told(
            "packages/arch/arch-amd64.1/README.md",
            "packages/arch-amd64/arch-amd64.1/",
        );
        told("packages/c.4.05.0+x/readme", "packages/c/c.4.05.0+x/");
        told("packages/fmt/opam", "packages/NAME/NAME.VERSION/opam");
        told("packages/b/b.1.0/findlib/META", "opam does not read it");
        told("packages/b/b.1.0/a b.txt", "opam does not read it");
        told("packages/b/b.1.0/#opam#", "an editor");
        told("packages/b/.gitignore", "version control");
        told("packages/.conex/notes", "only what conex writes");
    }

    #[test]
    fn what_editors_and_file_managers_leave_is_known_by_name() {
        for name in [
            ".DS_Store",
            "opam~",
            ".opam.swp",
            ".#opam",
            "#opam#",
            "._opam",
            "x.orig",
        ] {
            assert!(is_leftover(name), "{name}");
        }
        for name in [
            "opam",
            ".generated",
            ".keep_me",
            "README.md",
            "b.install",
            ".ocamlformat",
        ] {
            assert!(!is_leftover(name), "{name}");
        }
    }
}
