//! C14: what some opam applies differently from another. A client that applies something else than
//! what is published refuses it, or has other files than the rest.

use std::collections::BTreeMap;

use conex_verify::finding::{Code, Finding};
use conex_verify::format::path::Place;
use conex_verify::tree::Tree;

/// What changes of the tree of a published branch are not applied alike. One finding for each
/// directory from which a file goes, and one for each other path; the numbers are those of
/// docs/hook.md.
pub fn judge(old: &Tree, new: &Tree) -> Vec<Finding> {
    let mut findings = removed_beside_others(old, new);
    for (path, bytes) in &new.files {
        let before = old.files.get(path);
        if before.is_some_and(|before| before == bytes) {
            continue;
        }
        findings.extend(match before {
            _ if bytes.is_empty() => Some(of_empty(path, "becomes one, or comes")),
            None => is_other_kind(old, path).or_else(|| not_portable(path)),
            Some(_) => None,
        });
        if is_binary(bytes) || before.is_some_and(|before| is_binary(before)) {
            findings.push(of_binary(path));
        }
        let name = path.rsplit('/').next().unwrap_or_default();
        if path.contains('/') && matches!(name, ".gitattributes" | ".gitignore") {
            findings.push(of_git(path));
        }
    }
    let gone = old
        .files
        .iter()
        .filter(|(path, _)| !new.files.contains_key(*path));
    for (path, bytes) in gone {
        if bytes.is_empty() {
            findings.push(of_empty(path, "goes"));
        } else if is_binary(bytes) {
            findings.push(of_binary(path));
        }
    }
    findings
}

/// D11: opam 2.6 over http removes the whole directory of a file that goes.
fn removed_beside_others(old: &Tree, new: &Tree) -> Vec<Finding> {
    let mut directories: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for path in old
        .files
        .keys()
        .filter(|path| !new.files.contains_key(*path))
    {
        // The snapshot is of what is published, and left out here.
        if matches!(Place::of(path), Ok(Place::Snapshot)) {
            continue;
        }
        let Some((directory, _)) = path.rsplit_once('/') else {
            continue;
        };
        let below = format!("{directory}/");
        let stays = new.files.range(below.clone()..).next();
        if let Some((stays, _)) = stays.filter(|(path, _)| path.starts_with(&below)) {
            directories.entry(directory).or_insert((path, stays));
        }
    }
    let finding = |(directory, (goes, stays)): (&str, (&str, &str))| {
        Finding::error(
            Code::PatchAmbiguous,
            goes,
            format!("a file goes from `{directory}/`, and others stay: opam 2.6 loses them as well"),
        )
        .value("goes", goes)
        .value("stays", stays)
        .hint("keep the file; or let the whole directory go, and bring what stays under another name, as a release of another version")
    };
    directories.into_iter().map(finding).collect()
}

/// D17, D19: an empty file is in no patch of GNU diff.
fn of_empty(path: &str, what: &str) -> Finding {
    Finding::error(
        Code::PatchAmbiguous,
        path,
        format!("an empty file {what}: opam 2.0 to 2.3 do not bring it along"),
    )
    .hint("fill it with one line feed, in a change of its own; then it may go")
}

/// Whether git takes a file for binary: a byte 0 among the first that it looks at.
fn is_binary(bytes: &[u8]) -> bool {
    bytes.iter().take(8_000).any(|&byte| byte == 0)
}

/// D20: opam 2.0 has git make a patch without the bytes of such a file.
fn of_binary(path: &str) -> Finding {
    Finding::warning(
        Code::PatchAmbiguous,
        path,
        format!("`{path}` holds a byte 0: opam 2.0 does not apply the change where it follows the repository with git"),
    )
    .hint("encode the file as text, if somebody does that")
}

/// D10: a file where a directory was, or the reverse.
fn is_other_kind(old: &Tree, path: &str) -> Option<Finding> {
    let below = format!("{path}/");
    let directory = old.files.range(below.clone()..).next();
    let directory = directory.is_some_and(|(other, _)| other.starts_with(&below));
    let file = path.match_indices('/').find_map(|(at, _)| {
        let parent = path.get(..at)?;
        old.files.contains_key(parent).then_some(parent)
    });
    let what = match (directory, file) {
        (true, _) => format!("`{path}` was a directory and becomes a file"),
        (_, Some(parent)) => format!("`{parent}` was a file and becomes a directory"),
        _ => return None,
    };
    Some(
        Finding::error(
            Code::PatchAmbiguous,
            path,
            format!("{what}: no opam applies that"),
        )
        .hint(
            "take another name; or remove the one in a change of its own, before the other comes",
        ),
    )
}

