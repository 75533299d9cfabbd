//! The archive reader against readers and writers that are not ours: GNU tar,
//! Python's `tarfile`, opam's recorded trees, and the real opam-repository.
//!
//! A program that is not installed is named, and that part does not run.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use conex::shell::read::read;
use conex_verify::format::digest::Digest;
use conex_verify::tarball;
use conex_verify::tree::{Contents, Tree};

/// Runs a program; `None`, and a line that says so, if it is not installed.
fn run(command: &mut Command) -> Option<Vec<u8>> {
    match command.stderr(Stdio::inherit()).output() {
        Ok(output) => {
            assert!(output.status.success(), "{command:?}");
            Some(output.stdout)
        }
        Err(_) => {
            println!("NOT RUN: {:?} is not installed", command.get_program());
            None
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn put(root: &Path, path: &str, bytes: &[u8]) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, bytes).unwrap();
}

/// A repository with what can be hard for an archive: long names, empty files, sizes
/// around a block, executables, empty directories.
fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    for len in [0, 1, 511, 512, 513, 1024, 70_000] {
        let bytes: Vec<u8> = (0..len).map(|i| u8::try_from(i % 256).unwrap()).collect();
        put(root, &format!("packages/a/a.1/files/{len}"), &bytes);
    }
    let long = "n".repeat(90);
    put(root, &format!("packages/{long}/{long}.1/opam"), b"long");
    put(
        root,
        &format!("packages/a/a.1/files/{}", "m".repeat(99)),
        b"99",
    );
    put(
        root,
        &format!("packages/a/a.1/files/{}", "m".repeat(100)),
        b"100",
    );
    put(root, "packages/a/a.1/opam", b"a");
    put(root, "repo", b"opam-version: \"2.0\"\n");
    put(root, "version", b"0.9.0\n");
    put(root, ".gitignore", b"");
    fs::create_dir_all(root.join("packages/empty/empty.1")).unwrap();
    dir
}

fn same(archive: &Tree, directory: &Tree) {
    assert_eq!(archive.others, directory.others);
    assert_eq!(archive.defects, directory.defects);
    let paths = |tree: &Tree| tree.files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(paths(archive), paths(directory));
    assert!(archive.files == directory.files);
}

#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn what_gnu_tar_packs_is_what_was_there() {
    let dir = repository();
    for contents in [Contents::Judged, Contents::All] {
        let directory = read(dir.path(), contents).unwrap().tree;
        for format in ["gnu", "oldgnu", "ustar", "posix"] {
            for names in [&["."][..], &["packages", "repo", "version", ".gitignore"]] {
                let mut tar = Command::new("tar");
                tar.arg(format!("--format={format}"))
                    .args(["-czhf", "-", "-C"])
                    .arg(dir.path())
                    .args(names);
                let Some(bytes) = run(&mut tar) else { return };
                let tree = tarball::read(&bytes, contents)
                    .unwrap_or_else(|e| panic!("{format} {names:?}: {e}"));
                same(&tree, &directory);
            }
        }
    }
}

#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn what_opam_admin_index_packs_is_what_was_there() {
    let dir = repository();
    fs::remove_file(dir.path().join(".gitignore")).unwrap();
    // opam wants to read what it finds.
    fs::remove_dir_all(dir.path().join("packages/empty")).unwrap();
    let mut opam = Command::new("opam");
    opam.args(["admin", "index"])
        .current_dir(dir.path())
        .env("HOME", dir.path())
        .env("OPAMROOT", dir.path().join("root"))
        .stdout(Stdio::null());
    if run(&mut opam).is_none() {
        return;
    }
    let bytes = fs::read(dir.path().join("index.tar.gz")).unwrap();
    for name in ["index.tar.gz", "urls.txt"] {
        let _ = fs::remove_file(dir.path().join(name));
    }
    let _ = fs::remove_dir_all(dir.path().join("root"));
    let archive = tarball::read(&bytes, Contents::All).unwrap();
    same(&archive, &read(dir.path(), Contents::All).unwrap().tree);
}

#[test]
#[cfg_attr(
    not(all(feature = "oracles", feature = "real-data")),
    ignore = "needs other programs and real repositories: tests/run"
)]
fn the_whole_opam_repository() {
    let path = crate::place::data().join("opam-repository/2026-05-30.tar.gz");
    let Ok(bytes) = fs::read(&path) else {
        println!("NOT RUN: {} is not there", path.display());
        return;
    };
    let archive = tarball::read(&bytes, Contents::All).unwrap();
    assert!(archive.files.len() > 17_000);
    // Unpacking takes minutes on a slow disk; a digest of each file does as well.
    let mut python = Command::new("python3");
    python.args(["-c", DIGESTS]).arg(&path);
    let Some(theirs) = run(&mut python) else {
        return;
    };
    let ours: String = archive
        .files
        .iter()
        .map(|(path, bytes)| format!("{} {path}\n", Digest::of(bytes)))
        .collect();
    assert!(ours.as_bytes() == theirs);
}

