//! BIDS events: which stimulus each frame of a recording belongs to.
//!
//! A line of `events.tsv` has an onset and a duration in seconds and a trial type. Frame i is taken at i times the time
//! between frames. It belongs to an event that has begun by then and not ended, both moved by a lag; an event too short to
//! meet any frame gets the frame that was being taken when it began.

use std::path::{Path, PathBuf};

use super::error::DatasetError;
use crate::escape;

/// The spellings of a value that is not there.
const MISSING: [&str; 5] = ["", "n/a", "N/A", "NaN", "nan"];
/// Frames are compared with times to this part of the time between them, so that 0.1 and 0.2 make 0.3.
const NEAR: f64 = 1e-6;

/// The events of a recording, in the order of their lines.
#[derive(Debug)]
pub(super) struct Events {
    file: PathBuf,
    events: Vec<Event>,
    /// Lines without a trial type or a duration.
    incomplete: usize,
}

#[derive(Debug)]
struct Event {
    line: u64,
    onset: f64,
    duration: f64,
    trial_type: String,
}

/// The events of each frame, and what was left out.
#[derive(Debug)]
pub(super) struct Labelled<'e> {
    /// The trial type of each frame; `None` outside of all events.
    pub(super) frames: Vec<Option<&'e str>>,
    pub(super) notes: Vec<String>,
}

impl Events {
    /// Reads a table with the columns `onset`, `duration` and `column`, separated by tabs.
    ///
    /// # Errors
    /// [`DatasetError`], naming file, line and column.
    pub(super) fn read(file: &Path, column: &str) -> Result<Self, DatasetError> {
        let bytes = std::fs::read(file).map_err(|source| DatasetError::Read { file: file.to_owned(), source })?;
        let text = String::from_utf8(bytes).map_err(|_| DatasetError::Array {
            file: file.to_owned(),
            what: "the events".to_owned(),
            reason: "they are not UTF-8 text; save the table as UTF-8".to_owned(),
        })?;
        Self::parse(file, &text, column)
    }

    fn parse(file: &Path, text: &str, column: &str) -> Result<Self, DatasetError> {
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
        let mut lines = (1..).zip(text.split('\n')).filter(|(_, line)| !line.trim().is_empty());
        let Some((line, header)) = lines.next() else {
            return Err(DatasetError::Empty { file: file.to_owned() });
        };
        let found: Vec<String> = header.split('\t').map(|name| name.trim().to_owned()).collect();
        let find = |column: &str| {
            found.iter().position(|name| name == column).ok_or_else(|| DatasetError::MissingColumn {
                file: file.to_owned(),
                line,
                column: column.to_owned(),
                found: found.clone(),
            })
        };
        let (onset_at, duration_at, type_at) = (find("onset")?, find("duration")?, find(column)?);
        let (mut events, mut incomplete) = (Vec::new(), 0);
        for (line, text) in lines {
            let cells: Vec<&str> = text.split('\t').map(str::trim).collect();
            if cells.len() != found.len() {
                let (expected, found) = (found.len(), cells.len());
                return Err(DatasetError::FieldCount { file: file.to_owned(), line, expected, found });
            }
            if [onset_at, duration_at, type_at].iter().any(|&at| MISSING.contains(&cells[at])) {
                incomplete += 1;
                continue;
            }
            let seconds = |at: usize, name: &str, least: f64, wanted: &'static str| match cells[at].parse::<f64>() {
                Ok(seconds) if seconds.is_finite() && seconds >= least => Ok(seconds),
                _ => Err(DatasetError::Cell {
                    file: file.to_owned(),
                    line,
                    column: name.to_owned(),
                    cell: cells[at].chars().take(40).collect(),
                    wanted,
                }),
            };
            let onset = seconds(onset_at, "onset", f64::MIN, "a number of seconds")?;
            let duration = seconds(duration_at, "duration", 0.0, "a number of seconds, 0 or more")?;
            events.push(Event { line, onset, duration, trial_type: cells[type_at].to_owned() });
        }
        Ok(Self { file: file.to_owned(), events, incomplete })
    }

    /// The trial type of each of `frames` frames that are `seconds` apart, events moved by `lag` seconds.
    ///
    /// # Errors
    /// [`DatasetError::Array`] where two trial types claim one frame, or no event meets a frame.
    pub(super) fn label(&self, frames: usize, seconds: f64, lag: f64) -> Result<Labelled<'_>, DatasetError> {
        let mut owner: Vec<Option<&Event>> = vec![None; frames];
        let mut outside = 0;
        for event in &self.events {
            let range = event.frames(frames, seconds, lag);
            outside += usize::from(range.is_empty());
            for frame in range {
                if let Some(other) = owner[frame].filter(|other| other.trial_type != event.trial_type) {
                    let reason = format!(
                        "`{}` overlaps `{}` of line {} at {:.3} s; leave one of them out",
                        event.trial_type,
                        other.trial_type,
                        other.line,
                        frame as f64 * seconds
                    );
                    return Err(self.wrong(format!("line {}", event.line), reason));
                }
                owner[frame] = Some(event);
            }
        }
        let without = owner.iter().filter(|owner| owner.is_none()).count();
        if without == frames {
            let end = frames as f64 * seconds;
            let reason =
                format!("no event falls into the recording, which is {end:.1} s long; give the table of its run");
            return Err(self.wrong("the events".to_owned(), reason));
        }
        let file = escape::path(&self.file);
        let mut notes = Vec::new();
        if self.incomplete > 0 {
            notes.push(format!("{file}: {} lines without onset, duration or trial type are left out", self.incomplete));
        }
        if outside > 0 {
            notes.push(format!("{file}: {outside} events lie outside of the recording"));
        }
        if without > 0 {
            notes.push(format!("{file}: {without} of {frames} frames belong to no event and are left out"));
        }
        Ok(Labelled { frames: owner.into_iter().map(|event| event.map(|e| e.trial_type.as_str())).collect(), notes })
    }

    fn wrong(&self, what: String, reason: String) -> DatasetError {
        DatasetError::Array { file: self.file.clone(), what, reason }
    }
}

