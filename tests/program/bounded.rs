//! Hostile input has a bounded cost: time and memory of the real program.
//!
//! The goal is two seconds on two processors and 200 MB. What is measured is the time
//! of the processors, which other work on the machine hardly changes, and the most
//! memory that was resident, both as Linux says. The time is allowed [`SLACK`] times
//! over for a release build, and [`DEBUG_SLACK`] times for a debug build, which is an
//! order of magnitude slower. The release build is used where there is one that is
//! not older than the sources.
#![allow(clippy::disallowed_methods)] // tests read, write and start what they need

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::sizes::{archive, gzip, header, noise, segments};
use crate::world::*;

/// What a refusal may take, of all processors together.
const GOAL: Duration = Duration::from_secs(4);
/// How many times over on a slow or busy machine.
const SLACK: u32 = 3;
/// How many times over without optimisation.
const DEBUG_SLACK: u32 = 20;
/// What may be resident at most, in kB.
const MEMORY: u64 = 300_000;

/// The program, and how much time it has.
pub(crate) fn program() -> (PathBuf, Duration) {
    let debug = PathBuf::from(env!("CARGO_BIN_EXE_conex"));
    let release = debug.with_file_name("../release/conex");
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let newest = newest(&top.join("src")).max(newest(&top.join("crates/conex-verify/src")));
    let fresh = std::fs::metadata(&release)
        .and_then(|m| m.modified())
        .is_ok_and(|made| made >= newest);
    if fresh {
        (release, GOAL * SLACK)
    } else {
        println!("no release build that is up to date: a debug build is measured");
        (debug, GOAL * DEBUG_SLACK)
    }
}

fn newest(dir: &Path) -> std::time::SystemTime {
    std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() {
                newest(&path)
            } else {
                path.metadata().unwrap().modified().unwrap()
            }
        })
        .max()
        .unwrap_or(std::time::SystemTime::UNIX_EPOCH)
}

/// The time that the processors spent on it so far.
fn spent(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    // Linux counts in hundredths of a second here.
    Some(Duration::from_millis(10 * (user + system)))
}

/// The most that was resident so far, in kB.
fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Runs the program, which must refuse within the limits; gives what it said.
#[track_caller]
fn refused(what: &str, args: &[String]) -> String {
    refused_within(MEMORY, what, args)
}

#[track_caller]
fn refused_within(most: u64, what: &str, args: &[String]) -> String {
    let (_, limit) = program();
    let cost = measured(what, args);
    let text = cost.text;
    assert!(cost.time < limit, "{what}: {:?}\n{text}", cost.time);
    assert!(cost.memory < most, "{what}: {} kB\n{text}", cost.memory);
    assert_eq!(cost.status, Some(1), "{what}\n{text}");
    text
}

/// What a run of the program took, and what it said.
pub(crate) struct Cost {
    /// Of all processors together.
    pub time: Duration,
    /// The most that was resident, in kB.
    pub memory: u64,
    /// The exit status; none of a run that was ended because it took too long.
    pub status: Option<i32>,
    /// The start of standard error.
    pub text: String,
}

