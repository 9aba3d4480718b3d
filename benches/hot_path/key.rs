//! Deriving a prototype's 256-bit key, by each scheme.

use criterion::Criterion;
use neural_vault_benches::Stop;
use neural_vault_benches::workloads::keys;

pub fn group(criterion: &mut Criterion) -> Result<(), Stop> {
    let mut group = criterion.benchmark_group("key");
    for workload in keys()? {
        for mut contender in workload.contenders {
            group.bench_function(workload.name.trim_start_matches("key "), |bencher| bencher.iter(&mut contender.run));
        }
    }
    group.finish();
    Ok(())
}
