//! An enrolment as JSON.

use serde_json::{Value, json};

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
