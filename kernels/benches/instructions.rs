//! Workloads of the core whose instructions valgrind counts: `cargo xtask instructions`.
//!
//! Weights, scans and prototypes are random, from fixed seeds. The setup of a workload is not counted.
// Items that the macros generate have no documentation.
#![allow(missing_docs, unused_qualifications)]

use std::convert::Infallible;
use std::hint::black_box;

use gungraun::{Callgrind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};
use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::WeightFormat::{F32, I8};
use neural_vault_core::encoder::{Dims, Encoder, WeightFormat};
use neural_vault_core::identify::{Entry, Gallery, Match, ProbeWindows, write};
use neural_vault_core::kernel::Kernel;
use neural_vault_core::key::{DeviceSecret, KeyBuffer, KeyContext, derive_v1, derive_v2};
use neural_vault_core::quantise;
use neural_vault_core::testing::{Aligned, FULL_WIDTH, Random, bundle_in};
use neural_vault_core::verify::{AttemptCounter, Enrolment, Threshold, Verdict, verify};
use neural_vault_kernels::best;

const DIMS: Dims = Dims { features: 1024, positions: 8, ..FULL_WIDTH };

const PROTOTYPES: usize = 10_000;

/// Runs a workload once.
type Workload = Box<dyn FnMut()>;

// Returned, so that its memory is freed after the count.
#[library_benchmark]
#[bench::encode_f32_portable_1(encode(F32, &Kernel::PORTABLE, 1))]
#[bench::encode_f32_portable_8(encode(F32, &Kernel::PORTABLE, 8))]
#[bench::encode_f32_best_1(encode(F32, best(), 1))]
#[bench::encode_f32_best_8(encode(F32, best(), 8))]
#[bench::encode_i8_portable_1(encode(I8, &Kernel::PORTABLE, 1))]
#[bench::encode_i8_portable_8(encode(I8, &Kernel::PORTABLE, 8))]
#[bench::encode_i8_best_1(encode(I8, best(), 1))]
#[bench::encode_i8_best_8(encode(I8, best(), 8))]
#[bench::identify_f32_best(identify(F32))]
#[bench::identify_i8_best(identify(I8))]
#[bench::quantise(quantise())]
#[bench::key_v1(key_v1())]
#[bench::key_v2(key_v2())]
#[bench::verify_accept(decide(true))]
#[bench::verify_reject(decide(false))]
fn work(mut workload: Workload) -> Workload {
    workload();
    workload
}

library_benchmark_group!(name = core; benchmarks = work);

main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"]));
    library_benchmark_groups = core
);

fn encode(format: WeightFormat, kernel: &'static Kernel, window: usize) -> Workload {
    let bytes: &'static Aligned = Box::leak(Box::new(bundle_in(format, &DIMS, 2026, None).unwrap()));
    let encoder = Bundle::open(bytes.bytes()).unwrap().encoder().with_kernel(kernel);
    let frames = Random(11).floats(window * DIMS.features, 3.0);
    let mut scratch = vec![0.0; Encoder::scratch_len(&DIMS, window)];
    let mut embedding = vec![0.0; DIMS.latent];
    Box::new(move || encoder.embed_window(black_box(&frames), &mut scratch, black_box(&mut embedding)).unwrap())
}

fn identify(format: WeightFormat) -> Workload {
    let vectors: Vec<_> = (0..PROTOTYPES as u32).map(prototype).collect();
    let threshold = Threshold::new(0.5).unwrap();
    let entry = |prototype| Entry { label: "", threshold, prototype };
    let entries: Vec<_> = vectors.iter().map(|vector| entry(vector)).collect();
    let bytes: &'static Aligned = Box::leak(Box::new(Aligned::new(
        &write(format, &[0; 32], ProbeWindows { window: 1, windows: 0 }, &entries).unwrap(),
    )));
    let (gallery, kernel, probe) = (Gallery::open(bytes.bytes()).unwrap(), best(), prototype(7));
    let mut matches = [Match { index: 0, score: 0.0 }];
    Box::new(move || gallery.identify(black_box(&probe), black_box(&mut matches), kernel).unwrap())
}

fn quantise() -> Workload {
    let (mut embedding, mut codes) = (prototype(1), [0; DIMS.latent]);
    neural_vault_core::similarity::normalise(&mut embedding).unwrap();
    Box::new(move || quantise::quantise(black_box(&embedding), black_box(&mut codes)).unwrap())
}

fn key_v1() -> Workload {
    let (prototype, mut key) = (prototype(1), [0; 32]);
    Box::new(move || derive_v1(black_box(&prototype), black_box(&mut key)).unwrap())
}

fn key_v2() -> Workload {
    let (prototype, secret) = (prototype(1), DeviceSecret::from_bytes(&[7; 32]));
    let context = KeyContext { model_digest: &[1; 32], enrolment_id: &[2; 16], application: b"count" };
    let mut buffer = KeyBuffer::empty();
    Box::new(move || {
        black_box(derive_v2(black_box(&prototype), &secret, &context, &mut buffer).unwrap());
    })
}

/// A verification that accepts or rejects.
fn decide(accepts: bool) -> Workload {
    let (enrolled, secret) = (prototype(1), DeviceSecret::from_bytes(&[7; 32]));
    let probe = prototype(if accepts { 1 } else { 2 });
    let (threshold, mut buffer) = (Threshold::new(0.9).unwrap(), KeyBuffer::empty());
    Box::new(move || {
        let enrolment = Enrolment::new(&enrolled, threshold, &[1; 32], &[2; 16]).unwrap();
        let mut verdict = Verdict::rejection();
        let accepted = verify(&enrolment, black_box(&probe), &mut Endless, &mut verdict).is_ok();
        let released = accepted && black_box(enrolment.release_key(&verdict, &secret, b"count", &mut buffer)).is_ok();
        assert_eq!(released, accepts);
    })
}

/// The components of a random prototype.
fn prototype(seed: u32) -> Vec<f32> {
    Random(seed).floats(DIMS.latent, 1.0)
}

/// Attempts that never run out.
struct Endless;

impl AttemptCounter for Endless {
    type Error = Infallible;

    fn remaining(&mut self) -> Result<u32, Infallible> {
        Ok(black_box(5))
    }

    fn persist_decrement(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn restore(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
