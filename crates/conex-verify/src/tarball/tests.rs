//! Archives as opam and `tar` write them, and as an attacker does.

mod pax;

use std::io::Write as _;

use super::ArchiveErrorKind as Kind;
use super::*;
use crate::tree::DefectKind;

fn gzip(tar: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(tar).unwrap();
    encoder.finish().unwrap()
}

/// A header, before its checksum is put in.
struct Block([u8; 512]);

impl Block {
    fn gnu(kind: u8, name: &str, size: usize) -> Block {
        let mut block = Block([0; 512]);
        block.put(0, name.as_bytes());
        block.put(100, b"0000644\0");
        block.put(108, b"0000000\0");
        block.put(116, b"0000000\0");
        block.put(124, format!("{size:011o}\0").as_bytes());
        block.put(136, b"14544400200\0");
        block.put(156, &[kind]);
        block.put(257, b"ustar  \0");
        block
    }

    fn posix(kind: u8, prefix: &str, name: &str, size: usize) -> Block {
        let mut block = Block::gnu(kind, name, size);
        block.put(257, b"ustar\x0000");
        block.put(345, prefix.as_bytes());
        block
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn with(mut self, at: usize, bytes: &[u8]) -> Block {
        self.put(at, bytes);
        self
    }

    fn done(mut self) -> [u8; 512] {
        self.put(148, b"        ");
        let sum: u32 = self.0.iter().map(|&b| u32::from(b)).sum();
        self.put(148, format!("{sum:06o}\0 ").as_bytes());
        self.0
    }
}

/// An archive under construction.
#[derive(Default, Clone)]
struct Tar(Vec<u8>);

impl Tar {
    fn raw(mut self, header: Block, content: &[u8]) -> Tar {
        self.0.extend_from_slice(&header.done());
        self.0.extend_from_slice(content);
        let len = self.0.len().next_multiple_of(512);
        self.0.resize(len, 0);
        self
    }

    fn file(self, name: &str, content: &str) -> Tar {
        self.raw(Block::gnu(b'0', name, content.len()), content.as_bytes())
    }

    fn dir(self, name: &str) -> Tar {
        self.raw(Block::gnu(b'5', name, 0), b"")
    }

    fn long(self, name: &str) -> Tar {
        let content = format!("{name}\0");
        let header = Block::gnu(b'L', "././@LongLink", content.len());
        self.raw(header, content.as_bytes())
    }

    fn pax(self, records: &str) -> Tar {
        let header = Block::posix(b'x', "", "./PaxHeaders/x", records.len());
        self.raw(header, records.as_bytes())
    }

    fn global(self, records: &str) -> Tar {
        let header = Block::posix(b'g', "", "pax_global_header", records.len());
        self.raw(header, records.as_bytes())
    }

    fn bytes(mut self, more: &[u8]) -> Tar {
        self.0.extend_from_slice(more);
        self
    }

    fn end(self) -> Vec<u8> {
        gzip(&self.bytes(&[0; 1024]).0)
    }

    fn read(self) -> Result<Tree, Kind> {
        read(&self.end(), Contents::Judged).map_err(|e| e.kind)
    }

