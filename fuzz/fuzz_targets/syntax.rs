#![no_main]

libfuzzer_sys::fuzz_target!(
    init: conex_fuzz::begin("syntax"),
    |data: &[u8]| conex_fuzz::fuzz::syntax::holds(data)
);
