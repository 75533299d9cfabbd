#![no_main]

libfuzzer_sys::fuzz_target!(
    init: conex_fuzz::begin("git"),
    |data: &[u8]| conex_fuzz::fuzz::git::holds(data)
);
