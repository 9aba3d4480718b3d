//! Connectomes of 94 regions: embedding a scan, and fitting a model to background persons.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion};
use neural_vault::connectome::{Person, Run, fit};
use neural_vault_benches::workloads::{REGIONS, connectome};
use neural_vault_benches::{Stop, normal_values};

/// Persons that a model is fitted to, and frames of each.
const PERSONS: usize = 8;
const FRAMES: usize = 1_200;

pub fn group(criterion: &mut Criterion) -> Result<(), Stop> {
    for frames in [25, FRAMES] {
        let mut group = criterion.benchmark_group(format!("connectome/{frames}x{REGIONS}"));
        for mut contender in connectome(frames)?.contenders {
            let id = BenchmarkId::from_parameter(contender.name);
            group.bench_function(id, |bencher| bencher.iter(&mut contender.run));
        }
        group.finish();
    }
    let values = normal_values(PERSONS * FRAMES * REGIONS);
    let names: Vec<String> = (0..PERSONS).map(|person| format!("person {person}")).collect();
    let runs = values.chunks_exact(FRAMES * REGIONS).map(|values| vec![Run { session: "run", frames: values }]);
    let persons: Vec<Person<'_>> = names.iter().zip(runs).map(|(label, runs)| Person { label, runs }).collect();
    fit(REGIONS, &persons)?;
    let mut group = criterion.benchmark_group("connectome/fit");
    group.bench_function(format!("{PERSONS} persons x {FRAMES} frames"), |bencher| {
        bencher.iter(|| fit(REGIONS, black_box(&persons)).is_ok());
    });
    group.finish();
    Ok(())
}
