//! The frames of an enrolment that test it: its last fifth, cut into probes.

use std::ops::Range;

/// The frames, of `frames` in all, that are scored as probes of up to `probe` frames against an embedding of those before.
///
/// They are the last fifth, or as many as one probe has where that is more; `None` where it would be more than half.
pub(super) fn held_out(frames: usize, probe: usize) -> Option<Range<usize>> {
    let held_out = probe.max(frames / 5);
    (held_out <= frames / 2).then(|| frames - held_out..frames)
}

/// Consecutive parts of `probe` frames; what is left over at the end is left out.
pub(super) fn parts(frames: Range<usize>, probe: usize) -> impl Iterator<Item = Range<usize>> {
    let count = frames.len().checked_div(probe).unwrap_or(0);
    (0..count).map(move |part| frames.start + part * probe..frames.start + (part + 1) * probe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_fifth_is_held_out_or_one_probe_where_that_is_more() {
        assert_eq!(held_out(800, 25), Some(640..800));
        assert_eq!(held_out(100, 25), Some(75..100));
        assert_eq!(held_out(50, 25), Some(25..50));
        assert_eq!(held_out(49, 25), None);
        assert_eq!(held_out(0, 0), Some(0..0));
    }

    #[test]
    fn parts_follow_each_other_and_the_rest_is_left_out() {
        assert_eq!(parts(640..700, 25).collect::<Vec<_>>(), [640..665, 665..690]);
        assert_eq!(parts(3..5, 25).count(), 0);
        assert_eq!(parts(3..5, 0).count(), 0);
    }
}
