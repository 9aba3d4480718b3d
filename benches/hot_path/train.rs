//! A training step on 160 and on 1,024 rows of full width, and its graph alone; one thread, and a GPU where there is one.

use criterion::Criterion;
use neural_vault::dataset::{Dataset, Standardiser, Synthetic};
use neural_vault::engine::{Data, Feed};
use neural_vault::graph::loss::Mining;
use neural_vault::graph::step::{Objective, Slot, StepOptions, TrainingStep, training_step};
use neural_vault::model::{StateDict, reference_dims};
use neural_vault::training::{self, Settings, Trainer, TrainingData, Triplet};
use neural_vault_benches::{FULL_WIDTH, SEED, Stop, gpu_engine, onnx_engines, random_model};
use neural_vault_core::encoder::Fill;

const CLASSES: usize = 4;

/// The inputs of one step, drawn once.
struct Inputs {
    floats: Vec<(Slot, Vec<f32>)>,
    triplets: [(&'static str, Vec<i64>); 3],
    count: [usize; 1],
}

impl Inputs {
    fn feeds(&self) -> Vec<Feed<'_>> {
        let floats = self.floats.iter().map(|((name, shape), data)| Feed { name, shape, data: Data::F32(data) });
        let indices = self.triplets.iter().map(|(name, rows)| Feed { name, shape: &self.count, data: Data::I64(rows) });
        floats.chain(indices).collect()
    }
}

pub fn group(criterion: &mut Criterion) -> Result<(), Stop> {
    for rows in [160, 1_024] {
        step(criterion, rows)?;
    }
    Ok(())
}

fn step(criterion: &mut Criterion, rows: usize) -> Result<(), Stop> {
    let timesteps = rows / CLASSES;
    let recording =
        Synthetic { classes: CLASSES, timesteps, features: FULL_WIDTH, sessions: 1, noise: 1.0, seed: SEED }
            .recordings();
    let triplet = Triplet { rows, ..Triplet::default() };
    let settings = Settings { objective: training::Objective::Triplet(triplet.clone()), ..Settings::reference() };
    let objective = Objective::Triplet { mining: Mining::Random { count: triplet.batch }, margin: triplet.margin };
    let options = StepOptions { rows, window: 1, objective, dropout: settings.dropout > 0.0 };
    let graph = training_step(&reference_dims(FULL_WIDTH), &options)?;
    let mut group = criterion.benchmark_group(format!("train/{rows}x{FULL_WIDTH}"));
    group.sample_size(20);
    for engine in onnx_engines().into_iter().chain(gpu_engine()) {
        let data = TrainingData::prepare(recording.clone(), settings.clone())?;
        let inputs = inputs(&graph, &standardised(&recording), rows, triplet.batch)?;
        let mut session = engine.open(&graph.model, 1)?;
        let feeds = inputs.feeds();
        session.run(&feeds)?;
        group.bench_function(format!("{} graph", engine.name()), |b| b.iter(|| session.run(&feeds).is_ok()));
        drop(session);

        let mut trainer = Trainer::new(&random_model(FULL_WIDTH)?, data, engine, 1)?;
        trainer.step()?;
        group.bench_function(format!("{} step", engine.name()), |b| b.iter(|| trainer.step()));
    }
    group.finish();
    Ok(())
}

fn standardised(recording: &Dataset) -> Vec<f32> {
    let mut frames = recording.values.clone();
    Standardiser::fit(&frames, recording.features, Fill::Mean).0.apply(&mut frames);
    frames
}

/// Weights, frames, masks that drop nothing, and valid triplets: the rows are ordered by class.
fn inputs(graph: &TrainingStep, frames: &[f32], rows: usize, count: usize) -> Result<Inputs, Stop> {
    let StateDict { dims, mut tensors, .. } = random_model(FULL_WIDTH)?.state_dict()?;
    let mut floats = vec![
        (("frames".to_owned(), vec![rows, 1, dims.features]), frames.to_vec()),
        (("pos.pe".to_owned(), vec![1, dims.positions, dims.d_model]), tensors.remove("pos.pe").unwrap_or_default()),
    ];
    let weights = graph.parameters.iter().map(|slot| (slot.clone(), tensors.remove(&slot.0).unwrap_or_default()));
    floats.extend(weights);
    floats.extend(graph.masks.iter().map(|slot| (slot.clone(), vec![1.0; slot.1.iter().product()])));
    let shifted = |offset: usize| (0..count).map(|anchor| ((anchor + offset) % rows) as i64).collect();
    let triplets = [("anchor", shifted(0)), ("positive", shifted(1)), ("negative", shifted(rows / CLASSES))];
    Ok(Inputs { floats, triplets, count: [count] })
}
