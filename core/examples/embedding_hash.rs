//! Prints the SHA-256 of random embeddings, equal on every machine and for every target feature.
//!
//! `cargo run --release -p neural-vault-core --features std --example embedding_hash`
//!
//! With a folder it writes models there and prints, a line each, the hash that a token must compute: the model's file,
//! frames of a window, scans of one window, components of an embedding, hash.

#[path = "../tests/support/hashes.rs"]
mod hashes;

use std::error::Error;
use std::fs;
use std::path::Path;

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::{Dims, WeightFormat};
use neural_vault_core::testing::{CONNECTOME, FULL_WIDTH, LINEAR, LONG_FRAMES, PARCELS, bundle_in};

use hashes::{embedding_hash, hash_of_scans};

/// Features, and windows with the number of scans: the reference's widths, with few features and with all of them.
const ON_A_TOKEN: [(usize, [(usize, usize); 2]); 2] = [(1024, [(1, 200), (8, 200)]), (20_484, [(1, 4), (8, 2)])];

/// Frames of a connectome's scan on a token, of half a scan on this machine.
const CONNECTOME_FRAMES: usize = 25;

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(folder) = std::env::args_os().nth(1) {
        return for_a_token(Path::new(&folder));
    }
    for format in WeightFormat::ALL {
        for (name, dims) in [("transformer", FULL_WIDTH), ("long frames", LONG_FRAMES), ("linear", LINEAR)] {
            for window in [1, 3] {
                let hash = embedding_hash(format, &dims, window)?;
                println!("{} {name}, window {window}: {hash}", format.name());
            }
        }
    }
    for (name, dims) in [("connectome", CONNECTOME), ("parcels", PARCELS)] {
        println!("{name}, 50 frames: {}", embedding_hash(WeightFormat::F32, &dims, CONNECTOME_FRAMES)?);
    }
    Ok(())
}

fn for_a_token(folder: &Path) -> Result<(), Box<dyn Error>> {
    for format in WeightFormat::ALL {
        for (features, windows) in ON_A_TOKEN {
            let bytes = bundle_in(format, &Dims { features, positions: 8, ..FULL_WIDTH }, 2026, None)?;
            let name = format!("{}-{features}.nvb", format.name());
            fs::write(folder.join(&name), bytes.bytes())?;
            for (window, scans) in windows {
                let hash = hash_of_scans(&Bundle::open(bytes.bytes())?, window, 1, scans)?;
                println!("{name} {window} {scans} {} {hash}", FULL_WIDTH.latent);
            }
        }
    }
    for (name, dims) in [("connectome.nvb", CONNECTOME), ("parcels.nvb", PARCELS)] {
        let bytes = bundle_in(WeightFormat::F32, &dims, 2026, None)?;
        fs::write(folder.join(name), bytes.bytes())?;
        let hash = hash_of_scans(&Bundle::open(bytes.bytes())?, CONNECTOME_FRAMES, 1, 100)?;
        println!("{name} {CONNECTOME_FRAMES} 100 {} {hash}", dims.latent);
    }
    Ok(())
}