impl Event {
    /// The frames, of `count`, that belong to the event.
    fn frames(&self, count: usize, seconds: f64, lag: f64) -> std::ops::Range<usize> {
        let first_from = |time: f64| (time / seconds - NEAR).ceil();
        let (start, end) = (self.onset + lag, self.onset + lag + self.duration);
        let (first, past) = (first_from(start), first_from(end));
        let (first, past) = if first < past {
            (first, past)
        } else {
            let taken = (start / seconds + NEAR).floor();
            (taken, taken + 1.0)
        };
        // A float outside of the range becomes its nearest end.
        let within = |frame: f64| (frame.max(0.0) as usize).min(count);
        within(first)..within(past)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn events(lines: &str) -> Events {
        parsed(&format!("onset\tduration\ttrial_type\n{lines}")).unwrap()
    }

    fn parsed(text: &str) -> Result<Events, DatasetError> {
        Events::parse(Path::new("run_events.tsv"), text, "trial_type")
    }

    /// The first letter of each frame's trial type.
    fn letters(events: &Events, frames: usize, seconds: f64, lag: f64) -> String {
        let labelled = events.label(frames, seconds, lag).unwrap();
        labelled.frames.iter().map(|name| name.map_or('.', |name| name.chars().next().unwrap())).collect()
    }

    #[test]
    fn a_frame_belongs_to_the_event_during_which_it_begins() {
        let blocks = events("2\t4\tface\n6\t4\thouse\n12.0\t2.0\tface\n");
        assert_eq!(letters(&blocks, 9, 2.0, 0.0), ".ffhh.f..");
        assert_eq!(letters(&blocks, 9, 2.0, 4.0), "...ffhh.f");
        assert_eq!(letters(&blocks, 9, 2.0, 1.0), "..ffhh.f.");
    }

    #[test]
    fn an_event_shorter_than_a_frame_gets_the_frame_it_falls_into() {
        assert_eq!(letters(&events("2.5\t0\tx\n4.1\t0.2\ty\n"), 4, 2.0, 0.0), ".xy.");
    }

    #[test]
    fn onsets_that_are_sums_of_decimals_meet_their_frames() {
        let steps: String = (0..30).map(|at| format!("{:.1}\t0.1\t{}\n", f64::from(at) * 0.1, at % 2)).collect();
        assert_eq!(letters(&events(&steps), 30, 0.1, 0.0), "01".repeat(15));
    }

    #[test]
    fn what_is_left_out_is_noted() {
        let some = events("-4\t2\ta\n2\t2\ta\nn/a\t2\tb\n4\t2\tn/a\n100\t2\tb\n");
        let notes = some.label(4, 2.0, 0.0).unwrap().notes.join("; ");
        assert!(notes.contains("2 lines without onset"), "{notes}");
        assert!(notes.contains("2 events lie outside"), "{notes}");
        assert!(notes.contains("3 of 4 frames belong to no event"), "{notes}");
    }

    #[test]
    fn overlapping_events_of_two_types_are_refused_with_both_lines() {
        let message = events("0\t4\tface\n2\t4\thouse\n").label(4, 2.0, 0.0).unwrap_err().to_string();
        assert!(
            message.starts_with("run_events.tsv: line 3: `house` overlaps `face` of line 2 at 2.000 s"),
            "{message}"
        );
        assert_eq!(letters(&events("0\t4\tface\n2\t4\tface\n"), 4, 2.0, 0.0), "fff.");
    }

    #[test]
    fn events_of_another_run_are_refused() {
        let message = events("100\t4\tface\n").label(4, 2.0, 0.0).unwrap_err().to_string();
        assert!(message.contains("no event falls into the recording, which is 8.0 s long"), "{message}");
    }

    #[test]
    fn faults_name_line_and_column() {
        let cases = [
            ("onset\tduration\n", "line 1: no column `trial_type`; found `onset`, `duration`"),
            ("onset\tduration\ttrial_type\r\n\r\n1\tlong\tx\r\n", "line 3, column `duration`: `long` is not a number"),
            (
                "onset\tduration\ttrial_type\n1\t-2\tx\n",
                "line 2, column `duration`: `-2` is not a number of seconds, 0",
            ),
            ("onset\tduration\ttrial_type\n1\t2\n", "line 2: 2 fields where the header has 3"),
            ("\u{feff}\n", "the file is empty"),
        ];
        for (text, expected) in cases {
            let message = parsed(text).unwrap_err().to_string();
            assert!(message.starts_with(&format!("run_events.tsv: {expected}")), "{message}");
        }
    }
}
