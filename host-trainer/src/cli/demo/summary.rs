//! The demo's result, as text and as JSON.

use std::fmt::Write;
use std::path::Path;

use neural_vault_core::key::{KeyError, derive_v1};
use serde::Serialize;
use zeroize::Zeroizing;

use super::trials::Row;
use crate::cli::secret::{Digits, Key};
use crate::enrolment::Enrolment;

/// The result with `--json`.
#[derive(Serialize)]
pub struct Summary<'a> {
    pub folder: String,
    pub digest: String,
    pub protocol: &'a str,
    pub eer_percent: f64,
    pub genuine: usize,
    pub impostor: usize,
    pub genuine_accepted: usize,
    pub impostors_rejected: usize,
    pub enrolments: Vec<EnrolmentSummary<'a>>,
}

#[derive(Serialize)]
pub struct EnrolmentSummary<'a> {
    label: &'a str,
    threshold: f32,
    genuine_accepted: bool,
    impostors_rejected: usize,
    impostors: usize,
    enrolment: String,
    key_v1: Digits,
    key_v2: Option<&'a Digits>,
}

impl<'a> EnrolmentSummary<'a> {
    pub fn new(folder: &Path, record: &'a Enrolment, row: &'a Row) -> Result<Self, KeyError> {
        Ok(Self {
            label: &record.label,
            threshold: record.threshold.cosine(),
            genuine_accepted: row.genuine_accepted,
            impostors_rejected: row.impostors_rejected,
            impostors: row.impostors,
            enrolment: super::enrolment_file(folder, &record.label).display().to_string(),
            key_v1: Key::derive(32, |key| derive_v1(&record.prototype, key))?.digits(),
            key_v2: row.key.as_ref(),
        })
    }
}

impl Summary<'_> {
    pub fn text(&self) -> Zeroizing<String> {
        let Self { folder, protocol, eer_percent, genuine, impostor, genuine_accepted, impostors_rejected, .. } = self;
        let mut text = format!("{:14} {:>9}  own block  other blocks rejected\n", "enrolment", "threshold");
        for EnrolmentSummary { label, threshold, genuine_accepted, impostors_rejected, impostors, .. } in
            &self.enrolments
        {
            let own = if *genuine_accepted { "accepted" } else { "rejected" };
            let _ = writeln!(text, "{label:14} {threshold:>9.4}  {own:9}  {impostors_rejected} of {impostors}");
        }
        let _ = writeln!(
            text,
            "genuine accepted {genuine_accepted} of {genuine}, impostors rejected {impostors_rejected} of {impostor}"
        );
        let _ = writeln!(text, "EER {eer_percent:.1} % ({protocol})");
        let end = format!("model, bundle, enrolments and device secret are in {folder}\n");
        // With room for what follows: memory that grows leaves copies of the keys behind.
        let mut whole = Zeroizing::new(String::with_capacity(text.len() + end.len() + 256));
        whole.push_str(&text);
        if let Some((first, v2)) = self.enrolments.iter().find_map(|record| Some((record, record.key_v2?))) {
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
