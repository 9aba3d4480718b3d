//! The result of the demo, as text and as a JSON document.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use neural_vault_core::budget::FalseMatches;
use neural_vault_core::key::{KeyError, derive_v1};
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use super::trials::{Outcome, Trials};
use crate::cli::console::Console;
use crate::cli::digits::{Digits, Key};
use crate::cli::error_rate::{self, percent};
use crate::cli::failure::{DATA, Failure};
use crate::enrolment::{Enrolment, describe_false_matches, false_matches};
use crate::hex;

/// The demo's result, as `--json` prints it.
#[derive(Serialize)]
struct DemoResult<'a> {
    folder: &'a str,
    model_digest: String,
    protocol: &'a str,
    probe_frames: usize,
    eer_percent: f64,
    genuine_trials: usize,
    impostor_trials: usize,
    genuine_accepted: usize,
    impostors_rejected: usize,
    #[serde(serialize_with = "as_json")]
    false_matches: FalseMatches,
    enrolments: Vec<Enrolled<'a>>,
}

#[derive(Serialize)]
struct Enrolled<'a> {
    label: &'a str,
    threshold: f32,
    genuine_accepted: bool,
    impostors_rejected: usize,
    impostors: usize,
    file: String,
    key_v1: Digits,
    key_v2: Option<&'a Digits>,
}

/// Prints the demo's result.
pub(super) fn report(
    console: &Console,
    folder: &str,
    digest: &[u8; 32],
    protocol: &str,
    records: &[(PathBuf, Enrolment)],
    trials: &Trials,
) -> Result<(), Failure> {
    let Trials { scores, frames, outcomes } = trials;
    let eer = scores.eer().map_err(|e| Failure::new(DATA, e))?;
    let enrolments = records.iter().zip(outcomes).map(|((path, record), outcome)| Enrolled::new(path, record, outcome));
    let impostors_rejected = outcomes.iter().map(|outcome| outcome.impostors_rejected).sum();
    let accepted = scores.impostor.len().saturating_sub(impostors_rejected);
    let result = DemoResult {
        folder,
        model_digest: hex::encode(digest),
        protocol,
        probe_frames: *frames,
        eer_percent: eer.percent,
        genuine_trials: scores.genuine.len(),
        impostor_trials: scores.impostor.len(),
        genuine_accepted: outcomes.iter().filter(|outcome| outcome.genuine_accepted).count(),
        impostors_rejected,
        false_matches: false_matches(accepted as u32, scores.impostor.len() as u32, outcomes.len()),
        enrolments: enrolments.collect::<Result<_, _>>().map_err(|e| Failure::new(DATA, e))?,
    };
    console.secret_result("neural-vault/demo/2", &result.text(), &result)
}

impl DemoResult<'_> {
    /// What the accepted impostors say of a token with one of these enrolments.
    fn protection(&self) -> String {
        let found = &self.false_matches;
        let FalseMatches { matches, trials, bound, .. } = *found;
        let bound = percent(bound.into());
        match found.attempts(None) {
            Ok(attempts) => format!(
                "{matches} of {trials} impostors were accepted, so at most {bound} of strangers pass at one attempt (95 % bound): \
                 a token allows {attempts}\n"
            ),
            Err(_) => format!(
                "{matches} of {trials} impostors were accepted, so up to {bound} of strangers pass at one attempt (95 % bound):\n    \
                 a token refuses such an enrolment unless its administrator accepts the risk\n"
            ),
        }
    }

    fn text(&self) -> Zeroizing<String> {
        let Self {
            folder,
            protocol,
            probe_frames,
            eer_percent,
            genuine_trials: genuine,
            impostor_trials: impostor,
            genuine_accepted,
            impostors_rejected,
            ..
        } = self;
        let mut text = format!("{:14} {:>9}  own block  other blocks rejected\n", "enrolment", "threshold");
        for Enrolled { label, threshold, genuine_accepted, impostors_rejected, impostors, .. } in &self.enrolments {
            let own = if *genuine_accepted { "accepted" } else { "rejected" };
            let _ = writeln!(text, "{label:14} {threshold:>9.4}  {own:9}  {impostors_rejected} of {impostors}");
        }
        let _ = writeln!(
            text,
            "genuine accepted {genuine_accepted} of {genuine}, impostors rejected {impostors_rejected} of {impostor}"
        );
        let _ = writeln!(text, "{}", error_rate::eer(*eer_percent, protocol, *probe_frames, *genuine, *impostor));
        text += &self.protection();
        let end = format!("model, bundle, enrolments and device secret are in {folder}\n");
        // Enough capacity for the keys: a string that grows leaves copies of them behind.
        let mut whole = Zeroizing::new(String::with_capacity(text.len() + end.len() + 256));
        whole.push_str(&text);
        if let Some((first, v2)) = self.enrolments.iter().find_map(|enrolled| Some((enrolled, enrolled.key_v2?))) {
            let _ = writeln!(whole, "keys of {}", first.label);
            for (scheme, key) in [("v1", &first.key_v1), ("v2", v2)] {
                whole.push_str("  ");
                whole.push_str(scheme);
                whole.push(' ');
                whole.push_str(&key.line());
            }
        }
        whole.push_str(&end);
        whole
    }
}

fn as_json<S: Serializer>(found: &FalseMatches, serializer: S) -> Result<S::Ok, S::Error> {
    describe_false_matches(found).serialize(serializer)
}

impl<'a> Enrolled<'a> {
    fn new(path: &Path, record: &'a Enrolment, outcome: &'a Outcome) -> Result<Self, KeyError> {
        Ok(Self {
            label: &record.label,
            threshold: record.threshold.cosine(),
            genuine_accepted: outcome.genuine_accepted,
            impostors_rejected: outcome.impostors_rejected,
            impostors: outcome.impostors,
            file: path.display().to_string(),
            key_v1: Key::derive(32, |key| derive_v1(&record.prototype, key))?.digits(),
            key_v2: outcome.key.as_ref(),
        })
    }
}
