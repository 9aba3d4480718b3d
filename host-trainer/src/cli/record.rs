//! What is said of an enrolment: as JSON with its file, and in notes on its threshold.

use std::path::Path;

use serde_json::{Value, json};

use super::console::Console;
use super::error_rate;
use crate::enrolment::{Development, Enrolment, Outcome, Target};

/// An enrolment and its file, as JSON.
pub fn document(file: &Path, record: &Enrolment) -> Value {
    let mut value = record.describe();
    value["file"] = json!(file.display().to_string());
    value
}

/// Notes what chose the threshold, and its error rates on the sessions that tested it.
pub fn note_threshold(record: &Enrolment, is_cross_fitted: bool, console: &Console) {
    let Development { protocol, target, .. } = &record.development;
    match error_rate::development_eer(&record.development, record.measured.as_ref()) {
        Some(eer) => {
            console.note(format!("threshold for {target}, on trials of {eer}"));
            if is_cross_fitted {
                console.note(
                    "note: the written model learns from all sessions, so its own EER is likely lower than that of \
                     cross-fitting; --probe-sessions tests it on sessions that are not enrolled",
                );
            }
        }
        None if *target == Target::Midway => console.note(format!("threshold {protocol}")),
        None => console.note(protocol),
    }
    if let Some(Outcome { sessions, genuine, impostor, rates }) = &record.outcome {
        let percent = |rate: f64, [low, high]: [f64; 2]| {
            format!("{:.1} % [{:.1}, {:.1}]", 100.0 * rate, 100.0 * low, 100.0 * high)
        };
        console.note(format!(
            "on {}: FMR {} of {impostor} trials, FNMR {} of {genuine}",
            sessions.join(", "),
            percent(rates.fmr, rates.fmr_interval),
            percent(rates.fnmr, rates.fnmr_interval)
        ));
    }
}
