//! `gallery`: a file of enrolments for `identify` to search.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Args;
use neural_vault_core::encoder::WeightFormat;
use neural_vault_core::identify::{Entry, ProbeWindows, write};
use serde_json::json;

use super::arguments::one_of;
use super::console::{Console, list};
use super::failure::{Failure, MODEL};
use super::hints::UNREAD;
use super::output::{Force, Outputs};
use crate::enrolment::Enrolment;
use crate::files::{self, Readers};
use crate::hex;

/// Write a gallery of enrolments of one model for `identify`.
///
/// A gallery has one threshold for probes of every length: the highest of an enrolment's. Probes are cut to the length that
/// all the enrolments were measured with. With a connectome model all enrolments must be for probes of one length, and shorter
/// probes are refused.
#[derive(Args)]
pub struct Arguments {
    /// The enrolments, or folders of them: their files that end in `.nve`, by name.
    #[arg(value_name = "R.nve|DIR", required = true)]
    enrolments: Vec<PathBuf>,
    /// The gallery to write, readable by its owner only.
    #[arg(long, short, value_name = "G.nvg")]
    output: PathBuf,
    /// How prototypes are stored.
    #[arg(long, value_parser = one_of(FORMATS), default_value = "f32")]
    format: WeightFormat,
    #[command(flatten)]
    force: Force,
}

const FORMATS: [(&str, &str, WeightFormat); 2] = [
    ("f32", "32-bit floats", WeightFormat::F32),
    ("i8", "8-bit integers: a quarter of the size and of the time; scores differ in the third digit", WeightFormat::I8),
];

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    Outputs::new(arguments.force, &arguments.enrolments).file(&arguments.output, "")?;
    let files = enrolment_files(&arguments.enrolments, console)?;
    let mut records: Vec<Enrolment> = Vec::new();
    for path in &files {
        let record = Enrolment::read(path)?;
        if let Some(first) = records.first() {
            check_same_model(&record, path, first, &files[0])?;
            record.check_model(path, &first.model_digest, first.prototype.len())?;
            if !is_probed_alike(&record, first) {
                let text =
                    format!("{}: its probes are cut or scored differently from those of the first", path.display());
                return Err(Failure::new(MODEL, text + "; enrol all in the same way"));
            }
        }
        records.push(record);
    }
    let [first, ..] = records.as_slice() else { return Ok(()) };
    let entries: Vec<Entry<'_>> = records
        .iter()
        .map(|record| Entry {
            label: &record.label,
            threshold: if record.is_whole { record.threshold } else { record.highest_threshold() },
            prototype: &record.prototype,
        })
        .collect();
    let format = arguments.format;
    let probe = probe_windows(&records, first);
    let bytes = write(format, &first.model_digest, probe, &entries).map_err(|e| Failure::new(MODEL, e))?;
    let existing = arguments.force.existing();
    files::write(&arguments.output, &bytes, Readers::Owner, existing).map_err(|e| Failure::unwritten(&e))?;
    let (path, digest) = (arguments.output.display().to_string(), hex::encode(&first.model_digest));
    let text = format!("{path}: {} prototypes, {}, {} bytes\n", entries.len(), format.name(), bytes.len());
    let value = json!({ "file": path, "prototypes": entries.len(), "format": format.name(), "bytes": bytes.len(), "model_digest": digest });
    console.result("neural-vault/gallery/1", &text, value)
}

/// The files given, and those of the folders given, each once.
fn enrolment_files(given: &[PathBuf], console: &Console) -> Result<Vec<PathBuf>, Failure> {
    let mut found: Vec<PathBuf> = Vec::new();
    for path in given {
        if path.is_dir() {
            found.extend(files_of(path, console)?);
        } else {
            found.push(path.clone());
        }
    }
    let mut places = HashSet::new();
    found.retain(|file| places.insert(file.canonicalize().unwrap_or_else(|_| file.clone())));
    Ok(found)
}

/// The enrolments of a folder, by name; a note says what else is there.
fn files_of(folder: &Path, console: &Console) -> Result<Vec<PathBuf>, Failure> {
    let name = folder.display();
    let unread = |error: io::Error| Failure::new(MODEL, format!("{name}: cannot be read: {error}{UNREAD}"));
    let entries = fs::read_dir(folder).map_err(unread)?;
    let mut entries =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(unread)?;
    entries.sort();
    let (enrolments, others): (Vec<PathBuf>, Vec<PathBuf>) =
        entries.into_iter().partition(|path| path.is_file() && files::extension(path) == "nve");
    if enrolments.is_empty() {
        let text = format!("{name}: no enrolment (*.nve) is in this folder; `enroll --all -o {name}` writes some");
        return Err(Failure::new(MODEL, text));
    }
    let names = others.iter().filter_map(|path| path.file_name()).map(|name| name.to_string_lossy());
    // Counters of attempts lie beside their enrolments.
    let others: Vec<_> = names.filter(|name| !name.contains(".nve.attempts")).collect();
    if !others.is_empty() {
        console.note(format!("note: {name}: left out, not enrolments (*.nve): {}", list(&others)));
    }
    Ok(enrolments)
}

/// Refuses an enrolment of another model than the first one's.
fn check_same_model(record: &Enrolment, path: &Path, first: &Enrolment, first_path: &Path) -> Result<(), Failure> {
    if record.model_digest == first.model_digest {
        return Ok(());
    }
    let [own, others] = [&record.model_digest, &first.model_digest].map(|digest| hex::encode(digest));
    let text = format!(
        "{}: made with model {own}, and {} with {others}: a gallery is of one model; leave one of them out",
        path.display(),
        first_path.display()
    );
    Err(Failure::new(MODEL, text))
}

/// Whether probes of two enrolments are cut and scored in the same way.
fn is_probed_alike(record: &Enrolment, first: &Enrolment) -> bool {
    let frames = |record: &Enrolment| record.measured.as_ref().map(|measured| measured.frames);
    let is_alike = record.policy == first.policy && record.is_whole == first.is_whole;
    is_alike && (!record.is_whole || frames(record) == frames(first))
}

/// How the probes of a gallery are cut: to the shortest length that an enrolment was measured with.
fn probe_windows(records: &[Enrolment], first: &Enrolment) -> ProbeWindows {
    let measured = || records.iter().filter_map(|record| record.measured.as_ref());
    if first.is_whole {
        // All have one length, which is compared as a whole.
        return ProbeWindows { window: measured().map(|measured| measured.frames).min().unwrap_or(0), windows: 1 };
    }
    let window = first.policy.window;
    let windows = measured().map(|measured| (measured.frames / window).max(1)).min();
    ProbeWindows { window, windows: windows.unwrap_or(first.policy.windows) }
}
