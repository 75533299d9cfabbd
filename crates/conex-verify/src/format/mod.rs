//! The files of a signed repository: what they hold, read strictly and printed in one way.

pub mod digest;
pub mod key;
pub mod name;
pub mod path;
pub mod resource;
pub mod state;
pub mod syntax;
