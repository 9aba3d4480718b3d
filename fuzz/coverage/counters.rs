//! The counters that the compiler puts at every edge, as libFuzzer reads them.
//!
//! The compiler calls the functions below by their names, before `main` and at comparisons.

use std::slice;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

static COUNTERS: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());
static PLACES: AtomicPtr<usize> = AtomicPtr::new(std::ptr::null_mut());
static EDGES: AtomicUsize = AtomicUsize::new(0);

/// The address of every edge.
pub fn addresses() -> Vec<usize> {
    let places = PLACES.load(Ordering::Relaxed);
    // An address has flags behind it.
    (0..EDGES.load(Ordering::Relaxed)).map(|edge| unsafe { *places.add(2 * edge) }).collect()
}

/// Adds the edges that were reached since the last call, and sets their counters to zero.
///
/// It is called after each input: a counter has eight bits, so an edge that is reached 256 times looks like none.
pub fn take(reached: &mut Vec<bool>) {
    let counters = COUNTERS.load(Ordering::Relaxed);
    reached.resize(EDGES.load(Ordering::Relaxed), false);
    for (edge, is_reached) in reached.iter_mut().enumerate() {
        let counter = unsafe { counters.add(edge) };
        *is_reached |= unsafe { counter.read_volatile() } > 0;
        unsafe { counter.write_volatile(0) };
    }
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