/// Runs `conex verify`, at most until its time is up.
pub(crate) fn measured(what: &str, args: &[String]) -> Cost {
    let (program, limit) = program();
    let dir = tempfile::tempdir().unwrap();
    let log = std::fs::File::create(dir.path().join("log")).unwrap();
    let start = Instant::now();
    let mut time = Duration::ZERO;
    let mut child = Command::new(program)
        .arg("verify")
        .args(args)
        .env_clear()
        .env("HOME", dir.path())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut memory = 0;
    let status = loop {
        memory = memory.max(peak(child.id()).unwrap_or(0));
        time = time.max(spent(child.id()).unwrap_or_default());
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if time > limit {
            child.kill().unwrap();
            break child.wait().unwrap().code();
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let text = std::fs::read(dir.path().join("log")).unwrap();
    let text: String = String::from_utf8_lossy(&text).chars().take(3000).collect();
    println!(
        "{what}: {:.2} s of processors, {:.2} s, {} MB, status {status:?}: {}",
        time.as_secs_f64(),
        start.elapsed().as_secs_f64(),
        memory / 1000,
        text.lines().next().unwrap_or_default()
    );
    Cost {
        time,
        memory,
        status,
        text,
    }
}

/// Anchors and quorum of the usual world.
pub(crate) fn trust(world: &World) -> Vec<String> {
    let keys: Vec<String> = world
        .anchors
        .iter()
        .map(|a| fingerprint(a).to_string())
        .collect();
    vec![
        format!("--anchors={}", keys.join(",")),
        format!("--quorum={}", world.quorum),
        "--nostrict".to_owned(),
    ]
}

#[track_caller]
fn archive_refused(what: &str, gz: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.tar.gz.new");
    std::fs::write(&path, gz).unwrap();
    let mut args = trust(&World::usual());
    args.push(format!("--dir={}", path.display()));
    args.push("--repo=/nowhere/r.tar.gz".to_owned());
    refused(&format!("{what} ({} kB)", gz.len() / 1000), &args)
}

/// The usual world with these files, as a directory.
#[track_caller]
fn tree_refused(what: &str, files: &[(&str, Vec<u8>)]) -> String {
    let (world, dir) = placed(files);
    let mut args = trust(&world);
    args.push(format!("--dir={}", dir.path().join("r").display()));
    args.push("--repo=/nowhere/r".to_owned());
    refused(what, &args)
}

/// The patch, on the usual world with these files.
#[track_caller]
fn patch_refused(what: &str, files: &[(&str, Vec<u8>)], patch: &[u8]) -> String {
    let (world, dir) = placed(files);
    let file = dir.path().join("patch");
    std::fs::write(&file, patch).unwrap();
    let mut args = trust(&world);
    args.push(format!("--repo={}", dir.path().join("r").display()));
    args.push(format!("--patch={}", file.display()));
    args.push("--incremental=true".to_owned());
    refused(&format!("{what} ({} kB)", patch.len() / 1000), &args)
}

fn placed(files: &[(&str, Vec<u8>)]) -> (World, tempfile::TempDir) {
    let mut world = World::usual();
    for (path, bytes) in files {
        world.file(path, bytes);
    }
    let dir = tempfile::tempdir().unwrap();
    for (path, bytes) in &world.tree.files {
        let path = dir.path().join("r").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    (world, dir)
}

/// A megabyte that becomes a gigabyte: nothing but zeros; in one file; in files that
/// are each as large as they may be; in names.
#[test]
fn a_gigabyte_out_of_a_megabyte() {
    let zeros = vec![0; 1 << 20];
    let only = gzip(|to| (0..1024).for_each(|_| to.write_all(&zeros).unwrap()));
    archive_refused("zeros", &only);
    let one = gzip(|to| {
        to.write_all(&header("packages/a/a.1/opam", 1 << 30, b'0'))
            .unwrap();
        (0..1024).for_each(|_| to.write_all(&zeros).unwrap());
    });
    archive_refused("one file", &one);
    let many = gzip(|to| {
        for n in 0..16 {
            let name = format!("packages/a/a.{n}/opam");
            to.write_all(&header(&name, 64 << 20, b'0')).unwrap();
            (0..64).for_each(|_| to.write_all(&zeros).unwrap());
        }
        to.write_all(&[0; 1024]).unwrap();
    });
    archive_refused("files", &many);
    let names = gzip(|to| {
        for _ in 0..2048 {
            to.write_all(&header("././@LongLink", 512 << 10, b'L'))
                .unwrap();
            to.write_all(&zeros[..512 << 10]).unwrap();
        }
    });
    archive_refused("names", &names);
}

/// More entries than a tree may have, each different; and long names without end.
#[test]
fn a_million_entries() {
    let entries = |name: &dyn Fn(u64) -> String| {
        gzip(|to| {
            for n in 0..1_000_001 {
                to.write_all(&header(&name(n), 0, b'0')).unwrap();
            }
            to.write_all(&[0; 1024]).unwrap();
        })
    };
    archive_refused("files", &entries(&|n| format!("packages/a/a.{n}/opam")));
    let odd = entries(&|n| format!("packages/{}", noise(n + 1, 48)));
    archive_refused("files with names that do not compress", &odd);
    let directories = gzip(|to| {
        for n in 0..1_000_001 {
            to.write_all(&header(&format!("{}/", noise(n + 1, 48)), 0, b'5'))
                .unwrap();
        }
    });
    archive_refused("directories", &directories);
    let long = gzip(|to| {
        for n in 0..300_000 {
            let mut name = noise(n + 1, 240);
            name.insert(90, '/');
            name.insert(180, '/');
            to.write_all(&header("././@LongLink", 243, b'L')).unwrap();
            let mut block = [0; 512];
            block[..name.len()].copy_from_slice(name.as_bytes());
            to.write_all(&block).unwrap();
            to.write_all(&header(&name[..100], 0, b'0')).unwrap();
        }
    });
    archive_refused("long names", &long);
}

/// A patch of a million hunks, which fit; of a million sections; of one endless line.
#[test]
fn a_million_hunks_and_an_endless_line() {
    let path = opam_path("fmt.1.0");
    let old = "a\nb\nc\nd\n".repeat(1_000_000).into_bytes();
    let mut patch = format!(
        "diff --git b/{path} a/{path}\nindex 1234567..2345678 100644\n--- b/{path}\n+++ a/{path}\n"
    );
    for n in 0..1_000_000 {
        let at = 4 * n + 1;
        patch += &format!("@@ -{at},3 +{at},3 @@\n a\n-b\n+B\n c\n");
    }
    patch_refused("a million hunks", &[(&path, old.clone())], patch.as_bytes());
    patch += "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n";
    patch_refused("and one that is wrong", &[(&path, old)], patch.as_bytes());
    let mut sections = String::new();
    for n in 0..1_000_000 {
        sections +=
            &format!("--- /dev/null\n+++ r.new/packages/a/a.{n}/opam\n@@ -0,0 +1,1 @@\n+x\n");
    }
    patch_refused("a million sections", &[], sections.as_bytes());
    for (what, start) in [
        ("a line at the start", ""),
        ("a name", "diff -ruaN r/"),
        ("a header", "--- r/repo\n+++ r.new/repo\n@@ -1,1 "),
        (
            "a line of a hunk",
            "--- r/repo\n+++ r.new/repo\n@@ -1,1 +1,1 @@\n-",
        ),
    ] {
        for end in ["", "\n"] {
            let line = [start.as_bytes(), &vec![b'x'; 64 << 20], end.as_bytes()].concat();
            patch_refused(what, &[], &line);
        }
    }
}

/// Files of 64 MB that are one line, one word, one string, one comment.
#[test]
fn an_endless_line_in_a_file() {
    let long = |start: &str, fill: u8, end: &str| {
        [
            start.as_bytes(),
            &vec![fill; (64 << 20) - 100],
            end.as_bytes(),
        ]
        .concat()
    };
    let opam = opam_path("fmt.1.0");
    for path in [
        &*opam,
        "repo",
        "packages/fmt/releases",
        "packages/.conex/ids/bob",
    ] {
        tree_refused(&format!("a word in {path}"), &[(path, long("", b'x', ""))]);
        tree_refused(
            &format!("a string in {path}"),
            &[(path, long("a: \"", b'x', "\"\n"))],
        );
        tree_refused(&format!("zeros in {path}"), &[(path, long("", 0, ""))]);
        tree_refused(&format!("lines in {path}"), &[(path, long("", b'\n', ""))]);
    }
}

/// Depth, in each way that the syntax knows, and chains of operators.
#[test]
fn deep_and_long_expressions() {
    let opam = opam_path("fmt.1.0");
    for (what, open, fill, close) in [
        ("lists", "a: ", "[", ""),
        ("groups", "a: ", "(", ""),
        ("options", "a: \"x\"", " {", ""),
        ("not", "a: ", "!", "b"),
        ("relations", "a: ", "<=", "b"),
        ("and", "a: b", " & b", ""),
        ("or", "a: (b", " | b", ")"),
        ("and or", "a: [ b {", "c & d | ", "e } ]"),
        ("sections", "", "a { ", ""),
        ("sections with names", "", "a \"b\" {\n", ""),
    ] {
        let text = format!("{open}{}{close}\n", fill.repeat(10_000_000 / fill.len()));
        for path in [&*opam, "packages/fmt/releases"] {
            tree_refused(
                &format!("{what} in {path}"),
                &[(path, text.clone().into_bytes())],
            );
        }
    }
}

/// Lists of metadata with as many entries as fit, and with more.
#[test]
fn huge_lists_of_metadata() {
    let list = |count: usize| {
        let mut text = String::from(
            "format: 1\ntype: \"releases\"\nname: \"fmt\"\nepoch: 0\ncounter: 1\nfloor: 0\nreleases: [\n",
        );
        for n in 0..count {
            text += &format!("  \"fmt.{n:07}\"\n");
        }
        text += "]\ncheck: \"0000000000000000\"\n";
        text.into_bytes()
    };
    for count in [999_000, 3_000_000] {
        tree_refused(
            &format!("{count} releases"),
            &[("packages/fmt/releases", list(count))],
        );
    }
    let paths: Vec<String> = (0..8).map(|n| format!("packages/p{n}/releases")).collect();
    let many: Vec<(&str, Vec<u8>)> = paths.iter().map(|p| (p.as_str(), list(300_000))).collect();
    tree_refused("8 times 300,000 releases", &many);
}

/// As many segments as may be, each with a signature to check, which fails; and more.
/// The limit is what bounds the time: 60 microseconds each, and a finding for each.
#[test]
fn a_hundred_thousand_segments() {
    use conex_verify::limits::MAX_SEGMENTS;
    for count in [MAX_SEGMENTS - 10, MAX_SEGMENTS + 1] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.tar.gz.new");
        std::fs::write(&path, archive(&segments(count))).unwrap();
        let mut args = trust(&World::usual());
        args.push(format!("--dir={}", path.display()));
        args.push("--repo=/nowhere/r.tar.gz".to_owned());
        refused_within(MEMORY * 3 / 2, &format!("{count} segments"), &args);
    }
}
