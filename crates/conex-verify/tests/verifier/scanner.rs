//! The scanner of metadata against the general reader: one takes a file exactly when the other
//! does, and reads the same value. Whatever only one of them took would be a second encoding of
//! what was signed, or a file of honest people that is refused.

use std::collections::BTreeSet;
use std::fmt::Debug;

use conex_verify::format::digest::Digest;
use conex_verify::format::name::{Id, PackageName, Release};
use conex_verify::format::path::{Place, listed_file};
use conex_verify::format::resource::{
    Authorisation, Checksum, Claims, Decode, FileDigest, Kind, Releases, Repo, RepoField, Revision,
    SignedSnapshot, Team, TopFile,
};
use conex_verify::limits::{MAX_EPOCH, MAX_INTEGER, MAX_SYNTAX_VALUES};
use proptest::prelude::*;

use crate::golden_values::Golden;
use crate::metadata::{Tally, both, in_its_place};
use crate::patch_support::cases;
use crate::patch_support::random::Random;
use crate::patch_support::seed;
use crate::world::{World, at, covered, link, opam_path, resealed, vouch};

/// A world with more than one entry in every list.
fn busy() -> World {
    let mut w = covered();
    let janitors = ["ja", "jb", "jc", "jd"];
    w.link(&link(2, &janitors, &janitors[..3]).requiring_snapshot());
    w.joined("carol");
    w.teamed("writers", &["bob", "carol", "ja"]);
    w.owned("lwt", &["carol", "writers"]);
    for release in ["lwt.2.0", "lwt.2.1~beta", "lwt.10"] {
        for file in ["a.patch", "b.patch", "sub/c"] {
            w.file(&format!("packages/lwt/{release}/files/{file}"), file);
        }
        w.released(release, "carol");
    }
    w.file(&opam_path("odd.1"), b"\xff");
    w.claimed(at(0, 2), &["fmt", "lwt", "odd"]);
    let values = [
        ("announce", "\"a \\\"word\\\" \u{e9}\\\\\""),
        ("browse", "\"x\""),
    ];
    let repo = Repo {
        revision: at(2, 3),
        values: values
            .map(|(field, value)| (RepoField::new(field).unwrap(), value.to_owned()))
            .into(),
        files: TopFile::ALL.map(|file| (file, Digest::of(b""))).into(),
    };
    w.file("packages/.conex/repo", repo.encode());
    let entries = ["lwt.2.0", "lwt.10"].map(|release| {
        let digest = Digest::of(release.as_bytes());
        vouch(Kind::Checksum, release, at(1, 20), digest)
    });
    w.says("carol", entries.into());
    w.stated("bob", at(0, 2));
    w
}

/// All metadata of the golden repository and of the busy world.
fn material() -> Vec<(Place, Vec<u8>)> {
    let golden = Golden::make().files;
    let world = busy();
    let paths = world.paths();
    let of_world = paths.iter().map(|path| (path.clone(), world.bytes(path)));
    let all = golden.into_iter().chain(of_world);
    let mut none = Tally::new();
    all.filter_map(|(path, bytes)| Some((Place::of(&path).ok()?, bytes)))
        .filter(|(place, bytes)| {
            let before = none.clone();
            in_its_place(place, bytes, &mut none);
            before != none
        })
        .collect()
}

/// One change of a file: of its bytes, or of its lines.
fn change(random: &mut Random, bytes: &mut Vec<u8>, others: &[(Place, Vec<u8>)]) {
    if bytes.is_empty() {
        return;
    }
    if random.once_in(2) {
        change_bytes(random, bytes);
        return;
    }
    let mut lines = lines(bytes);
    change_lines(random, &mut lines, others);
    *bytes = lines.concat();
}

fn change_bytes(random: &mut Random, bytes: &mut Vec<u8>) {
    const BYTES: &[u8] = b"\" \\[]{}:,0123789aFxZ-_\n\r\t#\xe9\0";
    let at = random.below(bytes.len());
    match random.below(7) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = BYTES[random.below(BYTES.len())],
        2 => drop(bytes.remove(at)),
        3 => {
            let blank = random.pick(&[" ", "\n", "\t", "  ", "# c\n", "(* c *)"]);
            bytes.splice(at..at, blank.bytes());
        }
        4 => {
            let byte = bytes[at];
            let ways = [
                format!("\\x{byte:02x}"),
                format!("\\x{byte:02X}"),
                format!("\\{byte:03}"),
                format!("\\{}", char::from(byte)),
                "\\n".to_owned(),
                "\\x0a\\xc3\\xa9".to_owned(),
                "\\xc3\\xa9\\x7f\\x00".to_owned(),
            ];
            bytes.splice(at..=at, ways[random.below(ways.len())].bytes());
        }
        5 => number(random, bytes, at),
        _ => {
            let tail = random.pick(&["\n", " ", "# c\n", "x: 1\n", "s {}\n", "]"]);
            bytes.extend(tail.bytes());
        }
    }
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let lines = bytes.split_inclusive(|b| *b == b'\n');
    lines.map(<[u8]>::to_vec).collect()
}

