//! Scans and prototypes: from values to an embedding, and from an embedding to stored codes and back.

use std::hint::black_box;

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::{Dims, Encoder, WeightFormat};
use neural_vault_core::prototype::{restore, round};
use neural_vault_core::scan::ScanEncoder;
use neural_vault_core::testing::{Random, bundle_in};

use crate::Workload;
use crate::marks::{as_secret, secret};

pub const WORKLOADS: &[Workload] = &[
    ("prototype::round and restore", rounded),
    ("ScanEncoder: Transformer, float32", || embedding(WeightFormat::F32, &TRANSFORMER)),
    ("ScanEncoder: Transformer, int8 as on a token", || embedding(WeightFormat::I8I16, &TRANSFORMER)),
    ("ScanEncoder: linear", || embedding(WeightFormat::F32, &Dims::linear(300, 16, 4))),
    ("ScanEncoder: connectome", || embedding(WeightFormat::F32, &Dims::connectome(12, 5))),
];

const TRANSFORMER: Dims =
    Dims { features: 300, d_model: 16, heads: 2, layers: 1, feed_forward: 16, latent: 16, positions: 8 };

/// Frames of a window, and of the three windows of a scan.
const WINDOW: usize = 2;
const FRAMES: usize = 3 * WINDOW;

fn rounded() {
    let prototype: [f32; 128] = as_secret(Random(3).floats(128, 1.0).try_into().expect("as many"));
    let (mut codes, mut components) = ([0; 128], [0.0; 128]);
    let scale = round(&prototype, &mut codes).expect("it has a direction");
    restore(&codes, scale, &mut components).expect("it has a direction");
    black_box(components);
}

fn embedding(format: WeightFormat, dims: &Dims) {
    let bytes = bundle_in(format, dims, 5, None).expect("sound sizes");
    let encoder = Bundle::open(bytes.bytes()).expect("sound bytes").encoder();
    let mut values = Random(11).floats(FRAMES * dims.features, 3.0);
    secret(&mut values[..]);
    let mut scratch = vec![0.0; Encoder::scratch_len(dims, WINDOW)];
    let mut embedding = vec![0.0; dims.latent];
    let scan = ScanEncoder::new(&encoder, WINDOW, &mut scratch).expect("there is room");
    scan.embed(&values, &mut embedding).expect("it has an embedding");
    black_box(embedding);
}
