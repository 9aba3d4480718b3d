//! Probes made worse: noise and artefacts, the same for any number of threads.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Signal-to-noise ratios of the reference's noise sweep, in dB.
pub const SNR_LEVELS: [f64; 6] = [30.0, 20.0, 15.0, 10.0, 5.0, 0.0];

/// Shares of replaced values of the reference's artefact sweep.
pub const ARTIFACT_LEVELS: [f64; 6] = [0.0, 0.05, 0.10, 0.15, 0.20, 0.30];

/// Deviation of an artefact, in deviations of a standardised feature.
const ARTEFACT_DEVIATION: f32 = 5.0;

/// Adds white Gaussian noise `snr` dB below the mean power of all `frames`, in place.
pub fn add_noise(frames: &mut [f32], features: usize, snr: f64, seed: u64) {
    let power = frames.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>() / frames.len().max(1) as f64;
    let deviation = (power / 10f64.powf(snr / 10.0)).sqrt() as f32;
    for (row, frame) in frames.chunks_exact_mut(features).enumerate() {
        let mut rng = generator(seed, row);
        for value in frame {
            let normal: f32 = StandardNormal.sample(&mut rng);
            *value += normal * deviation;
        }
    }
}

/// Replaces each value, with probability `share`, by a draw from a wide Gaussian, in place.
pub fn add_artefacts(frames: &mut [f32], features: usize, share: f64, seed: u64) {
    for (row, frame) in frames.chunks_exact_mut(features).enumerate() {
        let mut rng = generator(seed, row);
        for value in frame {
            if rng.random_bool(share) {
                let normal: f32 = StandardNormal.sample(&mut rng);
                *value = normal * ARTEFACT_DEVIATION;
            }
        }
    }
}

/// One generator a frame, so that frames can be changed in any order.
fn generator(seed: u64, row: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(row as u64);
    rng
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_the_power_that_the_ratio_says() {
        let clean: Vec<f32> = (0..100_000).map(|i| if i % 2 == 0 { 2.0 } else { -2.0 }).collect();
        let mut noisy = clean.clone();
        add_noise(&mut noisy, 1000, 10.0, 3);
        let power = clean.iter().zip(&noisy).map(|(a, b)| f64::from((a - b).powi(2))).sum::<f64>() / 1e5;
        assert!((power / 0.4 - 1.0).abs() < 0.02, "{power}");
    }

    #[test]
    fn artefacts_replace_their_share() {
        let mut frames = vec![0.25f32; 100_000];
        add_artefacts(&mut frames, 1000, 0.15, 3);
        let replaced = frames.iter().filter(|&&v| v != 0.25).count();
        assert!((14_500..15_500).contains(&replaced), "{replaced}");
        let mut untouched = vec![0.25f32; 1000];
        add_artefacts(&mut untouched, 1000, 0.0, 3);
        assert!(untouched.iter().all(|&v| v == 0.25));
    }
}
