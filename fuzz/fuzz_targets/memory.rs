#![no_main]

libfuzzer_sys::fuzz_target!(
    init: conex_fuzz::begin("memory"),
    |data: &[u8]| conex_fuzz::fuzz::memory::holds(data)
);
