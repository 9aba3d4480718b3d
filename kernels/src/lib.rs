//! The encoder's inner loops for the processor at hand, found at run time.
//!
//! A program built for every x86-64 may use its first 128-bit instructions only; [`best`] gives it what the processor has
//! beyond them. Float products are rounded before they are added (no fused multiply-add) and each sum runs over its inputs
//! in order; integer sums are exact: so the bits are those of [`Kernel::PORTABLE`].
//!
//! The project's unsafe code is all here: the loops, and [`Mapped`] files.

use neural_vault_core::encoder::Kernel;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub mod limits;
mod mapped;
#[cfg(target_arch = "x86_64")]
mod vnni;

pub use mapped::Mapped;

/// The fastest kernel that this processor runs.
#[must_use]
pub fn best() -> Kernel {
    usable().pop().map_or(Kernel::PORTABLE, |(_, kernel)| kernel)
}

/// Every kernel that this processor runs, by the instructions it uses, the fastest last.
#[must_use]
pub fn usable() -> Vec<(&'static str, Kernel)> {
    #[allow(unused_mut)]
    let mut kernels = vec![("portable", Kernel::PORTABLE)];
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx2") && has!("f16c") {
            kernels.push(("avx2", avx2::KERNEL));
        }
        if has!("avx512f") && has!("avx512bw") && has!("avx512vl") && has!("avx512vnni") {
            kernels.push(("avx512", avx512::KERNEL));
        }
    }
    kernels
}

#[cfg(test)]
mod tests;
