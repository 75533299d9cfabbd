//! `conex signature`: between the signatures of a repository and those of `ssh-keygen`.

use crate::hint::Hint;
use crate::shell::cli::complete::Completes;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::plan::detached::{Foreign, Signed, signed, take_in};
use crate::plan::{View, World};
use crate::shell::cli::confirm::agreed;
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::finish::still_invalid;
use crate::shell::cli::options::Consent;
use crate::shell::cli::page::{DONE, Page};
use crate::shell::cli::signing::keep_in_log;
use crate::shell::cli::workspace::{earlier, outside_packages, seen_tree, working_tree, write};
use crate::shell::keys::file::shell_quoted;
use crate::shell::out::{out, raw_sayln, sayln};
use crate::shell::write::{Change, WORK_TREE, apply};
use crate::sshsig::{armour, from_armour};
use conex_verify::format::digest::Digest;
use conex_verify::format::key::Namespace;
use conex_verify::format::resource::{Decode as _, SignedSegment};
use conex_verify::limits::{MAX_ARMOUR_LEN, MAX_FILE_SIZE};
use conex_verify::workbench::repository::Repository;

/// The verbs of `signature`.
#[derive(Debug, Subcommand)]
pub enum SignatureCommand {
    /// Print the signatures of a file as `ssh-keygen` checks them
    Export {
        /// A segment, a link or the snapshot
        #[arg(add = Completes::FILE)]
        file: PathBuf,
        /// Write the signed bytes, the signatures and a list of signers into this directory
        #[arg(long, value_name = "DIR", add = Completes::DIRECTORY)]
        to: Option<PathBuf>,
    },
    /// Take in a signature by `ssh-keygen -Y sign`
    Import {
        /// The file that was signed, as --detached wrote it
        #[arg(add = Completes::FILE)]
        file: PathBuf,
        /// The signature [default: FILE.sig, as `ssh-keygen` calls it]
        #[arg(add = Completes::FILE)]
        signature: Option<PathBuf>,
        /// Show what would be done, and write nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// Runs `conex signature`.
pub fn run(root: &Path, command: &SignatureCommand) -> Result<Exit, Failure> {
    match command {
        SignatureCommand::Export { file, to } => export(root, file, to.as_deref()),
        SignatureCommand::Import {
            file,
            signature,
            dry_run,
        } => {
            let signature = signature.clone().unwrap_or_else(|| {
                let mut name = file.as_os_str().to_owned();
                name.push(".sig");
                PathBuf::from(name)
            });
            import(root, file, &signature, *dry_run)
        }
    }
}

/// Reads a file of at most `most` bytes.
fn read(path: &Path, most: u64, hint: &str) -> Result<Vec<u8>, Failure> {
    let failed = |why: String| Failure::usage(format!("`{}`: {why}", path.display()), hint);
    let io = |e: std::io::Error| failed(e.to_string());
    if path.is_dir() {
        return Err(failed("it is a directory".to_owned()));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(io)?
        .take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(failed(format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}

fn export(root: &Path, file: &Path, to: Option<&Path>) -> Result<Exit, Failure> {
    let tree = seen_tree(root)?;
    let repository = Repository::load(&tree);
    let world = World::look(&tree, &repository, View::AsIfApproved)?;
    // Named as in the repository or as seen from here; the latter is what a shell completes.
    let beside = root.join(file);
    let path = if file.exists() { file } else { &beside };
    // In the published form the file is in a bundle, or shortened: what is signed is the whole.
    let expanded = file.to_str().and_then(|path| tree.get(path));
    let bytes = match expanded {
        Some(bytes) => bytes.to_vec(),
        None => read(
            path,
            MAX_FILE_SIZE,
            "name a file as packages/.conex/janitors/0",
        )?,
    };
    let taken = signed(&world, &bytes)?;
    for key in &taken.unknown {
        sayln!("left out: a signature by {key}, a key that the repository does not know");
    }
    for by in taken.signatures.iter().filter(|by| !by.verifies) {
        sayln!("warning: the signature of `{}` does not verify", by.id);
    }
    match to {
        None => {
            for by in &taken.signatures {
                out!("{}", armour(&by.key, taken.namespace, &by.signature));
            }
        }
        Some(dir) => write_out(&taken, &outside_packages(dir, root)?)?,
    }
    let good = taken.unknown.is_empty() && taken.signatures.iter().all(|by| by.verifies);
    Ok(if good { Exit::Success } else { Exit::Rejected })
}

/// Writes what `ssh-keygen -Y verify` needs, and says how it is called.
fn write_out(taken: &Signed, dir: &Path) -> Result<(), Failure> {
    let namespace = taken.namespace.as_str();
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut signers = String::new();
    let mut commands = Vec::new();
    files.insert("message".to_owned(), taken.bytes.clone());
    for by in &taken.signatures {
        let name = format!("{}-{}.sig", by.id, by.key.fingerprint().short());
        signers += &format!("{} namespaces=\"{namespace}\" {}\n", by.id, by.key);
        let at = |name: &str| shell_quoted(&dir.join(name));
        commands.push(format!(
            "ssh-keygen -Y verify -f {} -I {} -n {namespace} -s {} < {}",
            at("signers"),
            by.id,
            at(&name),
            at("message")
        ));
        files.insert(name, armour(&by.key, taken.namespace, &by.signature).into());
    }
    files.insert("signers".to_owned(), signers.into());
    let changes: Vec<Change> = files
        .into_iter()
        .map(|(path, bytes)| Change {
            path,
            bytes: Some(bytes.as_slice().into()),
        })
        .collect();
    apply(dir, &changes, WORK_TREE)
        .map_err(|e| Failure::usage(format!("{}: {e}", dir.display()), ""))?;
    sayln!("Each signature is checked with:");
    for command in commands {
        raw_sayln!("  {command}");
    }
    Ok(())
}

/// The digits in the name of a file, if it is one as `--detached` gives.
fn handed_out(name: &str) -> Option<&str> {
    let (kind, digest) = name.rsplit_once('-')?;
    let is_one = matches!(kind, "index" | "link" | "snapshot")
        && digest.len() == 16
        && digest.bytes().all(|b| b.is_ascii_hexdigit());
    is_one.then_some(digest)
}

fn import(root: &Path, file: &Path, signature: &Path, dry_run: bool) -> Result<Exit, Failure> {
    let bytes = read(file, MAX_FILE_SIZE, "name the file that was signed")?;
    let hint = Hint::SignFile.to_string();
    let text = read(
        signature,
        u64::try_from(MAX_ARMOUR_LEN).unwrap_or(u64::MAX),
        &hint,
    )?;
    let (key, namespace, signature) =
        from_armour(&String::from_utf8_lossy(&text)).map_err(|e| {
            let hint = e.hint().unwrap_or_default();
            Failure::refused(format!("`{}`: {e}", signature.display()), hint)
        })?;
    // Such a name is that of these bytes: another file was put in the place of the one
    // that --detached wrote, and somebody signed it unseen.
    let name = file.file_name().map(|n| n.to_string_lossy().into_owned());
    let digest = Digest::of(&bytes).short();
    if let Some(name) = name
        && handed_out(&name).is_some_and(|of_name| of_name != digest)
    {
        return Err(Failure::refused(
            format!(
                "`{name}` is not the file that --detached wrote: the digest of this one begins with {digest}"
            ),
            "look at what was signed; make it anew with --detached",
        ));
    }
    let tree = working_tree(root)?;
    let repository = Repository::load(&tree);
    // A snapshot is judged as those see the repository who follow it.
    let view = match namespace {
        Namespace::Snapshot | Namespace::Release => View::Supported,
        Namespace::Index | Namespace::Janitors => View::AsIfApproved,
    };
    let world = World::new(&tree, &repository, view)?;
    let plan = take_in(
        &world,
        &Foreign {
            bytes: &bytes,
            key: &key,
            namespace,
            signature: &signature,
        },
        &earlier(root),
    )?;
    if plan.is_empty() {
        sayln!("Nothing to do: it is there already.");
        return Ok(Exit::Success);
    }
    let consent = Consent { yes: true, dry_run };
    if !agreed(&plan, consent, None)? {
        return Ok(Exit::Success);
    }
    // What is signed elsewhere is kept in the log of the one who takes it in: before it is in any
    // file, as afterwards a second run would find nothing to do.
    for bytes in plan.writes.values() {
        if let Ok(signed) = SignedSegment::decode(bytes) {
            keep_in_log(&signed.segment);
        }
    }
    let exit = write(&plan, root)?;
    if namespace != Namespace::Snapshot {
        still_invalid(&plan.apply(&tree));
    }
    Ok(exit)
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[
    Page {
        verb: "signature export",
        policy: "prints the signatures of a segment, a link or the snapshot in OpenSSH's armoured form, or \
writes them with the bytes that they are over and a list of signers, and says how stock `ssh-keygen -Y verify` \
checks them. It needs no secret.",
        exit: "0 exported, and all verify; 1 one does not, or its key is not known; 2 usage or environment",
        examples: &[
            "conex signature export packages/.conex/snapshot",
            "conex signature export packages/.conex/janitors/0 --to ../link-0",
        ],
    },
    Page {
        verb: "signature import",
        policy: "takes in what `ssh-keygen -Y sign` made of a file of --detached, on another machine. It is \
refused unless it verifies under a key that the repository knows for its id, and says what the repository is \
now. It needs no secret.",
        exit: DONE,
        examples: &["conex signature import ../to-sign/index-0123456789abcdef"],
    },
];
