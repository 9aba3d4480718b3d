//! What an enrolment holds, as a document.

use neural_vault_core::budget::{FalseMatches, chance};
use serde_json::{Value, json};

use super::{Development, Enrolment, Outcome, Policy, Target};
use crate::hex;

impl Enrolment {
    /// What it holds, without its prototype, from which a key can be derived.
    #[must_use]
    pub fn describe(&self) -> Value {
        let thresholds: Vec<Value> = (self.thresholds().iter())
            .map(|probe| json!({ "frames": probe.frames, "threshold": probe.threshold.cosine() }))
            .collect();
        json!({
            "label": self.label, "id": hex::encode(&self.id), "model_digest": hex::encode(&self.model_digest),
            "scans": self.scans, "sessions": self.sessions, "components": self.prototype.len(),
            "is_whole": self.is_whole, "policy": policy(&self.policy), "threshold": self.threshold.cosine(),
            "thresholds": thresholds, "development": development(&self.development),
            "outcome": self.outcome.as_ref().map(outcome), "false_matches": describe_false_matches(&self.false_matches()),
        })
    }
}

/// A false match rate with its trials and the attempts that it allows, as a document.
#[must_use]
pub fn describe_false_matches(found: &FalseMatches) -> Value {
    let FalseMatches { matches, trials, persons, bound } = *found;
    let budget = found.attempts(None).unwrap_or(0);
    json!({
        "matches": matches, "trials": trials, "persons": persons,
        "fmr_percent": (trials > 0).then(|| 100.0 * f64::from(matches) / f64::from(trials)),
        "fmr_bound_percent": 100.0 * f64::from(bound), "attempts": budget,
        "chance_percent": (budget > 0).then(|| 100.0 * f64::from(chance(bound, budget))),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrolment::false_matches;

    #[test]
    fn the_document_says_percent_and_no_chance_without_attempts() {
        let demo = describe_false_matches(&false_matches(5, 56, 8));
        assert_eq!(
            (&demo["attempts"], &demo["chance_percent"], &demo["persons"]),
            (&json!(0), &Value::Null, &json!(8))
        );
        assert!((demo["fmr_bound_percent"].as_f64().unwrap_or(0.0) - 19.619).abs() < 1e-3, "{demo}");
        assert_eq!(describe_false_matches(&FalseMatches::UNKNOWN)["fmr_percent"], Value::Null);
    }
}
