//! What is said of an enrolment: as JSON, and in notes on its threshold.

use std::path::Path;

use serde_json::{Value, json};

use super::console::Console;
use super::error_rate;
use crate::enrolment::{Development, Enrolment, Outcome, Policy, Target};
use crate::hex;

/// What an enrolment holds, without its prototype, from which a key can be derived.
pub fn to_json(record: &Enrolment) -> Value {
    json!({
        "label": record.label, "id": hex::encode(&record.id), "model_digest": hex::encode(&record.model_digest),
        "scans": record.scans, "sessions": record.sessions, "components": record.prototype.len(),
        "is_whole": record.is_whole, "policy": policy(&record.policy), "threshold": record.threshold.cosine(),
        "thresholds": error_rate::thresholds(record), "development": development(&record.development),
        "outcome": record.outcome.as_ref().map(outcome), "false_matches": error_rate::to_json(&record.false_matches()),
    })
}

/// An enrolment and its file, as JSON.
pub fn document(file: &Path, record: &Enrolment) -> Value {
    let mut value = to_json(record);
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

fn policy(policy: &Policy) -> Value {
    let Policy { window, windows, centred } = *policy;
    json!({ "window_frames": window, "windows": (windows > 0).then_some(windows), "centred": centred })
}

fn development(development: &Development) -> Value {
    let Development { protocol, target, eer_percent, genuine, impostor } = development;
    let (name, fmr) = match *target {
        Target::EqualErrorRate => ("equal_error_rate", None),
        Target::FalseMatchRate(rate) => ("false_match_rate", Some(100.0 * rate)),
        Target::ByHand => ("by_hand", None),
        Target::Midway => ("midway", None),
    };
    json!({
        "protocol": protocol, "target": name, "target_fmr_percent": fmr, "eer_percent": eer_percent,
        "genuine_trials": genuine, "impostor_trials": impostor,
    })
}

fn outcome(outcome: &Outcome) -> Value {
    let Outcome { sessions, genuine, impostor, rates } = outcome;
    let percent = |rate: f64| 100.0 * rate;
    json!({
        "sessions": sessions, "genuine_trials": genuine, "impostor_trials": impostor,
        "fmr_percent": percent(rates.fmr), "fmr_interval_percent": rates.fmr_interval.map(percent),
        "fnmr_percent": percent(rates.fnmr), "fnmr_interval_percent": rates.fnmr_interval.map(percent),
    })
}
