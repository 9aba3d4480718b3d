//! Searching a gallery for one query, and for eight queries in one pass.

use criterion::{BenchmarkId, Criterion, Throughput};
use neural_vault_benches::Stop;
use neural_vault_benches::workloads::identify;
use neural_vault_core::encoder::WeightFormat;

const PROTOTYPES: usize = 100_000;

pub fn group(criterion: &mut Criterion) -> Result<(), Stop> {
    for format in [WeightFormat::F32, WeightFormat::I8] {
        let mut group = criterion.benchmark_group(format!("identify/{}/{PROTOTYPES}", format.name()));
        for queries in [1, 8] {
            group.throughput(Throughput::Elements((PROTOTYPES * queries) as u64));
            for mut contender in identify(format, PROTOTYPES, queries)?.contenders {
                let id = BenchmarkId::from_parameter(format!("{queries} queries"));
                group.bench_function(id, |bencher| bencher.iter(&mut contender.run));
            }
        }
        group.finish();
    }
    Ok(())
}
