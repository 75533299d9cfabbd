//! Archives: whatever is accepted holds the same files for the `tar` crate.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use conex_verify::tarball;
use conex_verify::tree::Contents;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tar::{Archive, EntryType};

const BLOCK: usize = 512;

/// Whether the bytes begin as gzip does.
fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x1f\x8b")
}

/// What belongs to these bytes: an archive as it is, or blocks of tar, packed here.
pub fn packed(bytes: &[u8]) -> Vec<u8> {
    match is_gzip(bytes) {
        true => bytes.to_vec(),
        false => {
            let mut out = GzEncoder::new(Vec::new(), flate2::Compression::none());
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
    }
}

/// The same, with blocks of tar made whole: right sums, and an end.
pub fn packed_whole(bytes: &[u8]) -> Vec<u8> {
    match is_gzip(bytes) {
        true => bytes.to_vec(),
        false => packed(&summed(bytes)),
    }
}

pub fn holds(bytes: &[u8]) {
    same(&packed(bytes));
    if !is_gzip(bytes) {
        same(&packed_whole(bytes));
    }
}

fn same(archive: &[u8]) {
    let Ok(tree) = tarball::read(archive, Contents::All) else {
        return;
    };
    let ours = tree
        .files
        .iter()
        .map(|(path, b)| (path.clone(), b.to_vec()));
    let ours: BTreeMap<String, Vec<u8>> = ours.collect();
    // The crate takes a record of PAX for a line. GNU tar does not, and no path of a package has a
    // line feed.
    if tree.files.keys().any(|path| path.contains('\n')) {
        return;
    }
    let theirs = by_the_tar_crate(archive).unwrap();
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&ours), names(&theirs));
    assert!(ours == theirs, "other contents");
    let judged = tarball::read(archive, Contents::Judged).unwrap();
    let part = judged
        .files
        .iter()
        .all(|(path, b)| ours.get(path).is_some_and(|o| o[..] == b[..]));
    assert!(part, "what is judged is no part of the whole");
}

fn by_the_tar_crate(archive: &[u8]) -> std::io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in Archive::new(GzDecoder::new(archive)).entries()? {
        let mut entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        match entry.header().entry_type() {
            EntryType::Regular => {
                let name = name.strip_prefix("./").unwrap_or(&name);
                files.insert(name.to_owned(), content);
            }
            EntryType::Directory => {}
            EntryType::XGlobalHeader => {}
            other => panic!("an entry of type {other:?}"),
        }
    }
    Ok(files)
}

/// The same blocks with the sums of their headers, and two blocks of zeros at the end: a wrong
/// sum would hide the rest.
fn summed(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out.resize(bytes.len().next_multiple_of(BLOCK), 0);
    let mut at = 0;
    while let Some(header) = out.get_mut(at..at + BLOCK) {
        if header.iter().all(|b| *b == 0) {
            break;
        }
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let digits = header[124..136]
            .iter()
            .filter(|b| (b'0'..=b'7').contains(b));
        let size = digits.fold(0, |n: usize, b| n << 3 | usize::from(b - b'0'));
        at += BLOCK + size.min(1 << 20).next_multiple_of(BLOCK);
    }
    out.extend([0; 2 * BLOCK]);
    out
}

/// Archives of each format that is read.
pub fn material() -> Vec<Vec<u8>> {
    let entry = |header: &mut tar::Header, name: &str, content: &[u8], out: &mut Vec<u8>| {
        header.as_mut_bytes()[..name.len().min(100)]
            .copy_from_slice(&name.as_bytes()[..name.len().min(100)]);
        header.set_size(u64::try_from(content.len()).unwrap());
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_cksum();
        out.extend_from_slice(header.as_bytes());
        out.extend_from_slice(content);
        out.resize(out.len().next_multiple_of(BLOCK), 0);
    };
    let long = format!("packages/{0}/{0}.1/opam", "n".repeat(60));
    let mut all = Vec::new();
    for new in [tar::Header::new_gnu, tar::Header::new_ustar] {
        let mut out = Vec::new();
        let file = |kind| {
            let mut header = new();
            header.set_entry_type(kind);
            header
        };
        entry(&mut file(EntryType::Directory), "packages/", b"", &mut out);
        entry(
            &mut file(EntryType::Regular),
            "packages/a/a.1/opam",
            b"opam-version: \"2.0\"\n",
            &mut out,
        );
        entry(&mut file(EntryType::Regular), "./repo", b"", &mut out);
        all.push(out.clone());
        let name = [long.as_bytes(), b"\0"].concat();
        entry(
            &mut file(EntryType::GNULongName),
            "././@LongLink",
            &name,
            &mut out,
        );
        entry(&mut file(EntryType::Regular), &long, b"x", &mut out);
        all.push(out);
        let mut out = Vec::new();
        entry(
            &mut file(EntryType::XGlobalHeader),
            "pax_global_header",
            b"52 comment=0123456789012345678901234567890123456789\n",
            &mut out,
        );
        let record = format!("{} path={long}\n", long.len() + 10);
        entry(
            &mut file(EntryType::XHeader),
            "PaxHeaders/x",
            record.as_bytes(),
            &mut out,
        );
        entry(&mut file(EntryType::Regular), &long, b"x", &mut out);
        all.push(out);
    }
    let whole = packed(&summed(&all[0]));
    all.push(whole);
    all
}
