//! Every patch that a real opam (2.1.2 and 2.6.1; http, local path, git) handed
//! to a validation hook, and what opam's state was afterwards.
//!
//! Each recorded patch is either applied, and then gives exactly the state that
//! opam ended with, or refused for the reason that `fixtures/recordings-refused.tsv`
//! lists. A refusal that is not listed fails, and so does a listed one that is
//! accepted. What opam's state was is known:
//!
//! * `faithful`: the published tree;
//! * `PARTIAL/DIFFERENT`: the published tree but for the listed paths; where the
//!   list was cut off, from the patch of the next update, which leads from that
//!   state to the published tree, or from there being none;
//! * `unchanged`: opam failed, so accepting would have been wrong.

// Tests read fixtures and start the oracles; only the core may not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Read;

use conex_verify::tree::{Bytes, Tree};
use conex_verify::workbench::patch::{PatchContext, Store, apply};
use sha2::{Digest, Sha256};

type Files = BTreeMap<String, Bytes>;

/// The recordings, by path in the archive.
struct Recordings(BTreeMap<String, Vec<u8>>);

impl Recordings {
    fn load() -> Recordings {
        let path = crate::place::top().join("fixtures/hook-recordings.tar.gz");
        let packed = std::fs::read(path).expect("fixtures/hook-recordings.tar.gz");
        Recordings(unpack(flate2::read::GzDecoder::new(&*packed)))
    }

    fn tree(&self, path: &str) -> Option<Files> {
        let bytes = self.0.get(path)?;
        let files = unpack(&**bytes).into_iter();
        Some(files.map(|(path, bytes)| (path, bytes.into())).collect())
    }
}

/// The regular files of a tar archive, and what its symbolic links lead to: up
/// to opam 2.3, `diff` and `rsync` follow them.
fn unpack_followed(archive: &[u8]) -> Files {
    let mut files = unpack(archive);
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let entry = entry.unwrap();
        let Some(target) = entry.link_name().unwrap() else {
            continue;
        };
        let link = entry.path().unwrap().into_owned();
        let target = link
            .with_file_name(target.as_ref())
            .to_string_lossy()
            .into_owned();
        let link = link.to_string_lossy().trim_start_matches("./").to_owned();
        let target = target.trim_start_matches("./").to_owned();
        let below = files
            .iter()
            .filter_map(|(path, bytes)| Some((path.strip_prefix(&target)?, bytes)))
            .filter(|(rest, _)| rest.is_empty() || rest.starts_with('/'));
        let copies: Vec<_> = below
            .map(|(rest, bytes)| (format!("{link}{rest}"), bytes.clone()))
            .collect();
        files.extend(copies);
    }
    let shared = files.into_iter();
    shared.map(|(path, bytes)| (path, bytes.into())).collect()
}

/// The regular files of a tar archive.
fn unpack(archive: impl Read) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.header().entry_type().is_file() {
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            files.insert(path.trim_start_matches("./").to_owned(), bytes);
        }
    }
    files
}

/// What is known about opam's state after an update.
enum State {
    /// It is the published tree.
    Published,
    /// It is the published tree, but for these paths: length and start of SHA-256, or absent.
    Differs(Vec<(String, Option<(usize, String)>)>),
    /// It differs from the published tree, and the list was cut off.
    Unknown,
    /// It is the tree from before.
    Unchanged,
}

impl State {
    /// Reads the result and the list of differences of a line of `outcome.tsv`.
    fn read(result: &str, list: &str) -> State {
        match result {
            "faithful" | "faithful-but-mode" => State::Published,
            "unchanged" => State::Unchanged,
            "PARTIAL/DIFFERENT" => list
                .split(" ; ")
                .map(difference)
                .collect::<Option<_>>()
                .map_or(State::Unknown, State::Differs),
            other => panic!("unknown result {other}"),
        }
    }

    /// Whether `ours` is this state.
    fn is(&self, ours: &Files, published: &Files) -> Option<bool> {
        match self {
            State::Published => Some(ours == published),
            State::Unknown => None,
            State::Unchanged => Some(false),
            State::Differs(list) => {
                let mut rest = (ours.clone(), published.clone());
                let listed = list.iter().all(|(path, found)| {
                    rest.1.remove(path);
                    match (rest.0.remove(path), found) {
                        (None, None) => true,
                        (Some(bytes), Some((len, sha))) => {
                            bytes.len() == *len && hex(&bytes).starts_with(sha)
                        }
                        _ => false,
                    }
                });
                Some(listed && rest.0 == rest.1)
            }
        }
    }
}

/// The files with content: `diff -ruaN` does not see the others.
fn full(files: &Files) -> BTreeMap<&String, &Bytes> {
    files
        .iter()
        .filter(|(_, bytes)| !bytes.is_empty())
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
}

