//! Quantising an embedding's 128 components to int16 codes.

use std::hint::black_box;

use criterion::Criterion;
use neural_vault_benches::{LATENT, Stop, unit_vector};
use neural_vault_core::quantise::quantise;

pub fn group(criterion: &mut Criterion) -> Result<(), Stop> {
    let embedding = unit_vector(1);
    let mut codes = [0; LATENT];
    quantise(&embedding, &mut codes)?;
    let mut group = criterion.benchmark_group("quantise");
    group.bench_function("128 components", |b| {
        b.iter(|| quantise(black_box(&embedding), black_box(&mut codes)));
    });
    group.finish();
    Ok(())
}
