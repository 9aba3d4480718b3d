//! Prints the SHA-256 of 100 embeddings, equal on every machine and for every target feature.
//!
//! `cargo run --release -p neural-vault-core --features std --example embedding_hash`

#[path = "../tests/model/mod.rs"]
mod model;

use std::error::Error;

use model::{FULL_WIDTH, Random};
use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::Encoder;
use neural_vault_core::scan::embed_scan;
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    for window in [1, 3] {
        println!("window {window}: {}", embedding_hash(window)?);
    }
    Ok(())
}

/// SHA-256 of the embeddings of 100 random scans of two windows each, as little-endian float32.
pub fn embedding_hash(window: usize) -> Result<String, Box<dyn Error>> {
    let bytes = model::bundle(&FULL_WIDTH, 2026, None)?;
    let bundle = Bundle::open(bytes.bytes())?;
    let encoder = bundle.encoder();
    let mut random = Random(11);
    let mut scratch = vec![0.0; Encoder::scratch_len(&FULL_WIDTH, window)];
    let mut embedding = vec![0.0; FULL_WIDTH.latent];
    let mut hash = Sha256::new();
    for _ in 0..100 {
        let scan = random.floats(2 * window * FULL_WIDTH.features, 3.0);
        embed_scan(&encoder, &scan, window, &mut scratch, &mut embedding)?;
        for component in &embedding {
            hash.update(component.to_le_bytes());
        }
    }
    Ok(hex::encode(hash.finalize()))
}