/// Reads `['PATH', 'exp …', 'got ABSENT']` or `[…, "got file len=N mode=0 sha=H b''"]`.
fn difference(item: &str) -> Option<(String, Option<(usize, String)>)> {
    let path = item.strip_prefix("['")?.split_once("', ")?.0.to_owned();
    let (_, found) = item.strip_suffix(']')?.rsplit_once("got ")?;
    if found == "ABSENT'" {
        return Some((path, None));
    }
    let (len, rest) = found.strip_prefix("file len=")?.split_once(' ')?;
    let sha = rest.split_once("sha=")?.1.get(..8)?;
    Some((path, Some((len.parse().ok()?, sha.to_owned()))))
}

fn run(old: &Files, patch: &[u8], store: Store) -> Result<Files, String> {
    let old = Tree {
        files: old.clone(),
        ..Tree::default()
    };
    let ctx = PatchContext {
        repo_name: "r",
        store,
        posixly_correct: false,
        clone: None,
    };
    match apply(&old, patch, &ctx) {
        Ok(applied) => {
            let differ: BTreeSet<String> = old
                .files
                .keys()
                .chain(applied.tree.files.keys())
                .filter(|path| old.files.get(*path) != applied.tree.files.get(*path))
                .cloned()
                .collect();
            assert_eq!(differ, applied.changed);
            Ok(applied.tree.files)
        }
        Err(error) => {
            let finding = error.finding();
            assert!(
                finding.excerpt.is_some() && !finding.hint.is_empty(),
                "{error}"
            );
            // Of names the finding says more than their kind: one of a version control system, too long.
            let of_name = finding.values.iter().find_map(|(_, value)| {
                let (_, rule) = value.strip_suffix(')')?.rsplit_once('(')?;
                rule.starts_with('D').then_some(rule)
            });
            let rule = of_name.unwrap_or(error.kind().rule());
            let reason = format!("{:?}\t{rule}", error.kind());
            Err(reason.trim_end().to_owned())
        }
    }
}

#[test]
fn every_recorded_patch_is_applied_as_opam_did_or_refused_for_a_listed_reason() {
    let recordings = Recordings::load();
    let base = recordings.tree("trees/base.tar").unwrap();
    let mut faults = Vec::new();
    let mut refused = BTreeSet::new();
    let mut accepted = BTreeMap::<String, usize>::new();
    for version in ["2.1.2", "2.6.1"] {
        for backend in ["http", "local", "git"] {
            let folder = format!("{version}/{backend}");
            let store = match (version, backend) {
                ("2.6.1", "http") => Store::Archive,
                _ => Store::Directory,
            };
            let outcome = &recordings.0[&format!("{folder}/outcome.tsv")];
            for line in String::from_utf8_lossy(outcome).lines().skip(1) {
                let [change, _, _, result, list] = line.splitn(5, '\t').collect::<Vec<_>>()[..]
                else {
                    panic!("{line}");
                };
                let tree = |side: &str| recordings.tree(&format!("trees/{change}/{side}.tar"));
                let before = tree("before").unwrap_or_else(|| base.clone());
                let published = tree("after");
                let patch = |suffix: &str| recordings.0.get(&format!("{folder}/{change}{suffix}"));
                let Some(first) = patch(".patch") else {
                    continue;
                };
                let published = published.unwrap_or_else(|| panic!("{change} has no after.tar"));
                let state = State::read(result, list);
                let case = format!("{version}\t{backend}\t{change}");
                let second = patch(".second.patch");
                let ours = run(&before, first, store);
                let next = match &ours {
                    Ok(ours) => ours,
                    Err(_) if matches!(state, State::Unchanged) => &before,
                    Err(_) => &published,
                };
                let then = second.map(|second| run(next, second, store));
                match &ours {
                    Err(reason) => {
                        refused.insert(format!("{case}\t{reason}"));
                    }
                    Ok(ours) => {
                        *accepted.entry(format!("{version} {backend}")).or_default() += 1;
                        let known = state.is(ours, &published).unwrap_or_else(|| match &then {
                            Some(then) => then.as_ref() == Ok(&published),
                            None => {
                                let after = &recordings.0[&format!("trees/{change}/after.tar")];
                                full(ours) == full(&unpack_followed(after))
                            }
                        });
                        if !known {
                            faults.push(format!(
                                "{case}: accepted, and opam ended with another tree"
                            ));
                        }
                    }
                }
                match then {
                    None => {}
                    Some(Err(reason)) => {
                        refused.insert(format!("{case}.second\t{reason}"));
                    }
                    Some(Ok(then)) => {
                        *accepted.entry(format!("{version} {backend}")).or_default() += 1;
                        if then != published {
                            faults.push(format!(
                                "{case}.second: accepted, and not the published tree"
                            ));
                        }
                    }
                }
            }
        }
    }
    let path = crate::place::top().join("fixtures/recordings-refused.tsv");
    let listed: BTreeSet<String> = std::fs::read_to_string(path)
        .expect("fixtures/recordings-refused.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    faults.extend(
        refused
            .difference(&listed)
            .map(|line| format!("not listed: {line}")),
    );
    faults.extend(
        listed
            .difference(&refused)
            .map(|line| format!("listed, not so: {line}")),
    );
    println!("accepted {accepted:?}, refused {}", refused.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
