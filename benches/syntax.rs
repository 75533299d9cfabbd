//! How long the reader takes for every opam file of opam-repository, and for
//! hostile input of the largest size.
//!
//! `cargo bench --locked --bench syntax`

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

use conex_verify::format::syntax;

use real::real_files;

fn main() {
    real();
    hostile();
}

fn real() {
    let Some(files) = real_files() else {
        return;
    };
    let bytes: usize = files.iter().map(Vec::len).sum();
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        for file in files {
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
        let said: String = said.replace('\n', " ").chars().take(90).collect();
        println!("{:>9.1?}  {start:?} {piece:?}: {said}", begin.elapsed());
    }
}
