//! The conditions that persons are scored under: frames a probe, noise, enrolled frames.

use std::collections::BTreeSet;

/// Frames a probe where none are asked for, as far as the sessions are long enough.
pub(super) const LENGTHS: [usize; 3] = [10, 25, 50];
/// Frames a probe of the curve over them, as far as the sessions are long enough.
const PROBE_FRAMES: [usize; 7] = [10, 15, 25, 35, 50, 75, 100];
/// First frames of the enrolment that are enrolled in the curve over them, and after these all.
const ENROLLED_FRAMES: [usize; 3] = [25, 100, 400];
/// White noise added to each region of the probes, in its standard deviations over the session.
pub(super) const NOISE: [f64; 4] = [0.0, 0.25, 0.5, 1.0];
/// The length at which noise and enrolment are varied, where it is among those asked for.
const USUAL_FRAMES: usize = 25;

/// One condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Condition {
    /// Frames a probe.
    pub(super) frames: usize,
    /// Which of [`NOISE`].
    pub(super) noise: usize,
    /// First frames of the enrolment that are enrolled; all if `usize::MAX`.
    pub(super) enrolled: usize,
}

/// A curve: one condition at each level.
pub(super) struct Curve {
    pub(super) name: &'static str,
    pub(super) axis: &'static str,
    pub(super) levels: Vec<f64>,
    pub(super) conditions: Vec<Condition>,
}

impl Condition {
    /// Probes of this many frames as they are, against all that is enrolled.
    pub(super) fn plain(frames: usize) -> Self {
        Self { frames, noise: 0, enrolled: usize::MAX }
    }
}

/// What conditions have in some respect, each once.
pub(super) fn distinct<T: Ord>(conditions: &BTreeSet<Condition>, of: impl Fn(&Condition) -> T) -> BTreeSet<T> {
    conditions.iter().map(of).collect()
}

/// The length among `lengths` at which noise and enrolment are varied: the usual one, or the one in the middle.
pub(super) fn main_length(lengths: &[usize]) -> usize {
    let is_there = lengths.contains(&USUAL_FRAMES);
    if is_there { USUAL_FRAMES } else { lengths.get(lengths.len() / 2).copied().unwrap_or(USUAL_FRAMES) }
}

/// The three curves, for probes up to `longest` frames and enrolments of `enrolment` frames at least.
pub(super) fn curves(lengths: &[usize], longest: usize, enrolment: usize) -> Vec<Curve> {
    let main = main_length(lengths);
    let mut probe: Vec<usize> = PROBE_FRAMES.iter().chain(lengths).copied().filter(|&n| n <= longest).collect();
    probe.sort_unstable();
    probe.dedup();
    let enrolled: Vec<usize> = ENROLLED_FRAMES.iter().copied().filter(|&n| n < enrolment).collect();
    let at_enrolled = |&enrolled: &usize| Condition { enrolled, ..Condition::plain(main) };
    let numbers = |list: &[usize]| list.iter().map(|&n| n as f64).collect::<Vec<f64>>();
    vec![
        Curve {
            name: "probe-frames",
            axis: "frames a probe",
            levels: numbers(&probe),
            conditions: probe.iter().map(|&frames| Condition::plain(frames)).collect(),
        },
        Curve {
            name: "enrolment-frames",
            axis: "enrolled frames, the last all there are",
            levels: numbers(&[&enrolled[..], &[enrolment]].concat()),
            conditions: enrolled.iter().map(at_enrolled).chain([Condition::plain(main)]).collect(),
        },
        Curve {
            name: "noise-deviations",
            axis: "noise added to each region, in its deviations",
            levels: NOISE.to_vec(),
            conditions: (0..NOISE.len()).map(|noise| Condition { noise, ..Condition::plain(main) }).collect(),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_hold_the_lengths_asked_for_and_end_where_the_recordings_do() {
        let curves = curves(&[10, 20, 40], 59, 236);
        assert_eq!(curves[0].levels, [10.0, 15.0, 20.0, 25.0, 35.0, 40.0, 50.0]);
        assert_eq!(curves[1].levels, [25.0, 100.0, 236.0]);
        assert_eq!(curves[1].conditions[2], Condition::plain(20));
        assert!(curves.iter().all(|curve| curve.levels.len() == curve.conditions.len()));
        assert_eq!(main_length(&[10, 25, 50]), 25);
    }
}