fn change_lines(random: &mut Random, all: &mut Vec<Vec<u8>>, others: &[(Place, Vec<u8>)]) {
    let is_entry = |line: &Vec<u8>| line.starts_with(b"  ");
    let (a, b) = (random.below(all.len()), random.below(all.len()));
    match random.below(8) {
        0 => all.swap(a, b),
        1 => all.insert(a, all[b].clone()),
        2 | 3 => drop(all.remove(a)),
        4 => {
            let mut turned = all.clone().into_iter().rev().filter(is_entry);
            for line in all.iter_mut().filter(|line| is_entry(line)) {
                *line = turned.next().unwrap();
            }
        }
        5 | 6 => {
            // An entry of another file, where it belongs.
            let (_, other) = &others[random.below(others.len())];
            let entries: Vec<_> = lines(other).into_iter().filter(is_entry).collect();
            if !entries.is_empty() {
                let entry = entries[random.below(entries.len())].clone();
                let later = |line: &Vec<u8>| is_entry(line) && *line >= entry;
                let place = all.iter().position(later).unwrap_or(a);
                all.insert(place, entry);
            }
        }
        _ => {
            // The same key again, with a value that sorts behind.
            let mut again = all[a].clone();
            let digit = again.iter().rposition(u8::is_ascii_hexdigit);
            digit.into_iter().for_each(|at| again[at] = b'f');
            all.insert(a + 1, again);
        }
    }
}

/// Another number in place of the next one.
fn number(random: &mut Random, bytes: &mut Vec<u8>, at: usize) {
    let digit = |b: &u8| b.is_ascii_digit();
    let Some(start) = bytes[at..].iter().position(digit).map(|n| at + n) else {
        return;
    };
    let length = bytes[start..].iter().take_while(|b| digit(b)).count();
    let last = (MAX_INTEGER.to_string(), (MAX_INTEGER + 1).to_string());
    let epoch = (MAX_EPOCH.to_string(), (MAX_EPOCH + 1).to_string());
    let number = random.pick(&[
        "0",
        "00",
        "01",
        "7",
        "42",
        "-1",
        "-0",
        "1_0",
        "+1",
        "0x1",
        &last.0,
        &last.1,
        &epoch.0,
        &epoch.1,
        "18446744073709551616",
    ]);
    bytes.splice(start..start + length, number.bytes());
}

/// What people made, and what the tools make of it.
#[test]
fn what_is_written_by_conex_is_taken_by_both() {
    let mut tally = Tally::new();
    for (place, bytes) in material() {
        in_its_place(&place, &bytes, &mut tally);
    }
    println!("{tally:?}");
    let types: Vec<&str> = tally.keys().copied().collect();
    let all = "author authorisation checksum claims index janitors releases repo snapshot team";
    assert_eq!(types.join(" "), all);
    assert!(tally.values().all(|[taken, _]| *taken >= 2), "{tally:?}");
}

/// V0.3: Somebody writes a file in another way, and repairs its check line.
#[test]
fn a_file_that_was_changed_is_the_same_to_both() {
    let material = material();
    let mut tally = Tally::new();
    for case in 0..cases(20_000) {
        let mut random = Random(seed() << 32 | u64::try_from(case).unwrap());
        let (place, bytes) = &material[random.below(material.len())];
        let mut bytes = bytes.clone();
        for _ in 0..=random.below(3) {
            change(&mut random, &mut bytes, &material);
        }
        if !random.once_in(6) {
            bytes = resealed(&bytes).unwrap_or(bytes);
        }
        in_its_place(place, &bytes, &mut tally);
    }
    println!("{tally:?}");
    assert_eq!(tally.len(), 10, "{tally:?}");
    if cases(20_000) >= 20_000 {
        assert!(tally.values().flatten().all(|n| *n >= 8), "{tally:?}");
    }
}

/// V0.3: Two entries with one key rise like others by what stands behind the key; a map
/// that keeps one of them would say something else than what was signed.
#[test]
fn a_key_that_is_listed_twice_is_refused_by_both() {
    let w = busy();
    let twice = |path: &str, entry: &str| {
        let text = String::from_utf8(w.bytes(path)).unwrap();
        let line = text.lines().find(|line| line.contains(entry)).unwrap();
        let mut again = line.to_owned();
        let digit = again.rfind(|c: char| c.is_ascii_hexdigit()).unwrap();
        let behind = if &again[digit..=digit] == "f" {
            "e"
        } else {
            "f"
        };
        again.replace_range(digit..=digit, behind);
        let mut both = [line, &again];
        both.sort_unstable();
        let text = text.replace(line, &both.join("\n"));
        resealed(text.as_bytes()).unwrap()
    };
    let mut tally = Tally::new();
    let checksum = twice("packages/lwt/lwt.2.0/checksum", "files/a.patch");
    both::<Checksum>(&checksum, &mut tally);
    let repo = "packages/.conex/repo";
    both::<Repo>(&twice(repo, ".gitignore"), &mut tally);
    both::<Repo>(&twice(repo, "announce"), &mut tally);
    let snapshot = "packages/.conex/snapshot";
    for entry in ["\"bob\"", "\"lwt\""] {
        both::<SignedSnapshot>(&twice(snapshot, entry), &mut tally);
    }
    let refused = [("checksum", [0, 1]), ("repo", [0, 2]), ("snapshot", [0, 2])];
    assert_eq!(tally, refused.into());
}

