//! Hashes of random embeddings, equal on every machine and for every target feature.

use std::error::Error;

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::{Dims, Encoder, WeightFormat};
use neural_vault_core::scan::ScanEncoder;
use sha2::{Digest, Sha256};

use neural_vault_core::testing::{Random, bundle_in};

/// SHA-256 of the embeddings of 100 random scans of two windows each, as little-endian float32.
///
/// # Errors
/// No model of these sizes can be made, or a scan has no embedding.
pub fn embedding_hash(format: WeightFormat, dims: &Dims, window: usize) -> Result<String, Box<dyn Error>> {
    let bytes = bundle_in(format, dims, 2026, None)?;
    hash_of_scans(&Bundle::open(bytes.bytes())?, window, 2, 100)
}

/// As [`embedding_hash`], for a given model and `scans` scans of `windows` windows each.
///
/// # Errors
/// A scan has no embedding.
pub fn hash_of_scans(
    bundle: &Bundle<'_>,
    window: usize,
    windows: usize,
    scans: usize,
) -> Result<String, Box<dyn Error>> {
    let (encoder, dims) = (bundle.encoder(), bundle.dims());
    let mut random = Random(11);
    let mut scratch = vec![0.0; Encoder::scratch_len(&dims, window)];
    let mut embedding = vec![0.0; dims.latent];
    let mut hash = Sha256::new();
    for _ in 0..scans {
        let scan = random.floats(windows * window * dims.features, 3.0);
        ScanEncoder::new(&encoder, window, &mut scratch)?.embed(&scan, &mut embedding)?;
        for component in &embedding {
            hash.update(component.to_le_bytes());
        }
    }
    Ok(hex::encode(hash.finalize()))
}
