//! Runs: the parts of a recording between gaps in time, which no window crosses.
//!
//! A recording's usual step is the median difference of its neighbouring timesteps. Where a difference is larger than one
//! and a half of it, a frame is missing and a new run begins; smaller differences are the rounding of times. Labels of one
//! session that have no timestep in common are parts of one recording, such as the trials of a run, and have its step.

use std::collections::HashMap;
use std::ops::Range;

use super::notes::{first_few, recording};
use super::rows::{Dataset, Scan};
use crate::escape;

impl Dataset {
    /// The runs of a recording, or of a part of one, in order.
    ///
    /// # Panics
    /// When the scan's rows are not in this dataset.
    #[must_use]
    pub fn runs(&self, scan: &Scan) -> Vec<Range<usize>> {
        let mut start = scan.rows.start;
        let runs = self.rows[scan.rows.clone()].chunk_by(|a, b| a.run == b.run);
        runs.map(|run| {
            start += run.len();
            start - run.len()..start
        })
        .collect()
    }

    /// Frames of a recording's longest run: the longest window that it fills.
    ///
    /// # Panics
    /// When the scan's rows are not in this dataset.
    #[must_use]
    pub fn longest_run(&self, scan: &Scan) -> usize {
        self.runs(scan).iter().map(Range::len).max().unwrap_or(0)
    }

    /// Numbers the runs of every recording; returns a note on its gaps, if there are any.
    pub(crate) fn find_runs(&mut self) -> Option<String> {
        let mut gaps = Vec::new();
        let steps = self.session_steps();
        for scan in self.scans() {
            let rows = &mut self.rows[scan.rows.clone()];
            let own = || usual_step(&rows.iter().map(|row| row.timestep).collect::<Vec<_>>());
            let step = steps.get(&scan.session).copied().unwrap_or_else(own);
            let mut run = 0;
            for at in 0..rows.len() {
                if at > 0 && is_gap(rows[at - 1].timestep.abs_diff(rows[at].timestep), step) {
                    run += 1;
                    let (from, to) = (rows[at - 1].timestep, rows[at].timestep);
                    gaps.push((scan.clone(), from, to));
                }
                rows[at].run = run;
            }
        }
        let place = |(scan, from, to): &(Scan, i64, i64)| {
            format!("{} between timesteps {from} and {to}", recording(self, scan))
        };
        let listed = first_few(gaps.iter().map(place))?;
        Some(format!("{}: gaps in time, which no window crosses: {listed}", escape::path(&self.origin)))
    }

    /// The usual steps of sessions whose labels have no timestep in common.
    fn session_steps(&self) -> HashMap<u32, u64> {
        let mut timesteps: HashMap<u32, Vec<i64>> = HashMap::new();
        for row in &self.rows {
            timesteps.entry(row.session).or_default().push(row.timestep);
        }
        let distinct = timesteps.into_iter().filter_map(|(session, mut timesteps)| {
            timesteps.sort_unstable();
            timesteps.is_sorted_by(|a, b| a < b).then(|| (session, usual_step(&timesteps)))
        });
        distinct.collect()
    }
}

/// The median difference of neighbouring timesteps, the lower one of two; 0 of a single one.
fn usual_step(timesteps: &[i64]) -> u64 {
    let mut steps: Vec<u64> = timesteps.windows(2).map(|pair| pair[0].abs_diff(pair[1])).collect();
    let Some(middle) = steps.len().checked_sub(1).map(|last| last / 2) else { return 0 };
    *steps.select_nth_unstable(middle).1
}

fn is_gap(difference: u64, step: u64) -> bool {
    u128::from(difference) * 2 > u128::from(step) * 3
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::single_range_in_vec_init)]
mod tests {
    use super::*;
    use crate::dataset::fixtures::load_as;

    /// A recording with frames at these times.
    fn recorded_at(times: &[i64]) -> Dataset {
        let lines: String = times.iter().map(|time| format!("a,r1,{time},1\na,r1,{time},2\n")).collect();
        load_as("times.csv", format!("video,session,timestep,prediction\n{lines}").as_bytes()).unwrap()
    }

