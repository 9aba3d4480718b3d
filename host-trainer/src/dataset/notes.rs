//! Notes on recordings that can be used: values that are not finite, and frames outside whole windows.

use rayon::prelude::*;

use super::error;
use super::rows::{Dataset, Scan};
use crate::escape;

/// Items that a note lists before it counts the rest.
const LISTED: usize = 3;

/// How many values of each recording are not finite; nothing when all are.
pub(super) fn not_finite(dataset: &Dataset) -> Option<String> {
    let scans = dataset.scans();
    let counts: Vec<usize> = scans.par_iter().map(|scan| count_not_finite(dataset.scan_values(scan))).collect();
    let some = scans.iter().zip(&counts).filter(|(_, count)| **count > 0);
    let item = |(scan, count): (&Scan, &usize)| {
        format!("{count} of {} in {}", scan.rows.len() * dataset.features, recording(dataset, scan))
    };
    let listed = first_few(some.map(item))?;
    let (origin, total, all) = (escape::path(&dataset.origin), counts.iter().sum::<usize>(), dataset.values.len());
    Some(format!("{origin}: values that are not finite: {listed}; {total} of {all} in all"))
}

/// What windows of `length` frames leave out of these scans, and which scans are repeated to fill one.
#[must_use]
pub fn window_notes(dataset: &Dataset, scans: &[Scan], length: usize) -> Vec<String> {
    let (mut left_over, mut repeated) = (Vec::new(), Vec::new());
    let (mut left, mut all) = (0, 0);
    for scan in scans {
        let windows = dataset.windows(scan, length);
        let used: usize = windows.iter().map(|window| window.rows.len()).sum();
        let (name, frames) = (recording(dataset, scan), scan.rows.len());
        left += frames - used;
        all += frames;
        match windows.first() {
            Some(window) if window.rows.len() < length => repeated.push(format!("{name} ({used} of {frames} frames)")),
            _ if used < frames => left_over.push(format!("{} of {frames} of {name}", frames - used)),
            _ => {}
        }
    }
    let origin = escape::path(&dataset.origin);
    let left_over = first_few(left_over.into_iter()).map(|listed| {
        format!("{origin}: frames outside whole windows of {length} are left out: {listed}; {left} of {all} in all")
    });
    let repeated = first_few(repeated.into_iter()).map(|listed| {
        format!("{origin}: no {length} consecutive frames; the longest run is repeated to fill a window: {listed}")
    });
    left_over.into_iter().chain(repeated).collect()
}

/// Label and session of a scan, for messages.
pub(super) fn recording(dataset: &Dataset, scan: &Scan) -> String {
    error::recording(&dataset.labels[scan.label as usize], &dataset.sessions[scan.session as usize])
}

/// The first items in a row, and how many more there are; nothing when there are none.
pub(super) fn first_few(mut items: impl Iterator<Item = String>) -> Option<String> {
    let listed: Vec<String> = items.by_ref().take(LISTED).collect();
    let more = match items.count() {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    (!listed.is_empty()).then(|| listed.join("; ") + &more)
}

/// A float is not finite when its exponent has only ones; counting by bits leaves the loop without branches.
fn count_not_finite(values: &[f32]) -> usize {
    const EXPONENT: u32 = 0x7f80_0000;
    // Counts of a block fit in 32 bits, which are summed faster.
    let blocks = values.chunks(1 << 20);
    blocks.map(|block| block.iter().map(|v| u32::from(v.to_bits() & EXPONENT == EXPONENT)).sum::<u32>() as usize).sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::dataset::Synthetic;

    fn recordings() -> Dataset {
        Synthetic { classes: 2, timesteps: 7, features: 4, sessions: 3, noise: 1.0, seed: 1 }.recordings()
    }

    #[test]
    fn values_that_are_not_finite_are_counted_by_recording() {
        let mut dataset = recordings();
        assert_eq!(not_finite(&dataset), None);
        dataset.values[0] = f32::NAN;
        dataset.values[5] = f32::NEG_INFINITY;
        dataset.values[7 * 4] = f32::INFINITY;
        dataset.values[7 * 4 + 1] = f32::MAX;
        assert_eq!(
            not_finite(&dataset).unwrap(),
            "synthetic: values that are not finite: 2 of 28 in label `class00`, session `run00`; 1 of 28 in label \
             `class00`, session `run01`; 3 of 168 in all"
        );
        dataset.values.fill(f32::NAN);
        let many = not_finite(&dataset).unwrap();
        assert!(many.ends_with("session `run02`; and 3 more; 168 of 168 in all"), "{many}");
    }

    #[test]
    fn frames_outside_whole_windows_are_counted_by_recording() {
        let dataset = recordings();
        let scans = &dataset.scans()[..2];
        assert!(window_notes(&dataset, scans, 1).is_empty() && window_notes(&dataset, scans, 7).is_empty());
        assert_eq!(
            window_notes(&dataset, scans, 3),
            [
                "synthetic: frames outside whole windows of 3 are left out: 1 of 7 of label `class00`, session `run00`; 1 of \
                 7 of label `class00`, session `run01`; 2 of 14 in all"
            ]
        );
    }

    #[test]
    fn recordings_that_fill_no_window_are_named() {
        let mut dataset = recordings();
        dataset.rows[4..7].iter_mut().for_each(|row| row.run = 1);
        assert_eq!(
            window_notes(&dataset, &dataset.scans()[..2], 5),
            [
                "synthetic: frames outside whole windows of 5 are left out: 2 of 7 of label `class00`, session `run01`; 5 of 14 \
                 in all",
                "synthetic: no 5 consecutive frames; the longest run is repeated to fill a window: label `class00`, \
                 session `run00` (4 of 7 frames)"
            ]
        );
    }
}
