//! Embeds random scans with every kernel of this processor, and compares each word with the portable kernel's.
//!
//! `cargo run --release -p neural-vault-kernels --example kernel_bits [SCANS]`

#[path = "../tests/support/comparison.rs"]
mod comparison;

use std::error::Error;

use comparison::{Comparison, compare};
use neural_vault_core::encoder::WeightFormat;

/// Default number of scans per format; a tenth of them have eight frames.
const SCANS: usize = 100_000;

fn main() -> Result<(), Box<dyn Error>> {
    let scans = std::env::args().nth(1).map_or(Ok(SCANS), |scans| scans.parse())?;
    let kernels = neural_vault_kernels::usable();
    let names: Vec<&str> = kernels.iter().map(|(name, _)| *name).collect();
    println!("this processor runs: {}", names.join(", "));
    #[cfg(target_arch = "x86_64")]
    if kernels.len() == 1 && std::arch::is_x86_feature_detected!("avx2") {
        return Err("this processor has AVX2, and no kernel uses it".into());
    }
    if kernels.len() == 1 {
        println!("there is nothing to compare the portable kernel with");
    }
    let mut differing = 0;
    for format in WeightFormat::ALL {
        for ((name, _), found) in kernels[1..].iter().zip(compare(format, &kernels[1..], scans)?) {
            let Comparison { scans, refused, words, differing: different } = found;
            let format = format.name();
            println!("{format:5} {name:6} {scans} scans, {refused} refused; {words} words, {different} differ");
            differing += different;
        }
    }
    if differing == 0 { Ok(()) } else { Err(format!("{differing} words differ from the portable kernel's").into()) }
}
