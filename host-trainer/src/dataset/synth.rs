//! Synthetic recordings that repeat exactly from their seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

use super::{Dataset, Row};

/// Spatial patterns that drift slowly through every recording.
const DRIFTS: usize = 3;
/// How much of a drift is left one timestep later; neighbouring timesteps of real predictions correlate .82 to .98.
const DRIFT_MEMORY: f32 = 0.9;
const DRIFT_SCALE: f32 = 0.4;
const SESSION_SCALE: f32 = 0.4;

/// Makes `classes` x `sessions` recordings of `timesteps` x `features`.
///
/// A value is the class's pattern, plus the session's, plus slow drifts along a few common patterns, plus white noise
/// of standard deviation `noise`; patterns are standard normal, so that `noise` is relative to the class signal. One
/// session is written as none. The same arguments give the same bits.
///
/// # Panics
/// When a count is zero.
pub fn synth(
    classes: usize,
    timesteps: usize,
    features: usize,
    sessions: usize,
    noise: f32,
    seed: u64,
) -> Dataset {
    assert!(
        classes > 0 && timesteps > 0 && features > 0 && sessions > 0,
        "every count is at least 1"
    );
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
                rows.push(Row {
                    label: label as u32,
                    session: session as u32,
                    timestep: timestep as i64,
                });
                for feature in 0..features {
                    let slow: f32 = drift
                        .iter()
                        .zip(&drift_patterns)
                        .map(|(drift, map)| drift * map[feature])
                        .sum();
                    let signal =
                        class[feature] + SESSION_SCALE * shift[feature] + DRIFT_SCALE * slow;
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
    let sessions = if sessions == 1 {
        vec![String::new()]
    } else {
        names("run", sessions)
    };
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

struct Normal(ChaCha8Rng);

impl Normal {
    fn draw(&mut self) -> f32 {
        StandardNormal.sample(&mut self.0)
    }

    fn patterns(&mut self, count: usize, features: usize) -> Vec<Vec<f32>> {
        (0..count)
            .map(|_| (0..features).map(|_| self.draw()).collect())
            .collect()
    }
}

/// `count` numbered names whose order is that of their numbers.
fn names(stem: &str, count: usize) -> Vec<String> {
    let digits = (count - 1).to_string().len().max(2);
    (0..count)
        .map(|number| format!("{stem}{number:0digits$}"))
        .collect()
}
