//! The least that a verifier can do: read everything, digest everything, and verify as many
//! signatures as there are. With the same crates as conex and on as many processors, without
//! looking at what the bytes say.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::{self, Read as _};
use std::path::Path;

use conex_verify::format::digest::Digest;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use rayon::prelude::*;

/// The bytes that a signature of SSH is about: a namespace and a digest of 64 bytes.
const MESSAGE: [u8; 128] = [7; 128];
/// How much of an archive is digested at once.
const PIECE: usize = 64 << 10;

pub fn floor(what: &str, path: &Path, signatures: usize) -> Result<(), Box<dyn Error>> {
    let bytes = match what {
        "directory" => files(path, &digested)?,
        "archive" => archive(path)?,
        "walk" => files(path, &|path| Ok(fs::symlink_metadata(path)?.len()))?,
        "start" => 0,
        other => return Err(format!("no floor `{other}`").into()),
    };
    if !verified(signatures)? {
        return Err("a signature of our own does not fit".into());
    }
    println!("{bytes} bytes, {signatures} signatures");
    Ok(())
}

/// Does `with` each file below `dir`; the sum of what it gives.
fn files(dir: &Path, with: &(dyn Fn(&Path) -> io::Result<u64> + Sync)) -> io::Result<u64> {
    let entries: Vec<fs::DirEntry> = fs::read_dir(dir)?.collect::<io::Result<_>>()?;
    let one = |entry: &fs::DirEntry| {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            files(&path, with)
        } else {
            with(&path)
        }
    };
    entries.par_iter().map(one).sum()
}

fn digested(path: &Path) -> io::Result<u64> {
    let bytes = fs::read(path)?;
    black_box(Digest::of(&bytes));
    Ok(bytes.len() as u64)
}

fn archive(path: &Path) -> io::Result<u64> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(path)?).read_to_end(&mut bytes)?;
    bytes.par_chunks(PIECE).for_each(|piece| {
        black_box(Digest::of(piece));
    });
    Ok(bytes.len() as u64)
}

/// Each verification takes the key from its bytes, for each signer has another one.
fn verified(signatures: usize) -> Result<bool, ed25519_dalek::SignatureError> {
    let key = SigningKey::from_bytes(&[7; 32]);
    let (public, signature) = (key.verifying_key().to_bytes(), key.sign(&MESSAGE));
    let one = |(public, signature): (&[u8; 32], &Signature)| {
        VerifyingKey::from_bytes(public)?.verify_strict(&MESSAGE, signature)
    };
    let all: Result<(), _> = (0..signatures)
        .into_par_iter()
        .try_for_each(|_| one(black_box((&public, &signature))));
    all.map(|()| true)
}