    fn runs_at(times: &[i64]) -> Vec<Range<usize>> {
        let dataset = recorded_at(times);
        dataset.runs(&dataset.scans()[0])
    }

    #[test]
    fn a_step_that_is_longer_than_the_usual_one_begins_a_run() {
        assert_eq!(runs_at(&[0, 1, 2, 3, 10, 11]), [0..4, 4..6]);
        assert_eq!(runs_at(&[0, 2, 4, 8, 10]), [0..3, 3..5]);
        assert_eq!(runs_at(&[5, 6, 8, 9, 11, 12]), [0..2, 2..4, 4..6]);
    }

    #[test]
    fn labels_that_share_the_time_of_a_session_have_its_step() {
        let runs = |times: [&[i64]; 2]| -> Vec<usize> {
            let lines = ["a", "b"].iter().zip(times).flat_map(|(label, times)| {
                times.iter().map(move |time| format!("{label},r1,{time},1\n{label},r1,{time},2\n"))
            });
            let text = format!("video,session,timestep,prediction\n{}", lines.collect::<String>());
            let dataset = load_as("trials.csv", text.as_bytes()).unwrap();
            dataset.scans().iter().map(|scan| dataset.runs(scan).len()).collect()
        };
        assert_eq!(runs([&[0, 2, 4], &[6, 8, 10]]), [1, 1], "one trial each, at every second timestep");
        assert_eq!(runs([&[0, 4, 8], &[2, 6, 10]]), [3, 3], "trials of one frame in turn");
        assert_eq!(runs([&[0, 4, 8], &[1, 2, 3, 5, 6, 7]]), [3, 2], "trials of one frame and of three");
        assert_eq!(runs([&[0, 4, 8], &[0, 1, 2, 3]]), [1, 1], "two recordings, each with a step of its own");
    }

    #[test]
    fn any_constant_step_and_the_rounding_of_times_leave_one_run() {
        for times in [&[7][..], &[0, 100], &[0, 3, 6, 9], &[-4, -2, 0, 2], &[0, 2, 5, 8, 10], &[0, 720, 1441, 2160]] {
            assert_eq!(runs_at(times), [0..times.len()], "{times:?}");
        }
    }

    #[test]
    fn timesteps_at_both_ends_of_their_range_are_a_gap() {
        assert_eq!(runs_at(&[i64::MIN, i64::MIN + 1, i64::MAX]), [0..2, 2..3]);
    }

    #[test]
    fn frames_that_a_file_has_in_another_order_are_put_in_order_of_time() {
        assert_eq!(runs_at(&[2, 0, 1, 3]), [0..4]);
    }

    #[test]
    fn a_part_of_a_recording_has_the_runs_of_the_whole() {
        let dataset = recorded_at(&[0, 1, 2, 10, 11, 12]);
        let part = Scan { rows: 2..5, ..dataset.scans()[0].clone() };
        assert_eq!(dataset.runs(&part), [2..3, 3..5]);
        let selected = dataset.select(&[0, 2, 3, 5]);
        assert_eq!(selected.runs(&selected.scans()[0]), [0..2, 2..4]);
    }

    #[test]
    fn a_note_names_the_place_of_every_gap_or_counts_them() {
        let notes = |times: &[i64]| recorded_at(times).notes.join("\n");
        assert!(notes(&[0, 1, 2, 9, 10]).ends_with(
            "times.csv: gaps in time, which no window crosses: label `a`, session `r1` between timesteps 2 and 9"
        ));
        let times: Vec<i64> = (0..8).flat_map(|run| (0..4).map(move |frame| 10 * run + frame)).collect();
        let many = notes(&times);
        assert!(many.contains("timesteps 3 and 10;") && many.ends_with("; and 4 more"), "{many}");
        assert_eq!(notes(&[0, 1, 2]), "");
    }
}
