#![no_main]

libfuzzer_sys::fuzz_target!(
    init: conex_fuzz::begin("archives"),
    |data: &[u8]| conex_fuzz::fuzz::archives::holds(data)
);