/// Prints the digest and the name of each file in an archive.
const DIGESTS: &str = r"
import sys, tarfile, hashlib
found = []
with tarfile.open(sys.argv[1]) as t:
    for m in t:
        if m.isfile():
            digest = hashlib.blake2b(t.extractfile(m).read(), digest_size=32).hexdigest()
            found.append((m.name.encode(), digest))
for name, digest in sorted(found):
    print('blake2b=' + digest, name.decode())
";

/// What each recorded tree that is refused is refused for.
fn reason(name: &str) -> Option<&'static str> {
    match name {
        _ if name.starts_with("symlink") => Some("entries of type '2'"),
        _ if name.starts_with("hardlink") => Some("entries of type '1'"),
        _ if name.contains("fifo") => Some("entries of type '6'"),
        _ => None,
    }
}

#[test]
#[cfg_attr(
    not(all(feature = "oracles", feature = "real-data")),
    ignore = "needs other programs and real repositories: tests/run"
)]
fn recorded_trees_are_read_as_gnu_tar_unpacks_them() {
    let path = crate::place::data().join("hook-recordings.tar.gz");
    if !path.exists() {
        println!("NOT RUN: {} is not there", path.display());
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut tar = Command::new("tar");
    tar.arg("-xzf").arg(&path).arg("-C").arg(dir.path());
    if run(&mut tar).is_none() {
        return;
    }
    let mut accepted = 0;
    let mut refused = Vec::new();
    for case in fs::read_dir(dir.path().join("trees")).unwrap() {
        let case = case.unwrap().path();
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        let files = if case.is_dir() {
            vec![case.join("before.tar"), case.join("after.tar")]
        } else {
            vec![case]
        };
        for file in files.iter().filter(|f| f.exists()) {
            let bytes = gzip(&fs::read(file).unwrap());
            match tarball::read(&bytes, Contents::All) {
                Ok(archive) => {
                    accepted += 1;
                    let out = tempfile::tempdir().unwrap();
                    let mut tar = Command::new("tar");
                    tar.arg("-xf").arg(file).arg("-C").arg(out.path());
                    run(&mut tar);
                    let mut directory = read(out.path(), Contents::All).unwrap().tree;
                    // Permissions are a matter of directories.
                    directory.defects.clear();
                    directory
                        .files
                        .retain(|path, _| archive.get(path).is_some());
                    assert_eq!(archive.files, directory.files, "{name}");
                }
                Err(error) => {
                    let text = error.to_string();
                    if let Some(reason) = reason(&name) {
                        assert!(text.contains(reason), "{name}: {text}");
                    } else {
                        refused.push(format!("{name}: {text}"));
                    }
                }
            }
        }
    }
    println!(
        "{accepted} accepted, refused besides:\n{}",
        refused.join("\n")
    );
    assert!(accepted > 50);
}

/// A small generator of numbers: a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % n
    }
}

/// The plain archive of a small repository in one of the formats.
fn seed(format: &str) -> Option<Vec<u8>> {
    let dir = tempfile::tempdir().unwrap();
    let long = "n".repeat(60);
    put(dir.path(), "packages/a/a.1/opam", b"a");
    put(
        dir.path(),
        &format!("packages/{long}/{long}.1/opam"),
        b"long",
    );
    put(dir.path(), "packages/a/a.2/files/x", &[b'x'; 600]);
    put(dir.path(), "repo", b"r");
    let mut tar = Command::new("tar");
    tar.arg(format!("--format={format}"))
        .args(["-b1", "-cf", "-", "-C"])
        .arg(dir.path())
        .args(["packages", "repo"]);
    run(&mut tar)
}

