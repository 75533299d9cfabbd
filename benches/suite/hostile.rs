//! Input that is made to be costly, beside honest input of the same expanded size: both on top of
//! the small world of the tests, whose client lets unsigned packages through.

use std::error::Error;
use std::fs;
use std::path::Path;

use conex_verify::format::path::Place;
use conex_verify::format::resource::{Decode as _, SignedLink};
use conex_verify::limits::MAX_SEGMENTS;

use crate::sizes::{
    Files, TINY, archive, honest, id_files, keys, links, segments, segments_of_nobody, size, tiny,
    usual,
};
use crate::world::fingerprint;

type Make = fn() -> Files;

/// Each by a name, and as the files that an attacker adds.
const SHAPES: [(&str, Make); 9] = [
    ("4,000 id files with 64 keys, above a limit", || {
        id_files(&keys(256_000), 64)
    }),
    ("1,500 id files with 64 keys", || {
        id_files(&keys(96_000), 64)
    }),
    ("16,000 id files with a key", || id_files(&keys(16_000), 1)),
    ("1,280 links of 200 members", || {
        let zero = SignedLink::decode(&usual()[&Place::Link(0).path()]).ok();
        let before = zero.map(|zero| (zero.clone(), zero));
        links(1, before, &keys(256_000), 200)
    }),
    ("11,990 segments with forged signatures", || {
        segments(MAX_SEGMENTS - 10)
    }),
    ("11,990 segments of somebody whom nobody approved", || {
        segments_of_nobody(MAX_SEGMENTS - 10)
    }),
    ("49,000 packages of 20 bytes", || {
        let package = |n| (tiny(n), TINY.as_bytes().to_vec());
        (0..49_000).map(package).collect()
    }),
    ("32 opam files of a megabyte of `[`", || deep("a: ", "[")),
    ("32 opam files of a megabyte of `& b`", || {
        deep("a: b", " & b")
    }),
];

/// 32 opam files of a megabyte, which say one thing again and again.
fn deep(start: &str, piece: &str) -> Files {
    let text = format!("{start}{}\n", piece.repeat((1 << 20) / piece.len()));
    let file = |n| (tiny(n), text.clone().into_bytes());
    (0..32).map(file).collect()
}

/// Writes `N.tar.gz` and `N.honest.tar.gz` of each shape, their `names`, and the `anchors`.
pub fn hostile(to: &Path) -> Result<(), Box<dyn Error>> {
    let anchors = ["ja", "jb", "jc"].map(|who| fingerprint(who).to_string());
    fs::write(to.join("anchors"), anchors.join(","))?;
    let mut names = String::new();
    for (n, (name, make)) in SHAPES.iter().enumerate() {
        let mut files = usual();
        files.extend(make());
        fs::write(to.join(format!("{n}.tar.gz")), archive(&files))?;
        let same = honest(size(&files));
        fs::write(to.join(format!("{n}.honest.tar.gz")), archive(&same))?;
        names += &format!("{name}\n");
    }
    Ok(fs::write(to.join("names"), names)?)
}
