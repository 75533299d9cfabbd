//! The contents of trees, all with one run of git.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::process::Stdio;

use super::error::{GitError, told_in};
use super::list::Listing;
use super::oid::Oid;
use super::repository::Git;
use conex_verify::tree::{Bytes, Tree};

/// The longest line that says what follows: a name, `blob`, a size.
const MAX_HEADER: u64 = 200;

impl Git {
    /// Reads the files of all listings. What several of them have is read once, and
    /// shared: so it is seen at once that it did not change.
    ///
    /// # Errors
    /// git fails, or objects are missing.
    pub fn read(&self, listings: &[&Listing]) -> Result<Vec<Tree>, GitError> {
        let mut wanted: Vec<(&Oid, u64)> = Vec::new();
        let mut known: HashMap<&Oid, Option<Bytes>> = HashMap::new();
        for file in listings.iter().flat_map(|l| &l.files) {
            if let Entry::Vacant(place) = known.entry(&file.oid) {
                place.insert(None);
                wanted.push((&file.oid, file.size));
            }
        }
        for ((oid, _), bytes) in wanted.iter().zip(self.contents(&wanted)?) {
            known.insert(oid, Some(bytes));
        }
        let tree = |listing: &&Listing| {
            let mut tree = Tree {
                others: listing.others.iter().cloned().collect(),
                elsewhere: listing.elsewhere.clone(),
                defects: listing.defects.clone(),
                ..Tree::default()
            };
            for file in &listing.files {
                let bytes = known
                    .get(&file.oid)
                    .and_then(Clone::clone)
                    .ok_or_else(|| GitError::Incomplete(file.oid.as_str().to_owned()))?;
                tree.files.insert(file.path.clone(), bytes);
            }
            Ok(tree)
        };
        listings.iter().map(tree).collect()
    }

    /// The contents of blobs, in this order.
    fn contents(&self, wanted: &[(&Oid, u64)]) -> Result<Vec<Bytes>, GitError> {
        let args = ["cat-file", "--batch", "--buffer"];
        let (mut child, errors) = self.stream(&args, Stdio::piped())?;
        let failed = |why: String| GitError::Failed {
            verb: "cat-file",
            why,
        };
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("it cannot be spoken to".to_owned()));
        };
        let result = std::thread::scope(|scope| {
            // Asked from another thread: git answers before all questions are read.
            let asking = std::thread::Builder::new().spawn_scoped(scope, move || {
                let mut stdin = BufWriter::with_capacity(1 << 16, stdin);
                for (oid, _) in wanted {
                    writeln!(stdin, "{}", oid.as_str())?;
                }
                stdin.flush()
            });
            // Without one git hears nothing more, and ends.
            let asking = asking.map_err(|e| failed(format!("no thread can be made: {e}")))?;
            let mut stdout = BufReader::with_capacity(1 << 16, stdout);
            let mut contents = Vec::with_capacity(wanted.len());
            let mut result = Ok(());
            for (oid, size) in wanted {
                match next(&mut stdout, oid, *size) {
                    Ok(bytes) => contents.push(bytes),
                    Err(error) => {
                        result = Err(error);
                        break;
                    }
                }
            }
            // With nobody who reads, git ends, and then the one who asks.
            drop(stdout);
            let asked = asking.join();
            result?;
            match asked {
                Ok(Ok(())) => Ok(contents),
                Ok(Err(e)) => Err(failed(e.to_string())),
                Err(_) => Err(failed("it cannot be asked".to_owned())),
            }
        });
        let status = child.wait().map_err(GitError::NoGit)?;
        match result {
            Ok(_) if !status.success() => Err(failed(told_in(errors, status))),
            result => result,
        }
    }
}

/// Reads `<oid> blob <size>`, the content, and a line end.
fn next(from: &mut impl std::io::BufRead, oid: &Oid, size: u64) -> Result<Bytes, GitError> {
    let incomplete = || GitError::Incomplete(oid.as_str().to_owned());
    let mut header = Vec::new();
    from.by_ref()
        .take(MAX_HEADER)
        .read_until(b'\n', &mut header)
        .map_err(|_| incomplete())?;
    if header != format!("{} blob {size}\n", oid.as_str()).as_bytes() {
        return Err(incomplete());
    }
    let length = usize::try_from(size).map_err(|_| incomplete())?;
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).map_err(|_| incomplete())?;
    let mut end = [0];
    from.read_exact(&mut end).map_err(|_| incomplete())?;
    Ok(bytes.into())
}