/// V0.3: A list of more values than the parser takes.
#[test]
fn a_list_that_is_too_long_is_refused_by_both() {
    let mut tally = Tally::new();
    // `format`, `type`, `name`, `epoch`, `counter`, the list itself, and `check`.
    for more in [0, 1] {
        let packages = (0..MAX_SYNTAX_VALUES - 7 + more).map(|n| format!("a{n:07}"));
        let claims = Claims {
            revision: at(0, 1),
            packages: packages.map(|n| PackageName::new(&n).unwrap()).collect(),
        };
        both::<Claims>(&claims.encode(), &mut tally);
    }
    assert_eq!(tally, [("claims", [1, 1])].into());
}

fn revision() -> impl Strategy<Value = Revision> {
    let end = prop_oneof![0..3_u64, MAX_INTEGER - 1..=MAX_INTEGER, 0..=MAX_INTEGER];
    (0..=MAX_EPOCH, end).prop_map(|(epoch, counter)| at(epoch, counter))
}

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest::from_bytes)
}

fn release() -> impl Strategy<Value = Release> {
    let text = "[a-z][a-z+_-]{0,3}\\.[a-z0-9+_.~-]{1,4}";
    text.prop_filter_map("reserved", |text| Release::new(&text).ok())
}

fn checksum() -> impl Strategy<Value = Checksum> {
    let path = "files/[a-zA-Z0-9._+~-]{1,3}(/[a-z.~]{1,3})?";
    let path = path.prop_filter("no path", |path| listed_file(path).is_ok());
    let file = (0..=MAX_INTEGER, digest()).prop_map(|(size, digest)| FileDigest { size, digest });
    let files = prop::collection::btree_map(path.prop_map(Into::into), file, 0..9);
    (release(), revision(), files).prop_map(|(release, revision, files)| Checksum {
        release,
        revision,
        files,
    })
}

/// The values are any text, with quotes, line feeds and letters of every script.
fn repo() -> impl Strategy<Value = Repo> {
    let field = "[a-z][a-z0-9_-]{0,2}".prop_filter_map("free", |text| RepoField::new(&text));
    let values = prop::collection::btree_map(field, any::<String>(), 0..6);
    let file = prop::sample::select(&TopFile::ALL[..]);
    let files = prop::collection::btree_map(file, digest(), 0..3);
    (revision(), values, files).prop_map(|(revision, values, files)| Repo {
        revision,
        values,
        files,
    })
}

fn team() -> impl Strategy<Value = Team> {
    let id = || "[a-zA-Z0-9][a-zA-Z0-9_-]{0,3}".prop_filter_map("taken", |t| Id::new(&t).ok());
    let members = prop::collection::btree_set(id(), 0..9);
    (id(), revision(), members).prop_map(|(id, revision, members)| Team {
        id,
        revision,
        members,
    })
}

fn list() -> impl Strategy<Value = Releases> {
    let releases = prop::collection::vec("[a-z0-9+_.~-]{1,3}", 0..9);
    (release(), revision(), 0..=MAX_INTEGER, releases).prop_map(
        |(of, revision, floor, versions)| {
            let name = of.name();
            let releases = versions.iter().map(|v| format!("{name}.{v}"));
            let releases: BTreeSet<Release> =
                releases.filter_map(|r| Release::new(&r).ok()).collect();
            Releases {
                name,
                revision,
                floor,
                releases,
            }
        },
    )
}

fn owners() -> impl Strategy<Value = Authorisation> {
    (release(), team()).prop_map(|(release, team)| Authorisation {
        name: release.name(),
        revision: team.revision,
        owners: team.members,
    })
}

/// A value is read from what it prints, and a changed print is the same to both.
fn printed<T: Decode + PartialEq + Debug>(value: &T, seed: u64) -> Result<(), TestCaseError> {
    let mut bytes = value.encode();
    let (scanned, parsed) = (T::scan(&bytes), T::parse(&bytes));
    prop_assert_eq!(scanned.as_ref(), Some(value));
    prop_assert_eq!(parsed.as_ref(), Ok(value));
    let mut random = Random(seed);
    let others = [(Place::Repo, bytes.clone())];
    change(&mut random, &mut bytes, &others);
    both::<T>(&resealed(&bytes).unwrap_or(bytes), &mut Tally::new());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_value_is_read_from_what_it_prints(
        checksum in checksum(),
        repo in repo(),
        team in team(),
        list in list(),
        owners in owners(),
        seed in any::<u64>(),
    ) {
        printed(&checksum, seed)?;
        printed(&repo, seed)?;
        printed(&team, seed)?;
        printed(&list, seed)?;
        printed(&owners, seed)?;
    }
}
