//! Prints the SHA-256 of random embeddings, equal on every machine and for every target feature.
//!
//! `cargo run --release -p neural-vault-core --features std --example embedding_hash`
//!
//! With a folder it writes models there and prints, a line each, the hash that a token must compute: the model's file,
//! frames of a window, scans of one window, hash.

use std::error::Error;
use std::fs;
use std::path::Path;

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::{Dims, WeightFormat};
use neural_vault_testkit::{FULL_WIDTH, LINEAR, LONG_FRAMES, bundle_in, embedding_hash, hash_of_scans};

/// Features, and windows with the number of scans: the reference's widths, with few features and with all of them.
const ON_A_TOKEN: [(usize, [(usize, usize); 2]); 2] = [(1024, [(1, 200), (8, 200)]), (20_484, [(1, 4), (8, 2)])];

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
    Ok(())
}

fn for_a_token(folder: &Path) -> Result<(), Box<dyn Error>> {
    for format in WeightFormat::ALL {
        for (features, windows) in ON_A_TOKEN {
            let bytes = bundle_in(format, &Dims { features, positions: 8, ..FULL_WIDTH }, 2026, None)?;
            let name = format!("{}-{features}.nvb", format.name());
            fs::write(folder.join(&name), bytes.bytes())?;
            for (window, scans) in windows {
                println!("{name} {window} {scans} {}", hash_of_scans(&Bundle::open(bytes.bytes())?, window, 1, scans)?);
            }
        }
    }
    Ok(())
}
