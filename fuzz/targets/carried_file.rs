#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| zhibu_fuzz::carried_file(bytes));
