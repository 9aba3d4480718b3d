//! Probes with noise or artefacts added, the same for any number of threads.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};

/// Signal-to-noise ratios of the reference's noise sweep, in dB.
pub const SNR_LEVELS: [f64; 6] = [30.0, 20.0, 15.0, 10.0, 5.0, 0.0];

/// Shares of replaced values of the reference's artefact sweep.
pub const ARTIFACT_LEVELS: [f64; 6] = [0.0, 0.05, 0.10, 0.15, 0.20, 0.30];

/// Standard deviation of an artefact, in standard deviations of a feature.
const ARTEFACT_DEVIATION: f32 = 5.0;

/// Standard deviations of white Gaussian noise at each of [`SNR_LEVELS`] below the mean power of all `frames`.
#[must_use]
pub fn noise_deviations(frames: &[f32]) -> [f32; 6] {
    let power = frames.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>() / frames.len().max(1) as f64;
    SNR_LEVELS.map(|snr| (power / 10f64.powf(snr / 10.0)).sqrt() as f32)
}

/// Appends `frame` to `worse` once per deviation, with white Gaussian noise added.
///
/// The noise is drawn once per `row` and scaled, so that levels differ only in its strength.
pub fn add_noise(frame: &[f32], deviations: &[f32], seed: u64, row: usize, worse: &mut Vec<f32>) {
    let mut rng = generator(seed, 1, row);
    let noise: Vec<f32> = StandardNormal.sample_iter(&mut rng).take(frame.len()).collect();
    for deviation in deviations {
        worse.extend(frame.iter().zip(&noise).map(|(value, normal): (&f32, &f32)| value + normal * deviation));
    }
}

/// Appends `frame` to `worse` once per share, with that share of its values replaced by draws from a wide Gaussian.
///
/// A larger share makes all replacements of a smaller one, and more.
pub fn add_artefacts(frame: &[f32], shares: &[f64], seed: u64, row: usize, worse: &mut Vec<f32>) {
    let mut rng = generator(seed, 2, row);
    let largest = shares.iter().copied().fold(0.0, f64::max) as f32;
    let draw = |_: &f32| {
        let place: f32 = rng.random();
        let normal: f32 = if place < largest { StandardNormal.sample(&mut rng) } else { 0.0 };
        (place, normal * ARTEFACT_DEVIATION)
    };
    let draws: Vec<(f32, f32)> = frame.iter().map(draw).collect();
    for &share in shares {
        let replaced = |(value, (place, artefact)): (&f32, &(f32, f32))| {
            if *place < share as f32 { *artefact } else { *value }
        };
        worse.extend(frame.iter().zip(&draws).map(replaced));
    }
}

/// A separate generator for each frame and `purpose`, so that frames can be processed in any order.
fn generator(seed: u64, purpose: u64, row: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(purpose << 48 | row as u64);
    rng
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_the_power_that_the_ratio_says() {
        let clean: Vec<f32> = (0..100_000).map(|i| if i % 2 == 0 { 2.0 } else { -2.0 }).collect();
        let mut noisy = Vec::new();
        add_noise(&clean, &noise_deviations(&clean), 3, 0, &mut noisy);
        for (snr, noisy) in SNR_LEVELS.iter().zip(noisy.chunks_exact(clean.len())) {
            let power = clean.iter().zip(noisy).map(|(a, b)| f64::from((a - b).powi(2))).sum::<f64>() / 1e5;
            let expected = 4.0 / 10f64.powf(snr / 10.0);
            assert!((power / expected - 1.0).abs() < 0.02, "{snr} dB: {power}");
        }
    }

    #[test]
    fn artefacts_replace_their_share() {
        let clean = vec![0.25f32; 100_000];
        let mut worse = Vec::new();
        add_artefacts(&clean, &ARTIFACT_LEVELS, 3, 0, &mut worse);
        for (share, worse) in ARTIFACT_LEVELS.iter().zip(worse.chunks_exact(clean.len())) {
            let replaced = worse.iter().filter(|&&v| v != 0.25).count() as f64;
            assert!((replaced - share * 1e5).abs() < 500.0, "{share}: {replaced}");
            let power = worse.iter().filter(|&&v| v != 0.25).map(|v| f64::from(v.powi(2))).sum::<f64>() / replaced;
            assert!(replaced == 0.0 || (power / 25.0 - 1.0).abs() < 0.1, "{share}: {power}");
        }
    }

    #[test]
    fn rows_and_conditions_share_no_draws() {
        let first = |purpose, row| generator(0, purpose, row).random::<u64>();
        let draws = [first(0, 0), first(1, 0), first(1, 1), first(2, 0), first(2, 1)];
        assert!((1..draws.len()).all(|i| !draws[..i].contains(&draws[i])));
    }
}
