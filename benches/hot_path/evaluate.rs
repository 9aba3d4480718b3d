//! An evaluation of persons: all 35 ways to choose four of seven, at three probe lengths.

use std::ops::ControlFlow;
use std::time::Duration;

use criterion::Criterion;
use neural_vault::dataset::Synthetic;
use neural_vault::engine::Engine;
use neural_vault::evaluation::evaluate::evaluate;
use neural_vault::evaluation::plan::Plan;
use neural_vault::evaluation::protocols::{PersonChoice, SessionChoice};
use neural_vault::evaluation::{methods, protocols};
use neural_vault::training::Recipe;
use neural_vault_benches::Stop;
use neural_vault_benches::workloads::REGIONS;

/// Persons of the background beside those of the evaluated recordings.
const BACKGROUND: usize = 5;

pub fn group(criterion: &mut Criterion) -> Result<(), Stop> {
    let persons = |classes, timesteps, seed| {
        Synthetic { classes, timesteps, features: REGIONS, sessions: 6, noise: 1.0, seed }.recordings()
    };
    let recordings = persons(7, 200, 1);
    let mut background = persons(BACKGROUND, 59, 2);
    background.labels.iter_mut().for_each(|label| label.insert_str(0, "other "));
    let protocol = protocols::find("unseen-persons").ok_or("no such protocol")?;
    let plan = Plan {
        methods: vec![methods::find("connectome").ok_or("no such method")?],
        sessions: SessionChoice {
            persons: PersonChoice { background: BACKGROUND, ..PersonChoice::default() },
            ..SessionChoice::default()
        },
        model: None,
        recipe: Recipe::Linear { open_set: false },
        seed: 0,
        seeds: 1,
        windows: vec![1],
        lengths: vec![10, 25, 50],
        background: Some(background),
        parcels: None,
        engine: Engine::Tract,
        replicates: 1000,
        sweeps: false,
    };
    evaluate(&recordings, protocol, &plan, &|_| ControlFlow::Continue(()))?;
    let run = || evaluate(&recordings, protocol, &plan, &|_| ControlFlow::Continue(())).is_ok();
    let mut group = criterion.benchmark_group("evaluate/unseen-persons");
    group.sample_size(10).measurement_time(Duration::from_secs(30));
    group.bench_function("connectome, 35 splits", |bencher| bencher.iter(run));
    group.finish();
    Ok(())
}
