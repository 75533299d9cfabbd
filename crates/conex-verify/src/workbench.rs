//! What is behind the door, open to the tools of people, who ask what would be. A verdict is made
//! by [`verify`](crate::verify()) alone.

#![allow(missing_docs)]

pub mod opam_file {
    pub use crate::opam_file::*;
}
pub mod patch {
    pub use crate::patch::*;
}
pub mod proof {
    pub use crate::proof::*;
}
/// Both forms of a repository.
pub mod published {
    pub use crate::published::*;
}

pub mod repository {
    pub use crate::repository::*;
}
pub mod sorted {
    pub use crate::sorted::*;
}
pub mod trust {
    pub use crate::trust::*;
}
pub mod update {
    pub use crate::update::*;
}
pub mod verdict {
    pub use crate::verdict::*;
}
pub mod verify {
    pub use crate::verify::*;
}
