//! A prototype to its 256-bit key, by each scheme.

use std::hint::black_box;

use criterion::Criterion;
use neural_vault_benches::{Stop, unit_vector};
use neural_vault_core::key::{DeviceSecret, KeyContext, derive_v1, derive_v2};

pub fn group(criterion: &mut Criterion) -> Result<(), Stop> {
    let prototype = unit_vector(1);
    let secret = DeviceSecret::from_bytes([7; 32]);
    let context = KeyContext { model_digest: &[1; 32], enrolment_id: &[2; 16], application: b"bench" };
    let mut key = [0; 32];
    derive_v1(&prototype, &mut key)?;
    derive_v2(&prototype, &secret, &context)?;

    let mut group = criterion.benchmark_group("key");
    group.bench_function("v1", |b| b.iter(|| derive_v1(black_box(&prototype), black_box(&mut key))));
    group.bench_function("v2", |b| b.iter(|| derive_v2(black_box(&prototype), &secret, &context)));
    group.finish();
    Ok(())
}
