//! The published form: the metadata of a repository in bundles, with everything left out that a
//! reader can compute.
//!
//! People work on many small files, so that merges do not conflict; clients follow few and short
//! ones. Both are forms of one state. Everything behind this module judges the working form: a
//! tree that holds a bundle is [expanded](expand()) first. What opam reads stays as it is, and a
//! bundle can hold nothing that opam would read.

mod bundle;
mod expand;
mod facts;
mod fault;
mod line;
mod shorten;

pub use self::bundle::{BUNDLES, Bundle, SHARES, share};
pub use self::expand::{Form, evidence, expand, expand_rest, form_of};
pub use self::shorten::{Unpublishable, shorten};
