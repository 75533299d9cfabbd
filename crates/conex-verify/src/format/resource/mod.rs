//! Typed metadata: what each file says, read strictly and printed in one way.
//!
//! `docs/format.md` describes the files for those who write another client;
//! `fixtures/golden/` holds one file of each type with its digest.

mod claims;
pub mod decode;
pub mod encode;
mod error;
mod ids;
mod link;
mod packages;
mod reference;
mod repo;
mod scan;
mod segment;
pub mod snapshot;
pub mod source;
mod tree;

pub use claims::Claims;
pub use decode::{Decode, Resource};
pub use error::{MetaError, MetaErrorKind};
pub use ids::{Account, Author, IdFile, Team};
pub use link::{Continues, Link, Member, SignedLink, SnapshotRule};
pub use packages::{Authorisation, Checksum, FileDigest, Releases};
pub use reference::{CLAIMS_NAME, Kind, REPO_NAME, ResourceId, ResourceVersion, Revision};
pub use repo::{Repo, RepoField, TopFile};
pub use segment::{Entry, Segment, SignedSegment, Timestamp};
pub use snapshot::{SignedSnapshot, Snapshot};
