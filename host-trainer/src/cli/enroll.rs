//! `enroll`: a prototype, a threshold, and the record of both.

use serde_json::json;

use super::console::{Console, list};
use super::enroll_arguments::Arguments;
use super::failure::{Failure, USAGE};
use super::names::check_label;
use super::output::{LOST_ENROLMENT, MODEL_FILES, Outputs};
use super::{enroll_person, enroll_windows, error_rate, record};
use crate::embedding::check_width;
use crate::enrolment::{Attempts, Development, Enrolment, Outcome, Target};
use crate::escape::Escaped;
use crate::training;

/// The files of a model that was trained again.
const REFITTED: [&str; 4] = [MODEL_FILES[0], MODEL_FILES[1], MODEL_FILES[2], training::ARCHIVE];

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    if let Some(rate) = arguments.fmr
        && !(rate > 0.0 && rate < 1.0)
    {
        return Err(Failure::new(USAGE, format!("--fmr {rate} is not a rate between 0 and 1")));
    }
    let inputs = arguments.data.paths().chain([&*arguments.model]);
    let mut outputs = Outputs::new(arguments.force, inputs);
    if let Some(folder) = &arguments.refit {
        outputs.folder(folder, &REFITTED)?;
    }
    outputs.file(&arguments.output, LOST_ENROLMENT)?;
    let dataset = arguments.data.load(console)?;
    check_label(&arguments.label, &dataset)?;
    let model = crate::model::load(&arguments.model)?;
    check_width(&dataset, model.dims().features)?;
    let record = if model.dims().is_connectome() {
        enroll_person::enrol(arguments, &model, &dataset, console)?
    } else {
        enroll_windows::enrol(arguments, model, &dataset, console)?
    };
    arguments.force.write_enrolment(&record, &arguments.output)?;
    // A counter under this name belongs to an earlier enrolment.
    Attempts::forget(&arguments.output)?;
    let path = arguments.output.display();
    let text = format!(
        "{path}: {} from {} scans ({}), threshold {:.4}\n{}",
        Escaped(&record.label),
        record.scans,
        list(&record.sessions),
        record.threshold.cosine(),
        error_rate::lines(&record)
    );
    note_threshold(arguments, &record, console);
    let mut value = record::to_json(&record);
    value["file"] = json!(path.to_string());
    console.result("neural-vault/enroll/2", &text, value)
}

fn note_threshold(arguments: &Arguments, record: &Enrolment, console: &Console) {
    let Development { protocol, target, .. } = &record.development;
    match error_rate::development_eer(&record.development, record.measured.as_ref()) {
        Some(eer) => {
            console.note(format!("threshold for {target}, on trials of {eer}"));
            if arguments.is_cross_fitted() {
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
