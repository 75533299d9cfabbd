//! `index.tar.gz`: what opam fetches over http.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, Header};

use conex_verify::tree::{Tree, is_judged};

/// The name of the archive.
pub const INDEX: &str = "index.tar.gz";

/// The archive of a published tree: the file `repo` and everything below `packages/`, in the order
/// of the paths, each of the time `made`, in seconds since 1970. The same tree gives the same bytes.
///
/// # Errors
/// A path that no header of tar can hold.
pub fn archive(tree: &Tree, made: u64) -> io::Result<Vec<u8>> {
    let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    let read = |path: &&String| is_judged(path) && !path.starts_with(".git");
    for path in tree.files.keys().filter(read) {
        let Some(bytes) = tree.get(path) else {
            continue;
        };
        let mut header = Header::new_ustar();
        header.set_size(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        header.set_mode(0o644);
        header.set_mtime(made);
        header.set_path(path)?;
        header.set_cksum();
        tar.append(&header, &**bytes)?;
    }
    let mut gzip = tar.into_inner()?;
    gzip.flush()?;
    gzip.finish()
}
