//! `enroll`: a prototype, a threshold, and the record of both.

use std::path::PathBuf;

use super::console::{Console, list};
use super::enroll_all::{self, Entry};
use super::enroll_arguments::Arguments;
use super::failure::Failure;
use super::label_file::label_file;
use super::output::{LOST_ENROLMENT, MODEL_FILES, Outputs};
use super::{enroll_person, enroll_windows, error_rate, record};
use crate::embedding::check_width;
use crate::enrolment::{Attempts, EnrolError, Target};
use crate::escape::Escaped;
use crate::model::Model;
use crate::training;

/// The files of a model that was trained again.
const REFITTED: [&str; 4] = [MODEL_FILES[0], MODEL_FILES[1], MODEL_FILES[2], training::ARCHIVE];

/// Enrols one label, or several into a folder; the exit code is not 0 where one of several cannot be enrolled.
pub fn run(arguments: &Arguments, console: &Console) -> Result<u8, Failure> {
    let target = arguments.fmr.map(Target::false_match_rate).transpose()?;
    let inputs = arguments.data.paths().chain([&*arguments.model]);
    let mut outputs = Outputs::new(arguments.force, inputs);
    if let Some(folder) = &arguments.refit {
        outputs.folder(folder, &REFITTED)?;
    }
    let is_one = arguments.label.is_some();
    if is_one {
        outputs.file(&arguments.output, LOST_ENROLMENT)?;
    } else {
        outputs.folder(&arguments.output, &[])?;
    }
    let dataset = arguments.data.load(console)?;
    let mut labels = arguments.labels(&dataset)?;
    let model = crate::model::load(&arguments.model)?;
    check_width(&dataset, model.dims().features)?;
    let is_connectome = model.dims().is_connectome();
    if arguments.all && is_connectome {
        leave_out_background(&mut labels, &model, console)?;
    }
    let file = |label: &String| match is_one {
        true => arguments.output.clone(),
        false => arguments.output.join(label_file(label, &dataset.labels, ".nve")),
    };
    let files: Vec<PathBuf> = labels.iter().map(file).collect();
    if !is_one && arguments.output.is_dir() {
        files.iter().try_for_each(|file| outputs.file(file, LOST_ENROLMENT))?;
    }
    let enrolled = if is_connectome {
        enroll_person::enrol(arguments, target, &labels, &model, &dataset, console)?
    } else {
        enroll_windows::enrol(arguments, target, &labels, model, &dataset, console)?
    };
    let entries = labels.into_iter().zip(files).zip(enrolled);
    let mut entries: Vec<Entry> = entries.map(|((label, file), enrolment)| Entry { label, file, enrolment }).collect();
    match entries.pop() {
        Some(only) if is_one => finish(arguments, only, console),
        last => {
            entries.extend(last);
            enroll_all::finish(arguments, entries, console)
        }
    }
}

/// Leaves out the persons that a connectome model was fitted to, who cannot be enrolled with it.
fn leave_out_background(labels: &mut Vec<String>, model: &Model, console: &Console) -> Result<(), Failure> {
    let background = &model.provenance().labels;
    let (left_out, kept): (Vec<String>, Vec<String>) = labels.drain(..).partition(|label| background.contains(label));
    if let (Some(label), []) = (left_out.first(), kept.as_slice()) {
        return Err(EnrolError::Background { label: label.clone() }.into());
    }
    if !left_out.is_empty() {
        console.note(format!("note: background persons of the model are left out: {}", list(&left_out)));
    }
    *labels = kept;
    Ok(())
}

/// Writes the enrolment of one label, and prints it.
fn finish(arguments: &Arguments, entry: Entry, console: &Console) -> Result<u8, Failure> {
    let record = entry.enrolment?;
    arguments.force.write_enrolment(&record, &entry.file)?;
    // A counter under this name belongs to an earlier enrolment.
    Attempts::forget(&entry.file)?;
    let text = format!(
        "{}: {} from {} scans ({}), threshold {:.4}\n{}",
        entry.file.display(),
        Escaped(&record.label),
        record.scans,
        list(&record.sessions),
        record.threshold.cosine(),
        error_rate::lines(&record)
    );
    record::note_threshold(&record, arguments.is_cross_fitted(), console);
    console.result("neural-vault/enroll/2", &text, record::document(&entry.file, &record)).map(|()| 0)
}
