//! How long the reader takes for every opam file of opam-repository, and for
//! hostile input of the largest size.
//!
//! `cargo bench --bench syntax`; the data is looked for in `CONEX_DATA`, then in
//! `../shared/data` next to the crate.

use std::io::Read;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use conex::core::syntax;

fn main() {
    real();
    hostile();
}

fn real() {
    let data = std::env::var_os("CONEX_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let archive = data.join("opam-repository/2026-05-30.tar.gz");
    let files = match read(&archive) {
        Ok(files) => files,
        Err(error) => {
            println!("not run on real files: {}: {error}", archive.display());
            return;
        }
    };
    let bytes: usize = files.iter().map(Vec::len).sum();
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        for file in &files {
            std::hint::black_box(syntax::parse(file)).ok();
        }
        best = best.min(start.elapsed());
    }
    println!(
        "{} opam files, {bytes} bytes: {best:.1?}, {:.0} MB/s",
        files.len(),
        bytes as f64 / 1e6 / best.as_secs_f64()
    );
}

fn read(archive: &std::path::Path) -> std::io::Result<Vec<Vec<u8>>> {
    let directory = tempfile::tempdir()?;
    let status = std::process::Command::new("tar")
        .arg("-C")
        .arg(directory.path())
        .arg("-xzf")
        .arg(archive)
        .status()?;
    if !status.success() {
        return Err(std::io::Error::other("tar failed"));
    }
    let mut files = Vec::new();
    let mut todo = vec![directory.path().to_owned()];
    while let Some(path) = todo.pop() {
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                todo.push(entry.path());
            } else if entry.file_name() == "opam" {
                let mut bytes = Vec::new();
                std::fs::File::open(entry.path())?.read_to_end(&mut bytes)?;
                files.push(bytes);
            }
        }
    }
    Ok(files)
}

/// Texts that repeat one thing up to 64 MB: each must cost a time in proportion
/// to its length, or be refused early.
fn hostile() {
    const SIZE: usize = 64 << 20;
    for (start, piece) in [
        ("a: [", "1-"),
        ("a: [", "1-1_"),
        ("a: [", "x+_-"),
        ("a: [", "a:1"),
        ("a: ", "a&"),
        ("a: ", "["),
        ("a: ", "!"),
        ("a: a", "{}"),
        ("", "a{"),
        ("", "a{}"),
        ("", "(*"),
        ("", "(*)"),
        ("", "#\n"),
        ("", "\r\n"),
        ("a: \"", "\\n"),
        ("a: \"", "\\\n"),
        ("a: \"\"\"", "\"\" "),
        ("a: \"\"\"", "\r"),
        ("a: [", "\"\""),
        ("a: ", "a"),
        ("a: ", "_"),
        ("a: ", "-"),
        ("a: ", "1"),
        ("a: ", "a+"),
        ("a: ", "=+"),
    ] {
        let mut text = start.as_bytes().to_vec();
        text.extend(piece.bytes().cycle().take(SIZE));
        let begin = Instant::now();
        let said = match syntax::parse(&text) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        };
        let mut said = said.replace('\n', " ");
        said.truncate(said.floor_char_boundary(90));
        println!("{:>9.1?}  {start:?} {piece:?}: {said}", begin.elapsed());
    }
}
