//! How little stack an encode needs: a token has tens of kilobytes in all.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "std")]

use std::thread;

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::{Dims, Encoder};
use neural_vault_core::testing::{Random, bundle};

/// The reference's model on the fsaverage5 mesh.
const MESH: Dims =
    Dims { features: 20_484, d_model: 128, heads: 8, layers: 2, feed_forward: 512, latent: 128, positions: 512 };

/// 16 KB for the encode, and 8 for what the standard library does before a thread's own code runs.
///
/// An overflow ends the whole test program with a signal.
const STACK: usize = (16 + 8) * 1024;

#[test]
fn a_frame_is_encoded_on_sixteen_kilobytes_of_stack() {
    let bytes = bundle(&MESH, 7, None).unwrap();
    let bundle = Bundle::open(bytes.bytes()).unwrap();
    let encoder = bundle.encoder();
    let frame = Random(11).floats(MESH.features, 3.0);
    let mut scratch = vec![0.0; Encoder::scratch_len(&MESH, 1)];
    let mut embedding = [0.0; 128];
    thread::scope(|scope| {
        let encode = || encoder.embed_window(&frame, &mut scratch, &mut embedding);
        thread::Builder::new().stack_size(STACK).spawn_scoped(scope, encode).unwrap().join().unwrap().unwrap();
    });
    assert!(embedding.iter().any(|component| *component != 0.0));
}
