//! Every score as CSV, for other tools.

use std::io::Write;

use crate::results::Results;

const HEADER: [&str; 10] = [
    "protocol",
    "method",
    "window_frames",
    "split",
    "kind",
    "enrolled_label",
    "probe_label",
    "probe_session",
    "probe_timestep",
    "score",
];

/// Writes one line a trial, under a header.
///
/// `kind` is `genuine` or `impostor`; `split` counts, from 1, the folds, the ways to divide persons or the episodes that have
/// a gallery of their own; `probe_timestep` is that of the probe's first frame, as the recording has it. Protocols whose
/// results do not hold every score, see [`Results::thin`], are left out.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_scores(results: &Results, out: impl Write) -> csv::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(HEADER)?;
    for protocol in &results.protocols {
        let Some(trials) = &protocol.trials else { continue };
        let name = protocol.name.split(" (").next().unwrap_or_default();
        let frames = protocol.window.to_string();
        for method in &protocol.methods {
            let (mut genuine, mut impostor) = (method.genuine.iter(), method.impostor.iter());
            for (split, probe, enrolled) in trials.comparisons() {
                let is_genuine = probe.label == enrolled;
                let Some(score) = (if is_genuine { &mut genuine } else { &mut impostor }).next() else { break };
                csv.write_record([
                    name,
                    &method.name,
                    &frames,
                    &(split + 1).to_string(),
                    if is_genuine { "genuine" } else { "impostor" },
                    &protocol.labels[enrolled as usize],
                    &protocol.labels[probe.label as usize],
                    &results.data.sessions[probe.session as usize],
                    &probe.timestep.to_string(),
                    &score.to_string(),
                ])?;
            }
        }
    }
    csv.flush()?;
    Ok(())
}
