//! A window of raw frames to its embedding, on each engine with one thread and the same model.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion};
use neural_vault::engine::{Data, Feed};
use neural_vault::model::onnx;
use neural_vault_benches::{FULL_WIDTH, LATENT, Stop, aligned, normal_values, onnx_engines, random_model};
use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::Encoder;

/// Largest difference between two engines' embeddings of one window: they must have done the same work.
const TOLERANCE: f32 = 1e-5;

pub fn group(criterion: &mut Criterion) -> Result<(), Stop> {
    for features in [1_024, FULL_WIDTH] {
        let model = random_model(features)?;
        let words = aligned(&model.to_bundle(None)?);
        let bundle = Bundle::open(bytemuck::cast_slice(&words))?;
        let proto = onnx::to_proto(&model, bundle.digest())?;
        for window in [1, 8] {
            let frames = normal_values(window * features);
            let shape = [1, window, features];
            let feeds = [Feed { name: onnx::INPUT, shape: &shape, data: Data::F32(&frames) }];
            let (portable, encoder) = (bundle.encoder(), bundle.encoder().with_kernel(neural_vault_kernels::best()));
            let mut scratch = vec![0.0; Encoder::scratch_len(encoder.dims(), window)];
            let mut embedding = [0.0; LATENT];
            encoder.embed_window(&frames, &mut scratch, &mut embedding)?;

            let mut group = criterion.benchmark_group(format!("encode/{features}x{window}"));
            for (name, encoder) in [("core", encoder), ("core, portable", portable)] {
                group.bench_function(BenchmarkId::from_parameter(name), |b| {
                    let mut embedding = [0.0; LATENT];
                    b.iter(|| encoder.embed_window(black_box(&frames), &mut scratch, &mut embedding));
                });
            }
            for engine in onnx_engines() {
                let mut session = engine.open(&proto, 1)?;
                same(engine.name(), &embedding, session.run(&feeds)?.output(0)?)?;
                group.bench_function(BenchmarkId::from_parameter(engine.name()), |b| {
                    b.iter(|| session.run(black_box(&feeds)).is_ok());
                });
            }
            group.finish();
        }
    }
    Ok(())
}

fn same(engine: &str, core: &[f32], other: &[f32]) -> Result<(), Stop> {
    let difference = core.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    if core.len() == other.len() && difference <= TOLERANCE {
        Ok(())
    } else {
        Err(format!("core and {engine} differ by {difference}").into())
    }
}
