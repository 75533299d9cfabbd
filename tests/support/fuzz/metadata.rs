//! Metadata: the scanner and the general reader agree, and what they take is printed as it was.

use conex_verify::format::path::Place;
use conex_verify::format::resource::{
    Author, Authorisation, Checksum, Claims, Releases, Repo, SignedLink, SignedSegment,
    SignedSnapshot, Team, TopFile,
};

use crate::metadata::{Tally, both};
use crate::world::{at, covered, resealed};

pub fn holds(bytes: &[u8]) {
    of_its_type(bytes);
    // A check line that does not fit would hide the rest.
    if let Some(bytes) = resealed(bytes) {
        of_its_type(&bytes);
    }
}

fn of_its_type(bytes: &[u8]) {
    let tally = &mut Tally::new();
    let text = String::from_utf8_lossy(bytes);
    let mut words = text.split('"').skip(1);
    match words.next() {
        Some("janitors") => both::<SignedLink>(bytes, tally),
        Some("team") => both::<Team>(bytes, tally),
        Some("index") => both::<SignedSegment>(bytes, tally),
        Some("repo") => both::<Repo>(bytes, tally),
        Some("claims") => both::<Claims>(bytes, tally),
        Some("authorisation") => both::<Authorisation>(bytes, tally),
        Some("releases") => both::<Releases>(bytes, tally),
        Some("checksum") => both::<Checksum>(bytes, tally),
        Some("snapshot") => both::<SignedSnapshot>(bytes, tally),
        _ => both::<Author>(bytes, tally),
    }
}

/// All metadata of a repository.
pub fn material() -> Vec<Vec<u8>> {
    let mut w = covered();
    w.teamed("crew", &["bob"]);
    let values = [("announce", "\"a\"")];
    w.file(".gitignore", "x");
    w.repo_file(at(0, 1), &values, &[TopFile::Gitignore]);
    let is_metadata = |path: &String| {
        let place = Place::of(path);
        !matches!(place, Ok(Place::Opam(_) | Place::File(..)) | Err(_))
    };
    let paths = w.paths().into_iter().filter(is_metadata);
    paths.map(|path| w.bytes(&path)).collect()
}
