//! The scanner of metadata beside the general reader: one takes a file exactly when the other does,
//! with the same value, and prints the same bytes again.
#![allow(missing_docs)]

use std::collections::BTreeMap;
use std::fmt::Debug;

use conex_verify::format::path::Place;
use conex_verify::format::resource::{
    Author, Authorisation, Checksum, Claims, Decode, IdFile, Releases, Repo, SignedLink,
    SignedSegment, SignedSnapshot, Team,
};

/// How many files both took, and how many both refused, by type.
pub type Tally = BTreeMap<&'static str, [usize; 2]>;

/// What both readers say of a file of this type.
pub fn both<T: Decode + PartialEq + Debug>(bytes: &[u8], tally: &mut Tally) {
    let (scanned, parsed) = (T::scan(bytes), T::parse(bytes));
    let text = String::from_utf8_lossy(bytes);
    assert_eq!(scanned.as_ref(), parsed.as_ref().ok(), "{text}");
    assert_eq!(T::decode(bytes), parsed, "{text}");
    if let Some(value) = &scanned {
        assert!(value.encode() == bytes, "{text}");
    }
    tally.entry(T::TYPE).or_default()[usize::from(scanned.is_none())] += 1;
}

/// What both readers say of a file, read as what belongs to its place.
pub fn in_its_place(place: &Place, bytes: &[u8], tally: &mut Tally) {
    match place {
        Place::Link(_) => both::<SignedLink>(bytes, tally),
        Place::IdFile(_) => {
            both::<Author>(bytes, tally);
            both::<Team>(bytes, tally);
            let either = match Team::parse(bytes) {
                Ok(team) => Ok(IdFile::Team(team)),
                Err(_) => Author::parse(bytes).map(IdFile::Author),
            };
            assert_eq!(IdFile::decode(bytes).ok(), either.ok());
        }
        Place::Segment(..) => both::<SignedSegment>(bytes, tally),
        Place::Repo => both::<Repo>(bytes, tally),
        Place::Claims => both::<Claims>(bytes, tally),
        Place::Authorisation(_) => both::<Authorisation>(bytes, tally),
        Place::Releases(_) => both::<Releases>(bytes, tally),
        Place::Checksum(_) => both::<Checksum>(bytes, tally),
        Place::Snapshot => both::<SignedSnapshot>(bytes, tally),
        _ => {}
    }
}
