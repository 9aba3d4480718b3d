#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| neural_vault_fuzz_checks::model::check(bytes));
