#![no_main]

libfuzzer_sys::fuzz_target!(
    init: conex_fuzz::begin("metadata"),
    |data: &[u8]| conex_fuzz::fuzz::metadata::holds(data)
);