/// D14, D15: git decides by them which bytes a clone has.
fn of_git(path: &str) -> Finding {
    Finding::error(
        Code::PatchAmbiguous,
        path,
        format!("`{path}` decides which files and bytes a clone has, and an archive has others"),
    )
    .hint("such a file lies at the top alone, where a quorum approves it")
}

/// A new name that a file system of Windows cannot hold.
fn not_portable(path: &str) -> Option<Finding> {
    let reserved = |part: &str| {
        let stem = part
            .split('.')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let digit = stem.strip_prefix("com").or(stem.strip_prefix("lpt"));
        matches!(stem.as_str(), "con" | "prn" | "aux" | "nul")
            || digit.is_some_and(|n| matches!(n.as_bytes(), [b'1'..=b'9']))
    };
    let why = path.split('/').find_map(|part| {
        if reserved(part) {
            Some("a name that Windows reserves")
        } else if part.ends_with(['.', ' ']) {
            Some("a name that Windows writes without its last character")
        } else if part.contains(|c: char| c.is_control() || "<>:\"|?*\\".contains(c)) {
            Some("a name with a character that Windows has for other things")
        } else {
            None
        }
    })?;
    Some(
        Finding::error(Code::PatchAmbiguous, path, format!("`{path}` has {why}"))
            .hint("take another name: some users cannot have this one"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        for (path, text) in files {
            tree.files
                .insert((*path).to_owned(), text.as_bytes().into());
        }
        tree
    }

    #[test]
    fn each_shape_is_named_once_and_what_all_apply_alike_is_not() {
        let old = [
            ("repo", "r\n"),
            ("doc/a", "a\n"),
            ("doc/b", "b\n"),
            ("packages/.keep", ""),
            ("packages/x/x.1/opam", "o\n"),
            ("packages/x/x.1/checksum", "c\n"),
        ];
        let with = |more: &[(&str, &str)], without: &[&str]| {
            let mut new = tree(&old);
            without
                .iter()
                .for_each(|path| drop(new.files.remove(*path)));
            new.files.extend(tree(more).files);
            judge(&tree(&old), &new)
        };
        for (more, without, path) in [
            (&[][..], &["doc/a"][..], "doc/a"),
            (&[("doc/e", "")], &[], "doc/e"),
            (&[("doc/a", "")], &[], "doc/a"),
            (&[], &["packages/.keep"], "packages/.keep"),
            (&[("doc/a/x", "x\n")], &["doc/a"], "doc/a/x"),
            (&[("doc", "x\n")], &["doc/a", "doc/b"], "doc"),
            (&[("doc/.gitattributes", "x\n")], &[], "doc/.gitattributes"),
            (&[("doc/nul.txt", "x\n")], &[], "doc/nul.txt"),
            (&[("doc/com7", "x\n")], &[], "doc/com7"),
            (&[("doc/x.", "x\n")], &[], "doc/x."),
            (&[("doc/a:b", "x\n")], &[], "doc/a:b"),
            (&[("doc/bin", "x\0\n")], &[], "doc/bin"),
        ] {
            let found = with(more, without);
            assert!(found.iter().any(|f| f.path == path), "{path}: {found:?}");
            assert!(found.iter().all(|f| f.code == Code::PatchAmbiguous));
        }
        for (more, without) in [
            (&[("doc/c", "c\n")][..], &[][..]),
            (&[("doc/a", "other\n")], &[]),
            (&[], &["doc/a", "doc/b"]),
            (&[], &["packages/x/x.1/opam", "packages/x/x.1/checksum"]),
            (&[], &["repo"]),
            (&[("packages/.keep", "\n")], &[]),
            (&[("doc/console", "x\n"), ("doc/com10", "x\n")], &[]),
        ] {
            let found = with(more, without);
            assert!(found.is_empty(), "{found:?}");
        }
    }
}
