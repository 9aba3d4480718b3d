//! The length of a probe in frames, and a probe cut to a length that was measured.
//!
//! A mean over more frames scores higher, for strangers too, so a threshold's error rates hold for one length. The lengths
//! measured are 1, 2, 4 ... frames below a window, 1, 2, 4 ... windows, and the longest that all development probes have.

use std::iter::successors;

use crate::dataset::{Dataset, Scan};

/// Frames of `scan` that are embedded: those of its whole windows, or its longest run where that is shorter than a window.
pub(super) fn frames(dataset: &Dataset, scan: &Scan, window: usize) -> usize {
    let windows = dataset.windows(scan, window);
    windows.iter().map(|window| window.rows.len()).sum()
}

/// The part of `scan` with the first `frames` of the frames that are embedded: whole windows, or the start of the first.
pub(super) fn cut(dataset: &Dataset, scan: &Scan, window: usize, frames: usize) -> Scan {
    let windows = dataset.windows(scan, window);
    let rows = if frames < window {
        windows.first().map(|first| first.rows.start..first.rows.end.min(first.rows.start + frames))
    } else {
        windows.get(frames / window - 1).map(|last| scan.rows.start..last.rows.end)
    };
    Scan { rows: rows.unwrap_or(scan.rows.clone()), ..*scan }
}

/// The lengths to measure, ascending; the last is that of the shortest of `probes`, or `windows` windows (0 for all).
pub(super) fn lengths(dataset: &Dataset, probes: &[Scan], window: usize, windows: usize) -> Vec<usize> {
    let Some(longest) = probes.iter().map(|scan| frames(dataset, scan, window)).min() else { return Vec::new() };
    let longest = if windows == 0 { longest } else { longest.min(windows.saturating_mul(window)) };
    let doubled = |first: usize, end: usize| {
        successors(Some(first), |length| length.checked_mul(2)).take_while(move |&length| length < end)
    };
    doubled(1, window.min(longest)).chain(doubled(window, longest)).chain([longest]).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dataset::Synthetic;

    fn recordings(timesteps: usize) -> Dataset {
        Synthetic { classes: 2, timesteps, features: 1, sessions: 1, noise: 1.0, seed: 1 }.recordings()
    }

    #[test]
    fn lengths_double_up_to_a_window_and_then_in_windows() {
        for (timesteps, window, windows, expected) in [
            (9, 9, 0, &[1, 2, 4, 8, 9][..]),
            (4, 9, 0, &[1, 2, 4]),
            (1, 9, 0, &[1]),
            (20, 3, 0, &[1, 2, 3, 6, 12, 18]),
            (20, 3, 2, &[1, 2, 3, 6]),
            (20, 3, 9, &[1, 2, 3, 6, 12, 18]),
            (6, 1, 0, &[1, 2, 4, 6]),
        ] {
            let dataset = recordings(timesteps);
            assert_eq!(
                lengths(&dataset, &dataset.scans(), window, windows),
                expected,
                "{timesteps} {window} {windows}"
            );
        }
        assert_eq!(lengths(&recordings(3), &[], 1, 0), [0; 0]);
    }

    #[test]
    fn the_shortest_probe_limits_the_lengths() {
        let dataset = recordings(9);
        let mut scans = dataset.scans();
        scans[1].rows.end -= 4;
        assert_eq!(lengths(&dataset, &scans, 2, 0), [1, 2, 4]);
    }

    #[test]
    fn a_probe_is_cut_to_its_first_windows_or_to_the_start_of_its_first() {
        let mut dataset = recordings(20);
        let scan = dataset.scans().remove(1);
        assert_eq!(frames(&dataset, &scan, 3), 18);
        assert_eq!([1, 2, 3, 6, 18].map(|frames| cut(&dataset, &scan, 3, frames).rows.end), [21, 22, 23, 26, 38]);
        // A gap after two frames: windows begin after it.
        dataset.rows[22..].iter_mut().for_each(|row| row.run = 1);
        assert_eq!(frames(&dataset, &scan, 3), 18);
        assert_eq!(cut(&dataset, &scan, 3, 2).rows, 22..24);
        assert_eq!(cut(&dataset, &scan, 3, 6).rows, 20..28);
        for length in [1, 2, 3, 6, 12] {
            assert_eq!(frames(&dataset, &cut(&dataset, &scan, 3, length), 3), length);
        }
    }
}
