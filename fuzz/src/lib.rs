//! The properties of the tests, for the fuzzers. Each target is a file in `fuzz_targets`.

#[path = "../../tests/support/fuzz/mod.rs"]
pub mod fuzz;
#[path = "../../tests/support/metadata/mod.rs"]
#[allow(dead_code)]
mod metadata;
#[path = "../../tests/support/mutation/mod.rs"]
#[allow(dead_code)]
mod mutation;
#[path = "../../tests/support/patch_support/mod.rs"]
#[allow(dead_code)]
mod patch_support;
#[path = "../../tests/support/place/mod.rs"]
#[allow(dead_code)]
mod place;
#[path = "../../tests/support/seed_key/mod.rs"]
#[allow(dead_code)]
mod seed_key;
#[path = "../../tests/support/syntax/mod.rs"]
#[allow(dead_code)]
mod syntax_support;
#[path = "../../tests/support/world/mod.rs"]
#[allow(dead_code)]
mod world;

/// Writes what the fuzzers of a target start from to where `CONEX_FUZZ_MATERIAL` says.
pub fn begin(target: &str) {
    let Some(dir) = std::env::var_os("CONEX_FUZZ_MATERIAL") else {
        return;
    };
    for (n, bytes) in fuzz::material(target).iter().enumerate() {
        let file = std::path::Path::new(&dir).join(format!("material-{n}"));
        std::fs::write(file, bytes).expect("material is written");
    }
}
