//! Cleaning gives what nilearn gives, and is of each recording alone.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::dataset::Row;
use crate::dataset::fixtures::{expected, same};

/// Recordings of these frames each, one a session, all of one label.
fn recordings(features: usize, frames: &[&[f32]]) -> Dataset {
    let rows = |(session, values): (usize, &&[f32])| {
        (0..values.len() / features).map(move |at| Row {
            label: 0,
            session: session as u32,
            timestep: at as i64,
            run: 0,
        })
    };
    Dataset {
        origin: "made".into(),
        labels: vec!["a".into()],
        sessions: (0..frames.len()).map(|number| number.to_string()).collect(),
        features,
        rows: frames.iter().enumerate().flat_map(rows).collect(),
        values: frames.concat(),
        notes: Vec::new(),
    }
}

const BOTH: Cleaning = Cleaning { detrend: true, zscore: true };
const DETREND: Cleaning = Cleaning { detrend: true, zscore: false };
const ZSCORE: Cleaning = Cleaning { detrend: false, zscore: true };

#[test]
fn values_are_those_of_nilearn_for_each_recording_alone() {
    let signals = expected("signals").concat();
    let louder: Vec<f32> = signals.iter().map(|value| value * 4.0 + 16.0).collect();
    for (name, cleaning) in [("00", Cleaning::default()), ("01", ZSCORE), ("10", DETREND), ("11", BOTH)] {
        let mut dataset = recordings(5, &[&signals, &louder]);
        assert_eq!(dataset.clean(cleaning), 0);
        let half = signals.len();
        same(&dataset.values[..half], 5, &expected(&format!("cleaned_{name}")), 1e-5);
        if cleaning.zscore {
            same(&dataset.values[half..], 5, &expected(&format!("cleaned_{name}")), 1e-5);
        }
    }
}

#[test]
fn a_feature_that_does_not_vary_becomes_zero() {
    let mut dataset = recordings(2, &[&[0.1, 3.0, 0.1, 4.0, 0.1, 5.0]]);

    dataset.clean(BOTH);
    assert_eq!(dataset.values, [0.0; 6]);
    let mut level = recordings(1, &[&[0.1; 7]]);
    level.clean(ZSCORE);
    assert_eq!(level.values, [0.0; 7]);
}

#[test]
fn a_recording_of_one_frame_is_left_as_it_is() {
    let mut dataset = recordings(2, &[&[1.0, 2.0], &[1.0, 2.0, 3.0, 6.0]]);
    assert_eq!(dataset.clean(ZSCORE), 1);
    let step = 0.5_f32.sqrt();
    assert_eq!(dataset.values, [1.0, 2.0, -step, -step, step, step]);
}

#[test]
fn a_line_is_fitted_over_timesteps_and_finite_values() {
    // 2 t + 1 at the timesteps 0, 1, 5, 6 and 10, one of them missing.
    let mut dataset = recordings(1, &[&[1.0, 3.0, f32::INFINITY, 13.0, 21.0]]);
    for (row, timestep) in dataset.rows.iter_mut().zip([0, 1, 5, 6, 10]) {
        row.timestep = timestep;
    }
    dataset.clean(DETREND);
    assert!(dataset.values[2].is_nan());
    assert!(dataset.values.iter().filter(|value| value.is_finite()).all(|value| value.abs() < 1e-6));
}
