//! Synthetic recordings that repeat exactly from their seed.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::rows::{Dataset, Row};

/// Spatial patterns that all recordings share, with slowly drifting amplitudes.
const DRIFTS: usize = 3;
/// Autocorrelation of a drift at lag one; neighbouring timesteps of real predictions correlate by 0.82 to 0.98.
const DRIFT_MEMORY: f32 = 0.9;
const DRIFT_SCALE: f32 = 0.4;
const SESSION_SCALE: f32 = 0.4;

/// Synthetic recordings to be made: `classes` x `sessions`, each of `timesteps` x `features`.
///
/// A value is the class's pattern, plus the session's pattern, plus slow drifts along a few common patterns, plus white
/// noise of standard deviation `noise`; patterns are standard normal, so that `noise` is relative to the class signal.
/// A single session has no name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Synthetic {
    /// Labels.
    pub classes: usize,
    /// Frames of a recording.
    pub timesteps: usize,
    /// Values of a frame.
    pub features: usize,
    /// Recordings of a label.
    pub sessions: usize,
    /// Standard deviation of the white noise.
    pub noise: f32,
    /// Seeds patterns, drifts and noise.
    pub seed: u64,
}

impl Synthetic {
    /// Makes the recordings; the same settings give the same bits.
    ///
    /// # Panics
    /// When a count is zero.
    #[must_use]
    pub fn recordings(self) -> Dataset {
        let Self { classes, timesteps, features, sessions, noise, seed } = self;
        assert!(classes > 0 && timesteps > 0 && features > 0 && sessions > 0, "every count is at least 1");
        let mut random = Normal(ChaCha8Rng::seed_from_u64(seed));
        let class_patterns = random.patterns(classes, features);
        let session_patterns = random.patterns(sessions, features);
        let drift_patterns = random.patterns(DRIFTS, features);

        let mut rows = Vec::with_capacity(classes * sessions * timesteps);
        let mut values = Vec::with_capacity(rows.capacity() * features);
        for (label, class) in class_patterns.iter().enumerate() {
            for (session, shift) in session_patterns.iter().enumerate() {
                let mut drift: [f32; DRIFTS] = std::array::from_fn(|_| random.draw());
                for timestep in 0..timesteps {
                    rows.push(Row { label: label as u32, session: session as u32, timestep: timestep as i64, run: 0 });
                    for feature in 0..features {
                        let slow: f32 =
                            drift.iter().zip(&drift_patterns).map(|(drift, map)| drift * map[feature]).sum();
                        let signal = class[feature] + SESSION_SCALE * shift[feature] + DRIFT_SCALE * slow;
                        values.push(signal + noise * random.draw());
                    }
                    for drift in &mut drift {
                        // Keeps the drift's variance at 1.
                        let fresh = (1.0 - DRIFT_MEMORY * DRIFT_MEMORY).sqrt();
                        *drift = DRIFT_MEMORY * *drift + fresh * random.draw();
                    }
                }
            }
        }
        let sessions = if sessions == 1 { vec![String::new()] } else { names("run", sessions) };
        Dataset {
            origin: "synthetic".into(),
            labels: names("class", classes),
            sessions,
            features,
            rows,
            values,
            notes: vec![],
        }
    }
}

struct Normal(ChaCha8Rng);

impl Normal {
    fn draw(&mut self) -> f32 {
        StandardNormal.sample(&mut self.0)
    }

    fn patterns(&mut self, count: usize, features: usize) -> Vec<Vec<f32>> {
        (0..count).map(|_| (0..features).map(|_| self.draw()).collect()).collect()
    }
}

/// `count` numbered names that sort in the order of their numbers.
fn names(stem: &str, count: usize) -> Vec<String> {
    let digits = (count - 1).to_string().len().max(2);
    (0..count).map(|number| format!("{stem}{number:0digits$}")).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bits_and_another_seed_gives_others() {
        let settings = Synthetic { classes: 3, timesteps: 5, features: 7, sessions: 2, noise: 1.0, seed: 42 };
        let made = settings.recordings();
        assert_eq!(made, settings.recordings());
        assert_ne!(made.values, Synthetic { seed: 43, ..settings }.recordings().values);
    }

    #[test]
    fn sizes_and_names_are_those_asked_for() {
        let made = Synthetic { classes: 3, timesteps: 5, features: 7, sessions: 2, noise: 1.0, seed: 42 }.recordings();
        assert_eq!((made.rows.len(), made.features, made.values.len()), (30, 7, 210));
        assert_eq!(made.labels, ["class00", "class01", "class02"]);
        assert_eq!(made.sessions, ["run00", "run01"]);
        assert_eq!(made.scans().len(), 6);
        assert!(made.rows.is_sorted());
        assert_eq!(
            Synthetic { classes: 2, timesteps: 5, features: 7, sessions: 1, noise: 1.0, seed: 42 }
                .recordings()
                .sessions,
            [""]
        );
        assert!(
            Synthetic { classes: 101, timesteps: 1, features: 1, sessions: 1, noise: 1.0, seed: 42 }
                .recordings()
                .labels
                .is_sorted()
        );
    }

    #[test]
    fn rows_of_a_class_are_more_alike_than_rows_of_different_classes() {
        let made =
            Synthetic { classes: 4, timesteps: 10, features: 200, sessions: 3, noise: 1.0, seed: 1 }.recordings();
        let (mut within, mut between) = ((0.0, 0), (0.0, 0));
        for a in 0..made.rows.len() {
            for b in 0..a {
                let same_class = made.rows[a].label == made.rows[b].label;
                if made.rows[a].session != made.rows[b].session {
                    let sum = if same_class { &mut within } else { &mut between };
                    *sum = (sum.0 + correlation(made.row(a), made.row(b)), sum.1 + 1);
                }
            }
        }
        let (within, between) = (within.0 / within.1 as f32, between.0 / between.1 as f32);
        assert!(within > 0.3 && between.abs() < 0.1, "{within} within, {between} between");
    }

    #[test]
    fn neighbouring_timesteps_are_more_alike_than_distant_ones() {
        let made =
            Synthetic { classes: 1, timesteps: 200, features: 300, sessions: 1, noise: 0.2, seed: 5 }.recordings();
        let mean_of = |lag: usize| {
            (0..200 - lag).map(|t| correlation(made.row(t), made.row(t + lag))).sum::<f32>() / (200 - lag) as f32
        };
        assert!(mean_of(1) > mean_of(30) + 0.05, "{} and {}", mean_of(1), mean_of(30));
    }

    fn correlation(a: &[f32], b: &[f32]) -> f32 {
        let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
        let (a_mean, b_mean) = (mean(a), mean(b));
        let dot = |x: &[f32], x_mean: f32, y: &[f32], y_mean: f32| -> f32 {
            x.iter().zip(y).map(|(x, y)| (x - x_mean) * (y - y_mean)).sum()
        };
        dot(a, a_mean, b, b_mean) / (dot(a, a_mean, a, a_mean) * dot(b, b_mean, b, b_mean)).sqrt()
    }
}