/// Puts a right checksum into the header at `block`.
fn repair(tar: &mut [u8], block: usize) {
    let Some(header) = tar.get_mut(block * 512..block * 512 + 512) else {
        return;
    };
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|&b| u32::from(b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// One to three small changes of the kind that headers can have.
fn mutate(tar: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = tar.to_vec();
    for _ in 0..=random.below(3) {
        let blocks = bytes.len() / 512;
        let block = random.below(blocks);
        match random.below(8) {
            0 => {
                let other = random.below(blocks);
                let copy = bytes[other * 512..other * 512 + 512].to_vec();
                bytes.splice(block * 512..block * 512, copy);
            }
            1 => drop(bytes.drain(block * 512..block * 512 + 512)),
            2 => bytes.truncate(bytes.len() - random.below(1500).min(bytes.len() - 512)),
            _ => {
                let fields = [
                    0, 99, 100, 107, 124, 135, 136, 156, 157, 257, 263, 264, 345, 499,
                ];
                let field = fields[random.below(fields.len())] + random.below(12);
                let values = b"\0 0127/.5LxgKS\x80\xffab=\n";
                bytes[block * 512 + field.min(511)] = values[random.below(values.len())];
                if random.below(4) > 0 {
                    repair(&mut bytes, block);
                }
            }
        }
    }
    bytes
}

/// Reads archives from standard input, each after its length, and prints one line
/// for each: what files it has.
const PYTHON: &str = r"
import sys, tarfile, io, gzip, struct
data = sys.stdin.buffer
while True:
    head = data.read(4)
    if not head: break
    raw = gzip.decompress(data.read(struct.unpack('<I', head)[0]))
    files = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(raw), mode='r:', errors='surrogateescape') as t:
            for m in t:
                name = m.name[2:] if m.name.startswith('./') else m.name
                if m.isfile():
                    files[name] = t.extractfile(m).read()
                elif not m.isdir():
                    files[name] = b'TYPE ' + m.type
        print(' '.join(n.encode('utf-8', 'surrogateescape').hex() + ':' + c.hex() for n, c in sorted(files.items(), key=lambda x: x[0].encode('utf-8', 'surrogateescape'))))
    except Exception as e:
        print('ERROR', repr(e).replace('\n', ' '))
";

#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn whatever_is_accepted_python_reads_alike() {
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let rounds = std::env::var("CONEX_FUZZ_ROUNDS").map_or(4_000, |n| n.parse().unwrap());
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut accepted: Vec<(Vec<u8>, String)> = Vec::new();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for format in ["gnu", "ustar", "posix"] {
        let Some(tar) = seed(format) else { return };
        for _ in 0..rounds {
            let mut bytes = gzip(&mutate(&tar, &mut random));
            if random.below(10) == 0 {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
            }
            match tarball::read(&bytes, Contents::All) {
                Ok(tree) => {
                    let listing: Vec<String> = tree
                        .files
                        .iter()
                        .map(|(path, content)| format!("{}:{}", hex(path.as_bytes()), hex(content)))
                        .collect();
                    accepted.push((bytes, listing.join(" ")));
                }
                Err(error) => *reasons.entry(error.finding().code.as_str()).or_default() += 1,
            }
        }
    }
    println!("{} accepted, refused: {reasons:?}", accepted.len());
    // Changes that are no changes, or of contents and names, must stay possible.
    assert!(accepted.len() > rounds / 20);
    let child = Command::new("python3")
        .args(["-c", PYTHON])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        println!("NOT RUN: python3 is not installed");
        return;
    };
    let mut input = child.stdin.take().unwrap();
    let archives: Vec<Vec<u8>> = accepted.iter().map(|(bytes, _)| bytes.clone()).collect();
    let writer = std::thread::spawn(move || {
        for bytes in archives {
            let len = u32::try_from(bytes.len()).unwrap();
            input.write_all(&len.to_le_bytes()).unwrap();
            input.write_all(&bytes).unwrap();
        }
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.lines().count(), accepted.len());
    for ((bytes, ours), theirs) in accepted.iter().zip(output.lines()) {
        if ours != theirs {
            let path = std::env::temp_dir().join("conex-difference.tar.gz");
            fs::write(&path, bytes).unwrap();
            panic!("{}:\n  ours   {ours}\n  theirs {theirs}", path.display());
        }
    }
}

#[test]
fn a_gigabyte_from_a_small_file_is_refused_at_once() {
    // Nobody should need more than the limits allow: time and memory.
    let block = |name: &str, size: usize| {
        let mut header = [0; 512];
        let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, name.as_bytes());
        put(100, b"0000644\0");
        put(124, format!("{size:011o}\0").as_bytes());
        put(136, b"00000000000\0");
        put(156, b"0");
        put(257, b"ustar  \0");
        repair(&mut header, 0);
        header
    };
    let zeros = vec![0; 60 << 20];
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for i in 0..17 {
        encoder
            .write_all(&block(&format!("packages/{i}"), zeros.len()))
            .unwrap();
        encoder.write_all(&zeros).unwrap();
    }
    let bytes = encoder.finish().unwrap();
    let start = std::time::Instant::now();
    let error = tarball::read(&bytes, Contents::Judged).unwrap_err();
    let time = start.elapsed();
    println!("{} bytes, {error}, {time:?}", bytes.len());
    assert_eq!(error.kind, tarball::ArchiveErrorKind::Bomb);
    assert!(time.as_secs() < 5);
}
