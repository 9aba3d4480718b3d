//! A small model, and scans of two persons and of nobody.

use std::sync::LazyLock;

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::{Dims, Encoder};
use neural_vault_core::scan::ScanEncoder;
use neural_vault_core::testing::{Aligned, Random, bundle};

/// Features of a frame.
pub const FEATURES: usize = 8;

/// Frames of a window.
pub const WINDOW: u8 = 2;

/// Components of an embedding.
pub const LATENT: usize = 16;

/// The model that the token holds.
pub static MODEL: LazyLock<Aligned> =
    LazyLock::new(|| bundle(&Dims::linear(FEATURES, LATENT, 4), 5, None).expect("its sizes are sound"));

/// Values of a scan: takes of one person differ a little, two persons' entirely, and a third one's say nothing.
pub fn values(person: u8, take: u8, frames: u32) -> Vec<f32> {
    let length = FEATURES * frames as usize;
    if person % 3 == 2 {
        return vec![0.0; length];
    }
    let mut who = Random(3 + u32::from(person % 3));
    let window: Vec<f32> = (0..FEATURES * usize::from(WINDOW)).map(|_| 3.0 * who.float()).collect();
    let mut when = Random(1000 + u32::from(take % 4));
    window.iter().cycle().take(length).map(|value| value + 0.05 * when.float()).collect()
}

/// The embedding that the host computes of a scan; `None` where it says nothing.
pub fn embedding(values: &[f32]) -> Option<Vec<f32>> {
    let encoder = Bundle::reopen(MODEL.bytes()).expect("a sound model").encoder();
    let mut scratch = vec![0.0; Encoder::scratch_len(encoder.dims(), WINDOW.into())];
    let mut embedding = vec![0.0; LATENT];
    ScanEncoder::new(&encoder, WINDOW.into(), &mut scratch).ok()?.embed(values, &mut embedding).ok()?;
    Some(embedding)
}

/// The cosine of two embeddings.
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn persons_differ_and_takes_of_one_do_not() {
    let embedding = |person, take| embedding(&values(person, take, 4)).unwrap();
    for (person, take) in [(0, 1), (0, 3), (1, 2)] {
        assert!(cosine(&embedding(person, 0), &embedding(person, take)) > 0.99);
    }
    assert!(cosine(&embedding(0, 0), &embedding(1, 0)) < 0.6, "{}", cosine(&embedding(0, 0), &embedding(1, 0)));
    assert!(super::persons::embedding(&values(2, 0, 4)).is_none());
}
