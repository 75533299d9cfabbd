#![no_main]

libfuzzer_sys::fuzz_target!(
    init: conex_fuzz::begin("private_keys"),
    |data: &[u8]| conex_fuzz::fuzz::private_keys::holds(data)
);
