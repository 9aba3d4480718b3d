//! `enroll --all` and `--labels`: the enrolments of several labels, in a folder and in a table.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::console::Console;
use super::enroll_arguments::Arguments;
use super::error_rate::{development_eer, percent};
use super::failure::Failure;
use super::record::{document, note_threshold};
use crate::enrolment::{Attempts, EnrolError, Enrolment, EnrolmentError};
use crate::escape::Escaped;
use crate::files::{self, Readers};

/// A label, its file, and its enrolment unless it cannot be enrolled.
pub struct Entry {
    pub label: String,
    pub file: PathBuf,
    pub enrolment: Result<Enrolment, EnrolError>,
}

/// Writes the enrolments and prints a table of them. The exit code is that of the first label that cannot be enrolled.
///
/// # Errors
/// When no label can be enrolled, or an enrolment cannot be written.
pub fn finish(arguments: &Arguments, entries: Vec<Entry>, console: &Console) -> Result<u8, Failure> {
    let (mut enrolled, mut refused) = (Vec::new(), Vec::new());
    for Entry { label, file, enrolment } in entries {
        match enrolment {
            Ok(record) => enrolled.push((file, record)),
            Err(error) => refused.push((label, Failure::from(error))),
        }
    }
    let reasons: Vec<String> = refused.iter().map(|(_, failure)| failure.to_string()).collect();
    let code = refused.first().map_or(0, |(_, failure)| failure.code);
    if enrolled.is_empty() {
        return Err(Failure::new(code, format!("no label can be enrolled: {}", reasons.join("; "))));
    }
    files::create_folder(&arguments.output).map_err(|error| Failure::unwritten(&error))?;
    let files = enrolled.iter().map(|(file, record)| Ok((file.clone(), record.to_bytes(file)?)));
    let files = files.collect::<Result<Vec<_>, EnrolmentError>>()?;
    let written = files::write_together(&files, Readers::Owner, arguments.force.existing());
    written.map_err(|error| Failure::unwritten(&error))?;
    // Counters under these names belong to earlier enrolments.
    enrolled.iter().try_for_each(|(file, _)| Attempts::forget(file))?;
    let first = &enrolled[0].1;
    if enrolled.iter().all(|(_, record)| record.development == first.development && record.outcome == first.outcome) {
        note_threshold(first, arguments.is_cross_fitted(), console);
    }
    let folder = arguments.output.display().to_string();
    let (count, all) = (enrolled.len(), enrolled.len() + refused.len());
    let mut text = format!("{folder}: {count} of {all} labels enrolled{}\n", probes(&enrolled));
    text += &table(&enrolled);
    text += &error_rates(&enrolled);
    for reason in &reasons {
        let _ = writeln!(text, "not enrolled: {}", Escaped(reason));
    }
    let documents: Vec<Value> = enrolled.iter().map(|(file, record)| document(file, record)).collect();
    let refused: Vec<Value> = refused
        .iter()
        .map(|(label, failure)| json!({ "label": label, "code": failure.code, "error": failure.to_string() }))
        .collect();
    let value = json!({ "folder": folder, "enrolments": documents, "refused": refused });
    console.result("neural-vault/enroll/2", &text, value)?;
    Ok(code)
}

/// The length of probes, where it is the same for all.
fn probes(enrolled: &[(PathBuf, Enrolment)]) -> String {
    let length = |(_, record): &(PathBuf, Enrolment)| record.measured.as_ref().map(|measured| measured.frames);
    match enrolled.first().and_then(length) {
        Some(frames) if enrolled.iter().all(|entry| length(entry) == Some(frames)) => {
            format!(", for probes of {frames} frame{}", if frames == 1 { "" } else { "s" })
        }
        _ => String::new(),
    }
}

/// A line for each enrolment, with the upper end of its false match rate.
fn table(enrolled: &[(PathBuf, Enrolment)]) -> String {
    let names: Vec<[String; 2]> = enrolled
        .iter()
        .map(|(file, record)| {
            let file = file.file_name().unwrap_or_default().to_string_lossy();
            [Escaped(&record.label).to_string(), Escaped(&file).to_string()]
        })
        .collect();
    let width = |column: usize, heading: &str| {
        names.iter().map(|names| names[column].chars().count()).chain([heading.len()]).max().unwrap_or(0)
    };
    let (labels, files) = (width(0, "label"), width(1, "file"));
    let mut text = format!("{:labels$}  {:files$}  scans  threshold  FMR at most  attempts\n", "label", "file");
    for ((_, record), [label, file]) in enrolled.iter().zip(&names) {
        let found = record.false_matches();
        let bound = if found.trials == 0 { "unknown".to_owned() } else { percent(found.bound.into()) };
        let attempts = found.attempts(None).map_or("none".to_owned(), |attempts| attempts.to_string());
        let _ = writeln!(
            text,
            "{label:labels$}  {file:files$}  {:5}  {:9.4}  {bound:>11}  {attempts:>8}",
            record.scans,
            record.threshold.cosine()
        );
    }
    text
}

/// The equal error rates of the trials that chose the thresholds: once where all labels share them.
fn error_rates(enrolled: &[(PathBuf, Enrolment)]) -> String {
    let of = |record: &Enrolment| development_eer(&record.development, record.measured.as_ref());
    let mut rates: Vec<(Option<String>, String)> = enrolled
        .iter()
        .filter_map(|(_, record)| Some((Some(Escaped(&record.label).to_string()), of(record)?)))
        .collect();
    if let [(_, first), rest @ ..] = rates.as_slice()
        && rest.iter().all(|(_, rate)| rate == first)
    {
        rates = vec![(None, first.clone())];
    }
    let line = |(label, rate): &(Option<String>, String)| match label {
        Some(label) => format!("{label}: {rate}\n"),
        None => format!("{rate}\n"),
    };
    rates.iter().map(line).collect()
}
