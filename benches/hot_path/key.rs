//! A prototype to its 256-bit key, by each scheme.

use criterion::Criterion;
use neural_vault_benches::Stop;
use neural_vault_benches::works::keys;

pub fn group(criterion: &mut Criterion) -> Result<(), Stop> {
    let mut group = criterion.benchmark_group("key");
    for work in keys()? {
        for mut contender in work.contenders {
            group.bench_function(work.name.trim_start_matches("key "), |bencher| bencher.iter(&mut contender.run));
        }
    }
    group.finish();
    Ok(())
}
