//! Embedding a window of raw frames: the same model, one thread, every engine.

use criterion::{BenchmarkId, Criterion};
use neural_vault_benches::workloads::encode;
use neural_vault_benches::{FULL_WIDTH, Stop};
use neural_vault_core::encoder::WeightFormat;

pub fn group(criterion: &mut Criterion) -> Result<(), Stop> {
    for format in WeightFormat::ALL {
        for features in [1_024, FULL_WIDTH] {
            for window in [1, 8] {
                let mut group = criterion.benchmark_group(format!("encode/{}/{features}x{window}", format.name()));
                for mut contender in encode(format, features, window)?.contenders {
                    let id = BenchmarkId::from_parameter(contender.name);
                    group.bench_function(id, |bencher| bencher.iter(&mut contender.run));
                }
                group.finish();
            }
        }
    }
    Ok(())
}
