//! `conex self`: checks conex itself, before a new version takes the place of this one.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use sha2::{Digest as _, Sha256};

use crate::release::{self, Keys, Refusal, Release, check};
use crate::shell::cli::complete::Completes;
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::page::Page;
use crate::shell::out::sayln;
use conex_verify::limits::{MAX_ARMOUR_LEN, MAX_FILE_SIZE};

/// The list of sums of a release.
const SUMS: &str = "SHA256SUMS";

/// So many bytes of a file are read at once.
const PIECE: usize = 1 << 16;

/// The verbs of `self`.
#[derive(Debug, Subcommand)]
pub enum OwnCommand {
    /// Check that a file is of a release of conex, and not older than this version
    ///
    /// Beside the file lie SHA256SUMS, which names it, and SHA256SUMS.sig, the signature over
    /// that list. The keys come from where you got this version, not from where you got the file.
    Verify {
        /// The file, under the name that it has in the release
        #[arg(add = Completes::FILE)]
        file: PathBuf,
        /// The keys of releases: as `ssh-keygen -Y verify` takes them, or as in .pub files
        #[arg(long, value_name = "FILE", add = Completes::FILE)]
        keys: PathBuf,
        /// The list of sums [default: SHA256SUMS beside the file]
        #[arg(long, value_name = "FILE", add = Completes::FILE)]
        sums: Option<PathBuf>,
        /// Take an older version as well
        #[arg(long)]
        older: bool,
    },
}

/// Runs `conex self`.
pub fn run(command: &OwnCommand) -> Result<Exit, Failure> {
    let OwnCommand::Verify {
        file,
        keys,
        sums,
        older,
    } = command;
    let text = read_text(keys, MAX_FILE_SIZE)?;
    let keys = Keys::read(&text).map_err(|why| {
        let hint = "give the file `release-keys` of a release that you trust, or a line such as `ssh-ed25519 AAAA…` for each key";
        Failure::usage(format!("`{}`: {why}", keys.display()), hint)
    })?;
    let sums = sums.clone().unwrap_or_else(|| file.with_file_name(SUMS));
    let mut signature = sums.clone().into_os_string();
    signature.push(".sig");
    let armour = u64::try_from(MAX_ARMOUR_LEN).unwrap_or(u64::MAX);
    let release = Release {
        sums: read_text(&sums, MAX_FILE_SIZE)?,
        signature: read_text(Path::new(&signature), armour)?,
    };
    let name = file.file_name().and_then(|name| name.to_str());
    let name =
        name.ok_or_else(|| Failure::usage("the file has no name", "name a file of a release"))?;
    let sha256 = sum(file).map_err(|why| unreadable(file, &why))?;
    let own = (!older).then_some(env!("CARGO_PKG_VERSION"));
    let found = release::File {
        name,
        sha256: &sha256,
    };
    let key = check(&found, &release, &keys, own).map_err(refused)?;
    sayln!("`{name}` is of a release, which {key} signed: sha256={sha256}");
    Ok(Exit::Success)
}

fn refused(why: Refusal) -> Failure {
    let hint = match why {
        Refusal::Older { .. } => {
            "an old version may have known faults; if you mean it, say --older"
        }
        Refusal::Named { .. } => "give the file the name that it has in the release",
        _ => "do not install it; fetch the file, SHA256SUMS and SHA256SUMS.sig again",
    };
    Failure::refused(why, hint)
}

fn unreadable(path: &Path, why: &io::Error) -> Failure {
    Failure::usage(
        format!("`{}`: {why}", path.display()),
        "SHA256SUMS and SHA256SUMS.sig lie where the file does, or where --sums says",
    )
}

/// Reads a text of at most `most` bytes.
fn read_text(path: &Path, most: u64) -> Result<String, Failure> {
    let mut text = String::new();
    let file = File::open(path).map_err(|why| unreadable(path, &why))?;
    let read = file.take(most + 1).read_to_string(&mut text);
    match read.map_err(|why| unreadable(path, &why))? {
        read if u64::try_from(read).unwrap_or(u64::MAX) > most => {
            let why = io::Error::other(format!("it has more than {most} bytes"));
            Err(unreadable(path, &why))
        }
        _ => Ok(text),
    }
}

/// The SHA-256 sum of a file, however long it is.
fn sum(path: &Path) -> io::Result<String> {
    let mut digest = Sha256::new();
    let mut file = BufReader::with_capacity(PIECE, File::open(path)?);
    loop {
        let bytes = file.fill_buf()?;
        if bytes.is_empty() {
            break;
        }
        digest.update(bytes);
        let read = bytes.len();
        file.consume(read);
    }
    let mut text = String::new();
    for byte in digest.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

/// What `--help` says besides its options.
pub const PAGES: &[Page] = &[Page {
    verb: "self verify",
    policy: "reads the file, the list of sums, its signature and the keys, and nothing else: it opens no \
connection and installs nothing. A file is taken if one of the keys signed the list as that of a release of conex, and \
the list names the file once with the SHA-256 sum that it has. A release older than this version is \
refused without --older. Stock tools check the same: `ssh-keygen -Y verify` with the namespace conex-release-v1, and \
`sha256sum -c`.",
    exit: "0 it is of a release, 1 it is not, 2 it cannot be decided",
    examples: &["conex self verify conex-1.0.0-x86_64-linux --keys release-keys"],
}];