    fn paths(self) -> Vec<String> {
        self.read().unwrap().files.into_keys().collect()
    }
}

fn tar() -> Tar {
    Tar::default()
}

/// A small repository as `tar` writes it.
fn repository() -> Tar {
    tar()
        .dir("packages/")
        .dir("packages/a/")
        .dir("packages/a/a.1/")
        .file("packages/a/a.1/opam", "a1")
        .file("repo", "r")
        .file("version", "0.9.0")
}

fn rejects(archive: Tar, kind: Kind) {
    assert_eq!(archive.read().unwrap_err(), kind);
}

#[test]
fn an_archive_of_tar_is_a_tree() {
    let tree = repository().read().unwrap();
    assert_eq!(&**tree.get("packages/a/a.1/opam").unwrap(), b"a1");
    assert_eq!(&**tree.get("repo").unwrap(), b"r");
    assert_eq!(tree.others, ["version"]);
    assert_eq!(tree.defects, []);
    let all = read(&repository().end(), Contents::All).unwrap();
    assert_eq!(&**all.get("version").unwrap(), b"0.9.0");
    assert_eq!(all.others, [""; 0]);
}

#[test]
fn an_archive_of_opam_has_only_files_and_prefixes() {
    let long = "n".repeat(60);
    let paths = tar()
        .raw(
            Block::posix(
                b'0',
                &format!("packages/{long}"),
                &format!("{long}.1/opam"),
                1,
            ),
            b"x",
        )
        .raw(Block::posix(b'0', "", "repo", 0), b"")
        .paths();
    assert_eq!(
        paths,
        [format!("packages/{long}/{long}.1/opam"), "repo".to_owned()]
    );
}

#[test]
fn names_with_a_leading_dot_and_the_top_itself() {
    let paths = tar()
        .dir("./")
        .dir("./packages/")
        .file("./packages/x", "")
        .dir("./doc")
        .paths();
    assert_eq!(paths, ["packages/x"]);
    assert_eq!(
        tar().dir("./").dir("./doc").read().unwrap().others,
        ["doc/"]
    );
}

#[test]
fn long_names_of_both_kinds() {
    let name = format!("packages/{}/{}", "a".repeat(90), "b".repeat(90));
    let paths = tar().long(&name).file(&name[..99], "1").paths();
    assert_eq!(paths, [name.as_str()]);
    let record = format!("path={name}\n");
    let record = format!("{} {record}", record.len() + 4);
    let times = "20 mtime=1700000000.\n";
    assert_eq!(times.len(), 21);
    let times = "21 mtime=1700000000.\n";
    let paths = tar()
        .pax(&format!("{times}{record}"))
        .file(&name[..99], "1")
        .paths();
    assert_eq!(paths, [name]);
    for (record, fits) in [
        ("mtime=1700000000.123456789", true),
        ("mtime=-1.5", true),
        ("atime=now", false),
        ("ctime=", false),
        ("mtime=1e9", false),
        ("mtime=1234567890123456789", false),
        ("uid=4294967295", true),
        ("uid=4294967296", false),
        ("gid=0x", false),
        ("gid=+1", false),
    ] {
        let record = format!("{} {record}\n", record.len() + 4);
        let said = tar().pax(&record).file("packages/x", "1").read();
        assert_eq!(said.is_ok(), fits, "{record}");
    }
    // Only times: the name is that of the header.
    assert_eq!(
        tar().pax(times).file("packages/x", "1").paths(),
        ["packages/x"]
    );
}

#[test]
fn d12_a_name_twice() {
    // The loader takes the first, diff and rewrite the last.
    let twice = |a: &str, b: &str| repository().file(a, "1").file(b, "2");
    rejects(
        repository().file("packages/a/a.1/opam", "evil"),
        Kind::Duplicate,
    );
    rejects(twice("packages/x", "./packages/x"), Kind::Duplicate);
    rejects(repository().dir("packages/a"), Kind::Duplicate);
    rejects(tar().dir("./").dir("."), Kind::Duplicate);
    rejects(
        tar()
            .long("packages/x")
            .file("packages", "")
            .file("packages/x", ""),
        Kind::Duplicate,
    );
    // A reader that does not know `L` sees the second name.
    rejects(tar().long("packages/x").file("y", ""), Kind::ShortName);
}

#[test]
fn a_name_of_a_file_and_a_directory() {
    let both = |name: &str| Kind::FileAndDirectory(name.to_owned());
    rejects(tar().file("x/y", "").file("x", ""), both("x"));
    rejects(tar().file("x", "").file("x/y", ""), both("x"));
    rejects(tar().file("x", "").file("x/y/z", ""), both("x"));
    rejects(tar().file("x", "").dir("x/"), both("x"));
    rejects(tar().dir("x/").file("x", ""), both("x"));
    rejects(tar().file("x/y", "").file("x/y/z", ""), both("x/y"));
    rejects(tar().file("x/y/z", "").file("x/y", ""), both("x/y"));
}

#[test]
fn d12_one_zero_block_does_not_end_an_archive() {
    rejects(
        repository().bytes(&[0; 512]).file("packages/late", ""),
        Kind::OneZeroBlock,
    );
    rejects(
        repository().bytes(&[0; 1024]).file("packages/late", ""),
        Kind::AfterEnd,
    );
    // What `tar` pads with is fine; what nothing writes is not.
    let padded = |n: usize| repository().bytes(&vec![0; n]).read();
    assert!(padded(512).is_ok());
    assert!(padded(19 * 512).is_ok());
    assert_eq!(padded(2 << 20).unwrap_err(), Kind::Padding);
    let one_block_only = gzip(&repository().bytes(&[0; 512]).0);
    let kind = |bytes: &[u8]| read(bytes, Contents::Judged).unwrap_err().kind;
    assert!(matches!(kind(&one_block_only), Kind::Truncated(_)));
    assert!(matches!(kind(&gzip(&repository().0)), Kind::Truncated(_)));
    assert!(matches!(kind(&gzip(b"")), Kind::Truncated(_)));
    let half = gzip(&repository().bytes(&[0; 1300]).0);
    assert!(matches!(kind(&half), Kind::Truncated(_)));
}

#[test]
fn d12_types_that_readers_take_for_files_or_follow() {
    for kind in *b"1234678KSDVMNXAz\x01 " {
        rejects(
            repository().raw(Block::gnu(kind, "packages/x", 0), b""),
            Kind::Type(char::from(kind)),
        );
    }
    // NUL is the type of a file in old archives, and a name with a slash one of a directory.
    assert_eq!(
        tar().raw(Block::gnu(0, "packages/x", 1), b"1").paths(),
        ["packages/x"]
    );
    for kind in [0, b'0'] {
        rejects(
            tar().raw(Block::gnu(kind, "packages/", 0), b""),
            Kind::NotCanonical("it has an empty component"),
        );
    }
}

#[test]
fn d12_two_names_for_one_entry() {
    let two = "14 path=evil1\n14 path=evil2\n";
    rejects(tar().pax(two).file("x", ""), Kind::Pax);
    rejects(
        tar().long("a").long("b").file("x", ""),
        Kind::NameTwice("another one"),
    );
    rejects(
        tar().pax("9 path=a\n").long("b").file("x", ""),
        Kind::NameTwice("another one"),
    );
    rejects(
        tar().long("b").pax("9 path=a\n").file("x", ""),
        Kind::NameTwice("another one"),
    );
    rejects(tar().long("b"), Kind::NameTwice("the end of the archive"));
}

#[test]
fn d12_the_prefix_of_a_gnu_header() {
    let block = Block::gnu(b'0', "opam", 0).with(345, b"packages/evil/evil.1");
    rejects(tar().raw(block, b""), Kind::FieldNotEmpty("prefix"));
}

#[test]
fn d12_a_directory_with_a_size() {
    // opam does not skip its content, and reads headers in it.
    let hidden = tar().file("packages/evil", "").0;
    let block = Block::gnu(b'5', "packages/", hidden.len());
    let size = 512;
    rejects(
        tar().raw(block, &hidden),
        Kind::Size {
            what: "a directory",
            size,
        },
    );
}

#[test]
fn d12_nul_in_names() {
    let name = "packages/x\0evil";
    rejects(tar().long(name).file("x", ""), Kind::LongName);
    let unterminated = |content: &[u8]| {
        let header = Block::gnu(b'L', "././@LongLink", content.len());
        tar().raw(header, content).file("x", "")
    };
    rejects(unterminated(b"packages/x"), Kind::LongName);
    rejects(unterminated(b"packages/x\0\0"), Kind::LongName);
    rejects(unterminated(b"\0"), Kind::LongName);
    // opam knows `L` entries by their name.
    let other = tar().raw(Block::gnu(b'L', "LongLink", 11), b"packages/x\0");
    rejects(other.file("packages/x", ""), Kind::LongName);
    let block = Block::gnu(b'0', "packages/x\0evil", 0);
    rejects(tar().raw(block, b""), Kind::FieldTail("name"));
    let block = Block::posix(b'0', "packages\0x", "y", 0);
    rejects(tar().raw(block, b""), Kind::FieldTail("prefix"));
}

#[test]
fn d12_names_that_readers_normalise() {
    let not = |name: &str, why| rejects(repository().file(name, ""), Kind::NotCanonical(why));
    not("packages//x", "it has an empty component");
    not("packages/./x", "it has a component `.`");
    not("././packages/x", "it has a component `.`");
    not("packages/../repo", "it has a component `..`");
    not("../x", "it has a component `..`");
    not("/packages/x", "it is absolute");
    not(".//x", "it is absolute");
    not("", "it has an empty component");
    not("./", "it has an empty component");
    not("..", "it has a component `..`");
    not("..\\x", "it has a backslash");
    not("packages\\fmt\\fmt.1.0\\files\\x", "it has a backslash");
    let dir = |name: &str| repository().dir(name).read().unwrap_err();
    assert_eq!(
        dir("packages//"),
        Kind::NotCanonical("it has an empty component")
    );
    assert_eq!(dir("/"), Kind::NotCanonical("it is absolute"));
    let block = Block::gnu(b'0', "", 0).with(0, b"packages/\xff");
    rejects(tar().raw(block, b""), Kind::NotUtf8);
}

#[test]
fn d26_names_that_opam_cannot_write_again() {
    let long = |found| Kind::NameTooLong { found, most: 100 };
    rejects(tar().long(&"a".repeat(101)).file("aaa", ""), long(101));
    let name = "a/".repeat(127) + "aa";
    let kind = Kind::NameTooLong {
        found: 256,
        most: 255,
    };
    rejects(tar().long(&name).file("a/a", ""), kind);
    let size = 5000;
    let what = "a GNU long name";
    rejects(
        tar().long(&"a".repeat(4999)).file("x", ""),
        Kind::Size { what, size },
    );
    let deep = |levels| tar().file(&format!("{}f", "d/".repeat(levels)), "");
    assert!(deep(MAX_TREE_DEPTH).read().is_ok());
    rejects(deep(MAX_TREE_DEPTH + 1), Kind::TooDeep);
    let deep = |levels| tar().dir(&"d/".repeat(levels));
    assert!(deep(MAX_TREE_DEPTH).read().is_ok());
    rejects(deep(MAX_TREE_DEPTH + 1), Kind::TooDeep);
}

#[test]
fn numbers_are_octal_and_checksums_right() {
    let with = |at: usize, bytes: &[u8]| {
        tar()
            .raw(Block::gnu(b'0', "x", 0).with(at, bytes), b"")
            .read()
    };
    for size in [
        &b"\x80\0\0\0\0\0\0\0\0\0\0\x05"[..],
        b"-0000000001\0",
        b"0000000008\0 ",
        b"00000000 01\0",
        b"            ",
        b"0x000000001\0",
        b"\0\0\0\0\0\0\0\0\0\0\0\0",
        b"0000\x000000001",
    ] {
        assert_eq!(
            with(124, size).unwrap_err(),
            Kind::Number("size"),
            "{size:?}"
        );
    }
    assert!(with(124, b"          0 ").is_ok());
    assert!(with(124, b"000000000000").is_ok());
    assert_eq!(
        with(136, b"\xff\xff\xff\xff").unwrap_err(),
        Kind::Number("mtime")
    );
    // A large user id says nothing, but GNU tar fails at one of more than 32 bits.
    assert!(with(108, b"\x80\0\0\0\xff\xff\xff\xff").is_ok());
    for wide in [&b"\x80\0\0\x01\0\0\0\0"[..], b"\x800000000"] {
        assert_eq!(with(116, wide).unwrap_err(), Kind::Number("gid"));
    }
    assert_eq!(with(108, b"root\0\0\0\0").unwrap_err(), Kind::Number("uid"));
    assert_eq!(with(257, b"\0\0\0\0\0\0\0\0").unwrap_err(), Kind::Magic);
    assert_eq!(with(257, b"ustar \0\0").unwrap_err(), Kind::Magic);
    assert_eq!(
        with(157, b"target").unwrap_err(),
        Kind::FieldNotEmpty("linkname")
    );

    let mut damaged = repository().0;
    damaged[0] ^= 1;
    let error = read(&gzip(&damaged), Contents::Judged).unwrap_err();
    assert!(matches!(error.kind, Kind::HeaderChecksum { .. }));
    assert!(
        error
            .to_string()
            .starts_with("entry `qackages/` at byte 0 of the uncompressed archive: ")
    );
}

#[test]
fn the_padding_of_a_file_is_zero() {
    let mut bytes = tar().file("x", "abc").0;
    bytes[512 + 3] = b'd';
    let error = read(&gzip(&Tar(bytes).bytes(&[0; 1024]).0), Contents::Judged).unwrap_err();
    assert_eq!(error.kind, Kind::EntryPadding);
}

#[test]
fn d12_gzip_is_one_member_and_intact() {
    let good = repository().end();
    let kind = |bytes: &[u8]| read(bytes, Contents::Judged).unwrap_err().kind;
    let with_flags = |flags: u8, more: &[u8]| {
        let mut bytes = good[..10].to_vec();
        bytes[3] = flags;
        bytes.extend_from_slice(more);
        bytes.extend_from_slice(&good[10..]);
        bytes
    };
    assert!(read(&with_flags(8, b"index.tar\0"), Contents::Judged).is_ok());
    for (flags, more) in [
        (2, &b"\0\0"[..]),
        (4, b"\0\0"),
        (16, b"c\0"),
        (32, b""),
        (128, b""),
    ] {
        assert!(
            matches!(kind(&with_flags(flags, more)), Kind::GzipHeader(_)),
            "{flags}"
        );
    }
    let at = |offset: usize, bytes: &[u8]| {
        let mut changed = good.clone();
        changed[offset..offset + bytes.len()].copy_from_slice(bytes);
        kind(&changed)
    };
    let n = good.len();
    assert_eq!(at(0, b"PK"), Kind::NotGzip);
    assert!(matches!(at(2, b"\x07"), Kind::GzipHeader(_)));
    assert!(matches!(at(n - 8, b"abcd"), Kind::Crc { .. }));
    assert!(matches!(at(n - 4, b"abcd"), Kind::Length { .. }));
    assert_eq!(kind(&[&good[..], b"x"].concat()), Kind::AfterGzip(1));
    let two = [&good[..], &good[..]].concat();
    assert_eq!(kind(&two), Kind::AfterGzip(n));
    // Split in two members that only some readers join.
    let plain = repository().bytes(&[0; 1024]).0;
    let halves = [gzip(&plain[..512]), gzip(&plain[512..])].concat();
    assert!(matches!(kind(&halves), Kind::Truncated(_)));
    for len in 0..n {
        let kind = kind(&good[..len]);
        let truncated = matches!(kind, Kind::Truncated(_) | Kind::NotGzip);
        assert!(truncated, "{len}: {kind:?}");
    }
}

#[test]
fn an_opam_file_outside_packages_is_a_defect() {
    // opam 2.6 loads every `…/opam` of an archive.
    let tree = repository().file("doc/evil.1/opam", "").read().unwrap();
    assert_eq!(tree.others, ["doc/", "version"]);
    assert_eq!(tree.defects.len(), 1);
    assert_eq!(tree.defects[0].kind, DefectKind::StrayOpam);
    // Nor does it skip `.git`.
    assert_eq!(
        repository().dir(".git/").read().unwrap().others,
        [".git/", "version"]
    );
}

#[test]
fn files_above_the_limits() {
    let size = (64 << 20) + 1;
    let huge = |name: &str, size| tar().raw(Block::gnu(b'0', name, size), b"");
    rejects(huge("x", size), Kind::TooLarge((64 << 20) + 1));
    rejects(huge("x", (1 << 36) - 1), Kind::TooLarge((1 << 36) - 1));
}

#[test]
fn endless_empty_files_end() {
    // A header of zeros and digits shrinks a hundredfold and more.
    let mut bytes = Vec::new();
    for i in 0..100_000 {
        bytes.extend_from_slice(&Block::gnu(b'0', &format!("packages/{i}"), 0).done());
    }
    let start = bytes.len();
    assert_eq!(start, 51_200_000);
    let kind = Tar(bytes).read().map(|tree| tree.files.len());
    assert!(matches!(kind, Ok(100_000) | Err(Kind::Bomb)), "{kind:?}");
}

#[test]
fn findings_have_a_place_and_a_way_out() {
    let error = read(&repository().file("repo", "").end(), Contents::Judged).unwrap_err();
    let finding = error.finding();
    assert_eq!(finding.code, Code::ArchiveName);
    assert_eq!(finding.path, "repo");
    assert_eq!(
        finding.values,
        [(
            "at".to_owned(),
            "byte 4608 of the uncompressed archive".to_owned()
        )]
    );
    assert!(finding.hint.contains("opam admin index"));
    let finding = read(b"<html>", Contents::Judged).unwrap_err().finding();
    assert_eq!((finding.code, &*finding.path), (Code::ArchiveGzip, ""));
}

/// A match that reaches back before the first byte: zlib refuses it, other inflaters
/// make zeros, or whatever was in their memory, of it.
#[test]
fn a_match_before_the_start_is_refused() {
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    // One block of fixed codes: length 3 at distance 1, then the end.
    bytes.extend([0x03, 0x02, 0x00]);
    let mut crc = flate2::Crc::new();
    crc.update(&[0; 3]);
    bytes.extend(crc.sum().to_le_bytes());
    bytes.extend(3_u32.to_le_bytes());
    let error = read(&bytes, Contents::Judged).unwrap_err();
    assert_eq!(error.kind, Kind::Deflate);
}
