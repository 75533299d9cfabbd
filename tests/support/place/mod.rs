//! Where the project and the real data lie.

use std::path::{Path, PathBuf};

/// The top directory of the project: the one with `fixtures/`.
pub fn top() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let top = here.ancestors().find(|dir| dir.join("fixtures").is_dir());
    top.unwrap_or(here).to_owned()
}

/// The directory of real repositories, whether it is there or not.
pub fn data() -> PathBuf {
    std::env::var_os("CONEX_DATA").map_or_else(|| top().join("../shared/data"), PathBuf::from)
}
