#![no_main]

use std::panic;

// The reader catches panics of the parquet crate, at which libFuzzer's hook would end the program. What nobody catches ends
// it without the hook too.
fn go_on() {
    panic::set_hook(Box::new(|panic| {
        if !panic.location().is_some_and(|place| place.file().contains("/registry/")) {
            eprintln!("{panic}");
        }
    }));
}

libfuzzer_sys::fuzz_target!(init: go_on(), |bytes: &[u8]| neural_vault_fuzz_checks::parquet::check(bytes));
