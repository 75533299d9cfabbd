//! What reading costs in verification, next to the general path that explains what is wrong:
//! metadata by the scanner and through the syntax tree, opam files with the fields that the
//! rules look at and with all of them. Both in one run, so that the ratio says something.
//!
//! `cargo bench --locked --bench reading`

#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark has a clock and reads files"
)]

#[path = "../tests/support/place/mod.rs"]
#[allow(dead_code)]
mod place;
#[path = "../tests/support/syntax/real.rs"]
mod real;

use std::time::{Duration, Instant};

use conex_verify::format::name::{Id, PackageName, Release};
use conex_verify::format::resource::{
    Authorisation, Checksum, Decode, FileDigest, Releases, Revision,
};
use conex_verify::workbench::opam_file::{check, check_whole};

use real::real_files;

fn main() {
    let Some(files) = real_files() else {
        return;
    };
    let release = Release::new("a.1").unwrap();
    compare(
        "opam files",
        files,
        |file| drop(std::hint::black_box(check_whole(&release, file))),
        |file| drop(std::hint::black_box(check(&release, file))),
    );
    let checksums: Vec<Vec<u8>> = files.iter().enumerate().map(checksum).collect();
    decoding::<Checksum>("checksums", &checksums);
    let owners: Vec<Vec<u8>> = (0..files.len()).map(owners).collect();
    decoding::<Authorisation>("authorisations", &owners);
    let lists: Vec<Vec<u8>> = (0..files.len() / 4).map(list).collect();
    decoding::<Releases>("lists of releases", &lists);
}

fn decoding<T: Decode>(what: &str, files: &[Vec<u8>]) {
    compare(
        what,
        files,
        |file| drop(std::hint::black_box(T::parse(file).ok().unwrap())),
        |file| drop(std::hint::black_box(T::decode(file).ok().unwrap())),
    );
}

/// The best of some rounds of each, in turns.
fn compare(what: &str, files: &[Vec<u8>], general: impl Fn(&[u8]), fast: impl Fn(&[u8])) {
    let time = |read: &dyn Fn(&[u8])| {
        let start = Instant::now();
        files.iter().for_each(|file| read(file));
        start.elapsed()
    };
    let (mut slow, mut quick) = (Duration::MAX, Duration::MAX);
    for _ in 0..7 {
        slow = slow.min(time(&general));
        quick = quick.min(time(&fast));
    }
    println!(
        "{} {what}: {slow:.1?} through the whole tree, {quick:.1?} otherwise, {:.1} times as fast",
        files.len(),
        slow.as_secs_f64() / quick.as_secs_f64()
    );
}

const REVISION: Revision = Revision {
    epoch: 0,
    counter: 12,
};

fn package(n: usize) -> PackageName {
    PackageName::new(&format!("package-{n}")).unwrap()
}

/// The checksum of a release with this opam file, and every tenth time with a patch.
fn checksum((n, opam): (usize, &Vec<u8>)) -> Vec<u8> {
    let mut files = vec![("opam".into(), FileDigest::of(opam))];
    if n.is_multiple_of(10) {
        files.push(("files/some.patch".into(), FileDigest::of(b"patch")));
    }
    let release = format!("{}.1.{n}", package(n));
    let checksum = Checksum {
        release: Release::new(&release).unwrap(),
        revision: REVISION,
        files: files.into_iter().collect(),
    };
    checksum.encode()
}

fn owners(n: usize) -> Vec<u8> {
    let owners = Authorisation {
        name: package(n),
        revision: REVISION,
        owners: ["some-author", "a-team"]
            .map(|id| Id::new(id).unwrap())
            .into(),
    };
    owners.encode()
}

fn list(n: usize) -> Vec<u8> {
    let name = package(n);
    let release = |version| Release::new(&format!("{name}.1.{version}")).unwrap();
    let list = Releases {
        releases: (0..4 + n % 9).map(release).collect(),
        name: name.clone(),
        revision: REVISION,
        floor: 3,
    };
    list.encode()
}
