//! Comparison of several kernels' embeddings with those of the portable kernel, word by word.

use std::error::Error;
use std::ops::AddAssign;
use std::thread;

use neural_vault_core::bundle::{Bundle, Description};
use neural_vault_core::encoder::{Dims, Encoder, Fill, WeightFormat};
use neural_vault_core::kernel::Kernel;
use neural_vault_core::scan::{ScanEncoder, ScanError};

use neural_vault_core::testing::{FULL_WIDTH, Random, described_bundle};

const DIMS: Dims = Dims { features: 2_051, positions: 8, ..FULL_WIDTH };

/// How one kernel's embeddings compare with the portable kernel's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Scans embedded by both.
    pub scans: usize,
    /// Scans among them that overflow, which the portable kernel refuses.
    pub refused: usize,
    /// Words compared, without those of refused scans.
    pub words: usize,
    /// Words that differ; all words of an embedding if only one of the kernels refuses the scan.
    pub differing: usize,
}

impl AddAssign for Comparison {
    fn add_assign(&mut self, other: Self) {
        self.scans += other.scans;
        self.refused += other.refused;
        self.words += other.words;
        self.differing += other.differing;
    }
}

/// Embeds the first `scans` random scans by the portable kernel and by each of `kernels`, on all cores.
///
/// Every tenth scan has a window of eight frames, the others one frame. Every third scan's values that are not finite are
/// filled by [`Fill::Reference`], those of others by [`Fill::Mean`].
///
/// # Errors
/// The model cannot be made, or a thread panicked.
pub fn compare(
    format: WeightFormat,
    kernels: &[(&str, &'static Kernel)],
    scans: usize,
) -> Result<Vec<Comparison>, Box<dyn Error>> {
    let describe = |fill| Description { fill, window: 1, recipe: "random", labels: [0; 32] };
    let model = |fill| described_bundle(Some(&describe(fill)), format, &DIMS, 2026, None);
    let (reference, mean) = (model(Fill::Reference)?, model(Fill::Mean)?);
    let (reference, mean) = (Bundle::open(reference.bytes())?.encoder(), Bundle::open(mean.bytes())?.encoder());
    let threads = thread::available_parallelism()?.get();
    let every_nth_from = |first: usize| {
        let mut found = vec![Comparison::default(); kernels.len()];
        for index in (first..scans).step_by(threads) {
            let (window, frames) = scan(index);
            let portable = if index % 3 == 0 { &reference } else { &mean };
            let expected = embed(portable, &frames, window);
            for ((_, kernel), found) in kernels.iter().zip(&mut found) {
                *found += compare_bits(&expected, &embed(&portable.with_kernel(kernel), &frames, window));
            }
        }
        found
    };
    let mut total = vec![Comparison::default(); kernels.len()];
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|first| scope.spawn(move || every_nth_from(first))).collect();
        for thread in running {
            let found = thread.join().map_err(|_| "a thread panicked")?;
            total.iter_mut().zip(found).for_each(|(total, found)| *total += found);
        }
        Ok(total)
    })
}

type Embedding = Result<[u32; DIMS.latent], ScanError>;

fn embed(encoder: &Encoder<'_>, frames: &[f32], window: usize) -> Embedding {
    let mut scratch = vec![0.0; Encoder::scratch_len(&DIMS, window)];
    let mut embedding = [0.0; DIMS.latent];
    ScanEncoder::new(encoder, window, &mut scratch)?.embed(frames, &mut embedding)?;
    Ok(embedding.map(f32::to_bits))
}

fn compare_bits(expected: &Embedding, found: &Embedding) -> Comparison {
    let (refused, words, differing) = match (expected, found) {
        (Ok(expected), Ok(found)) => (0, DIMS.latent, expected.iter().zip(found).filter(|(a, b)| a != b).count()),
        (Err(expected), Err(found)) if expected == found => (1, 0, 0),
        (expected, _) => (usize::from(expected.is_err()), DIMS.latent, DIMS.latent),
    };
    Comparison { scans: 1, refused, words, differing }
}

/// Scan number `index`, one window: its length (eight frames in every tenth scan, otherwise one) and its frames.
fn scan(index: usize) -> (usize, Vec<f32>) {
    let window = if index % 10 == 9 { 8 } else { 1 };
    let mut random = Random((index as u32).wrapping_mul(2_654_435_769));
    let kind = below(&mut random, 10);
    let scale = match kind {
        6 => 2f32.powi(below(&mut random, 64) as i32),
        7 => 2f32.powi(-(below(&mut random, 150) as i32)),
        _ => 2.0,
    };
    let mut value = || match kind {
        5 if below(&mut random, 16) == 0 => special(&mut random),
        8 if below(&mut random, 4) != 0 => 0.0 * normal(&mut random),
        9 => any(&mut random),
        _ => scale * normal(&mut random),
    };
    (window, (0..window * DIMS.features).map(|_| value()).collect())
}

fn below(random: &mut Random, count: usize) -> usize {
    ((random.float() + 1.0) / 2.0 * count as f32) as usize
}

/// NaN, an infinity, a zero, a subnormal number or another extreme.
fn special(random: &mut Random) -> f32 {
    const VALUES: [f32; 8] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, 1e-45, -f32::MIN_POSITIVE, 1e6];
    VALUES[below(random, VALUES.len())]
}

/// A float of arbitrary bits.
fn any(random: &mut Random) -> f32 {
    random.float();
    f32::from_bits(random.0)
}

/// A standard normal value (Box and Muller).
fn normal(random: &mut Random) -> f32 {
    let radius = (-2.0 * ((1.0 - random.float()) / 2.0).ln()).sqrt();
    radius * (std::f32::consts::PI * random.float()).cos()
}
