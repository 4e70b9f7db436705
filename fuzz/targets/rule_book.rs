#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| zhibu_fuzz::rule_book(bytes));
