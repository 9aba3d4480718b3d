//! Prefetching weights into the caches.

use std::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};

/// Prefetch distance in bytes for a single row.
const DISTANCE: usize = 6144;

/// Prefetches the weights that `N` rows will read after those at `place`.
///
/// Several rows take the weights of a step column by column and then those of the next step, `step` bytes further.
#[inline(always)]
pub(super) fn fetch_for<const N: usize>(place: *const i8, step: usize) {
    if N == 1 {
        return fetch(place);
    }
    #[allow(unsafe_code)]
    // SAFETY: a prefetch has no visible effect and never faults.
    unsafe {
        _mm_prefetch::<_MM_HINT_T1>(place.wrapping_add(step));
    }
}

/// Prefetches the weights that a single row will read after those at `place`.
#[inline(always)]
fn fetch(place: *const i8) {
    #[allow(unsafe_code)]
    // SAFETY: a prefetch has no visible effect and never faults.
    unsafe {
        _mm_prefetch::<_MM_HINT_T0>(place.wrapping_add(DISTANCE));
    }
}
