#![no_main]

libfuzzer_sys::fuzz_target!(
    init: conex_fuzz::begin("patches"),
    |data: &[u8]| conex_fuzz::fuzz::patches::holds(data)
);
