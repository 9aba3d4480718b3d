//! Times in seconds, or another unit, as whole steps.

use std::collections::HashMap;
use std::hash::Hash;

/// How far, in steps, the time between neighbours may be from one step.
const TOLERANCE: f64 = 0.1;

/// The times of frames.
#[derive(Clone, Debug, PartialEq)]
pub enum Timesteps {
    /// In steps.
    Whole(Vec<i64>),
    /// In seconds or another unit. A step is the (lower) median time between neighbours, over all recordings.
    Times(Vec<f64>),
}

impl Timesteps {
    /// The number of frames.
    pub(super) fn len(&self) -> usize {
        match self {
            Timesteps::Whole(timesteps) => timesteps.len(),
            Timesteps::Times(times) => times.len(),
        }
    }
}

/// Timesteps of recordings, and the time that a step takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Steps {
    /// The timestep of each row.
    pub(super) timesteps: Vec<i64>,
    /// The time between neighbours that are one step apart; `None` where no recording has two rows.
    pub(super) step: Option<f64>,
}

/// Counts the steps between rows of the same recording; `recording` has one number a row, the same within a recording.
///
/// A step is the (lower) median time between neighbours. Rows that are a step apart get timesteps that follow each other; any
/// other time between two rows leaves a jump, of as many steps as it takes, at least two. Rows of equal time get equal
/// timesteps.
///
/// # Errors
/// The row of a time that is not finite.
pub(super) fn steps(times: &[f64], recording: &[usize]) -> Result<Steps, usize> {
    if let Some(row) = times.iter().position(|time| !time.is_finite()) {
        return Err(row);
    }
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_by(|&a, &b| recording[a].cmp(&recording[b]).then(times[a].total_cmp(&times[b])));
    let between = |pair: &[usize]| (recording[pair[0]] == recording[pair[1]]).then(|| times[pair[1]] - times[pair[0]]);
    let mut distances: Vec<f64> = order.windows(2).filter_map(between).filter(|&distance| distance > 0.0).collect();
    distances.sort_by(f64::total_cmp);
    let step = distances.get(distances.len().saturating_sub(1) / 2).copied();
    let unit = step.unwrap_or(1.0);

    let mut timesteps = vec![0; times.len()];
    for (at, &row) in order.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| order[before]).filter(|&b| recording[b] == recording[row]);
        timesteps[row] = match before {
            None => (times[row] / unit).round() as i64,
            Some(before) => timesteps[before].saturating_add(count((times[row] - times[before]) / unit)),
        };
    }
    Ok(Steps { timesteps, step })
}

/// The whole number of steps for a distance in steps.
fn count(distance: f64) -> i64 {
    if distance == 0.0 {
        0
    } else if (distance - 1.0).abs() <= TOLERANCE {
        1
    } else {
        (distance.round() as i64).max(2)
    }
}

/// How many rows each row is after the first of its recording: rows of others between them are a gap in time.
pub(super) fn count_rows<R: Eq + Hash>(recordings: &[R]) -> Vec<i64> {
    let mut first = HashMap::new();
    recordings.iter().zip(0..).map(|(recording, row)| row - *first.entry(recording).or_insert(row)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of_one(times: &[f64]) -> (Vec<i64>, Option<f64>) {
        let Steps { timesteps, step } = steps(times, &vec![0; times.len()]).unwrap();
        (timesteps, step)
    }

    #[test]
    fn a_regular_step_counts_up_and_a_jump_leaves_a_jump() {
        assert_eq!(of_one(&[0.0, 1.49, 2.98, 4.47]), (vec![0, 1, 2, 3], Some(1.49)));
        assert_eq!(of_one(&[0.0, 2.0, 4.0, 10.0, 12.0]).0, [0, 1, 2, 5, 6]);
        assert_eq!(of_one(&[0.0, 1.0, 2.0, 3.4, 4.4]).0, [0, 1, 2, 4, 5]);
        assert_eq!(of_one(&[0.0, 1.0, 2.0, 2.5, 3.5]).0, [0, 1, 2, 4, 5]);
        assert_eq!(of_one(&[3.0, 4.0, 5.0]).0, [3, 4, 5]);
    }

    #[test]
    fn jitter_of_rounding_is_no_jump() {
        let times: Vec<f64> = (0..1000).map(|k| f64::from((f64::from(k) * 0.1) as f32)).collect();
        assert_eq!(of_one(&times).0, (0..1000).collect::<Vec<i64>>());
    }

    #[test]
    fn rows_may_come_in_any_order_and_equal_times_stay_equal() {
        assert_eq!(of_one(&[2.0, 0.0, 1.0, 1.0]).0, [2, 0, 1, 1]);
        assert_eq!(of_one(&[7.0]), (vec![7], None));
        assert_eq!(of_one(&[]), (vec![], None));
    }

    #[test]
    fn recordings_are_counted_each_by_itself_with_one_step() {
        let Steps { timesteps, step } = steps(&[0.0, 0.0, 0.5, 0.5, 1.0, 9.0], &[0, 1, 0, 1, 0, 2]).unwrap();
        assert_eq!((timesteps, step), (vec![0, 0, 1, 1, 2, 18], Some(0.5)));
    }

    #[test]
    fn a_time_that_is_not_finite_is_named() {
        assert_eq!(steps(&[0.0, f64::NAN], &[0, 0]), Err(1));
    }
}
