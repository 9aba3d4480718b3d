//! Recordings: how many, how long, and how each one lies.

use std::fmt::Write;

use neural_vault_core::encoder::Fill;
use serde_json::{Value, json};

use super::super::arguments::DataArguments;
use super::super::console::{Console, list};
use super::super::failure::Failure;
use crate::dataset::{Dataset, Level, Scan, Standardiser};
use crate::escape::Escaped;

/// Recordings that the text lists.
const LISTED: usize = 40;
/// Characters of a name that the text shows.
const NAME: usize = 32;

/// Describes recordings, as text and as JSON.
pub fn describe_data(arguments: &DataArguments, console: &Console) -> Result<(String, Value), Failure> {
    let dataset = arguments.load(console)?;
    let recordings: Vec<Recording<'_>> =
        dataset.scans().into_iter().map(|scan| Recording::new(&dataset, scan)).collect();
    let missing: usize = recordings.iter().map(|recording| recording.level.missing).sum();
    let (_, constant) = Standardiser::fit(&dataset.values, dataset.features, Fill::Mean);
    let lengths = || recordings.iter().map(|recording| recording.frames);
    let (shortest, longest) = (lengths().min().unwrap_or(0), lengths().max().unwrap_or(0));
    let telling = dataset.telling_level();
    if let Some(share) = telling {
        console.note(format!(
            "note: the mean level of a recording alone separates the labels ({:.0} % of its variance lies between \
             labels), so that an offset may be what is recognised; `neural-vault convert --detrend --zscore` takes it out",
            100.0 * share
        ));
    }
    let origin = dataset.origin.display().to_string();
    let mut text = format!("{origin}: sound recordings\n");
    let _ = writeln!(text, "labels      {} ({})", dataset.labels.len(), list(&dataset.labels));
    let _ = writeln!(text, "sessions    {}", list(&dataset.sessions));
    let _ = writeln!(text, "scans       {} of {shortest} to {longest} frames", recordings.len());
    let _ = writeln!(text, "matrix      {} rows x {} features", dataset.rows.len(), dataset.features);
    let _ = writeln!(text, "not finite  {missing} values");
    let _ = writeln!(text, "constant    {constant} features");
    table(&recordings, &mut text);
    let value = json!({
        "file": origin, "kind": "data", "sound": true, "labels": dataset.labels,
        "sessions": dataset.sessions, "scans": recordings.len(), "shortest_scan_frames": shortest, "longest_scan_frames": longest,
        "rows": dataset.rows.len(), "features": dataset.features, "missing_values": missing, "constant_features": constant,
        "level_between_labels_share": telling, "recordings": recordings.iter().map(Recording::to_json).collect::<Vec<_>>(),
    });
    Ok((text, value))
}

/// A line of the table.
struct Recording<'d> {
    label: &'d str,
    session: &'d str,
    frames: usize,
    gaps: usize,
    level: Level,
}

impl<'d> Recording<'d> {
    fn new(dataset: &'d Dataset, scan: Scan) -> Self {
        Self {
            label: &dataset.labels[scan.label as usize],
            session: &dataset.sessions[scan.session as usize],
            frames: scan.rows.len(),
            gaps: dataset.runs(&scan).len() - 1,
            level: dataset.level(&scan),
        }
    }

    fn to_json(&self) -> Value {
        let Level { missing, mean, deviation } = self.level;
        json!({
            "label": self.label, "session": self.session, "frames": self.frames, "gaps": self.gaps,
            "missing_values": missing, "mean": mean, "deviation": deviation,
        })
    }
}

/// All recordings, or, of many, those with gaps or missing values before the others.
fn table(recordings: &[Recording<'_>], text: &mut String) {
    let mut shown: Vec<&Recording<'_>> = recordings.iter().collect();
    if shown.len() > LISTED {
        // The sort keeps the order of equals.
        shown.sort_by_key(|recording| recording.gaps == 0 && recording.level.missing == 0);
        shown.truncate(LISTED);
    }
    let name = |name: &str| -> String {
        let name = Escaped(name).to_string();
        if name.chars().count() <= NAME { name } else { name.chars().take(NAME - 3).chain("...".chars()).collect() }
    };
    let width = |names: &dyn Fn(&Recording<'_>) -> String, title: &str| {
        shown.iter().map(|r| names(r).chars().count()).max().unwrap_or(0).max(title.len())
    };
    let label_width = width(&|recording| name(recording.label), "label");
    let session_width = width(&|recording| name(recording.session), "session");
    let _ = writeln!(
        text,
        "\n{:label_width$}  {:session_width$}  frames  gaps   missing       mean     spread",
        "label", "session"
    );
    for recording in &shown {
        let Level { missing, mean, deviation } = recording.level;
        let _ = writeln!(
            text,
            "{:label_width$}  {:session_width$}  {:6}  {:4}  {missing:8}  {mean:9.4}  {deviation:9.4}",
            name(recording.label),
            name(recording.session),
            recording.frames,
            recording.gaps
        );
    }
    let more = recordings.len() - shown.len();
    if more > 0 {
        let _ = writeln!(text, "and {more} more, which --json lists");
    }
}
