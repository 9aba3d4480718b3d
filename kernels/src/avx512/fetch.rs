//! Weights fetched into the caches ahead of their reads.

use std::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};

/// How many bytes ahead of the reads weights are fetched where a single row passes over them.
const DISTANCE: usize = 6144;

/// Fetches the weights that `N` rows read some time after those at `place`.
///
/// Several rows take the weights of a step column by column and then those of the next step, `step` bytes further.
#[inline(always)]
pub(super) fn fetch_for<const N: usize>(place: *const i8, step: usize) {
    if N == 1 {
        return fetch(place);
    }
    #[allow(unsafe_code)]
    // SAFETY: a fetch ahead reads nothing and faults nowhere.
    unsafe {
        _mm_prefetch::<_MM_HINT_T1>(place.wrapping_add(step));
    }
}

/// Fetches the weights that a single row reads some time after those at `place`.
#[inline(always)]
fn fetch(place: *const i8) {
    #[allow(unsafe_code)]
    // SAFETY: a fetch ahead reads nothing and faults nowhere.
    unsafe {
        _mm_prefetch::<_MM_HINT_T0>(place.wrapping_add(DISTANCE));
    }
}
