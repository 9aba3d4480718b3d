//! Prints the SHA-256 of 100 embeddings, equal on every machine and for every target feature.
//!
//! `cargo run --release -p neural-vault-core --features std --example embedding_hash`

#[path = "../tests/model/mod.rs"]
pub mod model;

use std::error::Error;

use model::{FULL_WIDTH, LINEAR, LONG_FRAMES, Random};
use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::{Dims, Encoder, WeightFormat};
use neural_vault_core::scan::embed_scan;
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    for format in WeightFormat::ALL {
        for (name, dims) in [("transformer", FULL_WIDTH), ("long frames", LONG_FRAMES), ("linear", LINEAR)] {
            for window in [1, 3] {
                let hash = embedding_hash(format, &dims, window)?;
                println!("{} {name}, window {window}: {hash}", format.name());
            }
        }
    }
    Ok(())
}

/// SHA-256 of the embeddings of 100 random scans of two windows each, as little-endian float32.
pub fn embedding_hash(format: WeightFormat, dims: &Dims, window: usize) -> Result<String, Box<dyn Error>> {
    let bytes = model::bundle_in(format, dims, 2026, None)?;
    let bundle = Bundle::open(bytes.bytes())?;
    let encoder = bundle.encoder();
    let mut random = Random(11);
    let mut scratch = vec![0.0; Encoder::scratch_len(dims, window)];
    let mut embedding = vec![0.0; dims.latent];
    let mut hash = Sha256::new();
    for _ in 0..100 {
        let scan = random.floats(2 * window * dims.features, 3.0);
        embed_scan(&encoder, &scan, window, &mut scratch, &mut embedding)?;
        for component in &embedding {
            hash.update(component.to_le_bytes());
        }
    }
    Ok(hex::encode(hash.finalize()))
}
