//! The counters that the compiler puts at every edge, as libFuzzer reads them.
//!
//! The compiler calls the functions below by their names, before `main` and at comparisons.

use std::slice;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

static COUNTERS: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());
static PLACES: AtomicPtr<usize> = AtomicPtr::new(std::ptr::null_mut());
static EDGES: AtomicUsize = AtomicUsize::new(0);

/// The address of every edge, and whether it was reached.
pub fn edges() -> Vec<(usize, bool)> {
    let (counters, places) = (COUNTERS.load(Ordering::Relaxed), PLACES.load(Ordering::Relaxed));
    let edges = EDGES.load(Ordering::Relaxed);
    // An address has flags behind it.
    (0..edges).map(|edge| unsafe { (*places.add(2 * edge), counters.add(edge).read_volatile() > 0) }).collect()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __sanitizer_cov_8bit_counters_init(start: *mut u8, end: *mut u8) {
    // Each module names the section that the linker made of all.
    COUNTERS.store(start, Ordering::Relaxed);
    EDGES.store(end as usize - start as usize, Ordering::Relaxed);
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __sanitizer_cov_pcs_init(start: *mut usize, end: *mut usize) {
    PLACES.store(start, Ordering::Relaxed);
    let places = unsafe { slice::from_raw_parts(start, (end as usize - start as usize) / size_of::<usize>()) };
    assert_eq!(places.len() % 2, 0, "each edge has an address and flags");
}

/// Comparisons, which only fuzzing has a use for.
macro_rules! comparisons {
    ($($name:ident $number:ty),*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $name(_: $number, _: $number) {}
    )*};
}

comparisons! {
    __sanitizer_cov_trace_cmp1 u8, __sanitizer_cov_trace_const_cmp1 u8,
    __sanitizer_cov_trace_cmp2 u16, __sanitizer_cov_trace_const_cmp2 u16,
    __sanitizer_cov_trace_cmp4 u32, __sanitizer_cov_trace_const_cmp4 u32,
    __sanitizer_cov_trace_cmp8 u64, __sanitizer_cov_trace_const_cmp8 u64
}

#[unsafe(no_mangle)]
extern "C" fn __sanitizer_cov_trace_switch(_: u64, _: *const u64) {}

#[unsafe(no_mangle)]
extern "C" fn __sanitizer_cov_trace_pc_indir(_: usize) {}
