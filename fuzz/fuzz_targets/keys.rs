#![no_main]

libfuzzer_sys::fuzz_target!(
    init: conex_fuzz::begin("keys"),
    |data: &[u8]| conex_fuzz::fuzz::keys::holds(data)
);
