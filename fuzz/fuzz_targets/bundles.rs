#![no_main]

libfuzzer_sys::fuzz_target!(
    init: conex_fuzz::begin("bundles"),
    |data: &[u8]| conex_fuzz::fuzz::bundles::holds(data)
);
