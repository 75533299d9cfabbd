#![no_main]

libfuzzer_sys::fuzz_target!(
    init: conex_fuzz::begin("repository"),
    |data: &[u8]| conex_fuzz::fuzz::repository::holds(data)
);
