#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

use neural_vault_core::kernel::Kernel;

#[cfg(all(feature = "std", target_arch = "x86_64"))]
mod avx2;
#[cfg(all(feature = "std", target_arch = "x86_64"))]
mod avx512;
#[cfg(all(target_arch = "arm", target_feature = "dsp", feature = "weights-int8"))]
mod cortex_m;
#[cfg(all(feature = "std", target_arch = "x86_64"))]
mod loops;

/// The fastest kernel that this processor supports; without `std`, the one that the target is compiled for.
#[must_use]
pub fn best() -> &'static Kernel {
    #[cfg(all(target_arch = "arm", target_feature = "dsp", feature = "weights-int8"))]
    return &cortex_m::KERNEL;
    #[cfg(all(feature = "std", not(all(target_arch = "arm", target_feature = "dsp", feature = "weights-int8"))))]
    return usable().pop().expect("the portable kernel runs everywhere").1;
    #[cfg(all(
        not(feature = "std"),
        not(all(target_arch = "arm", target_feature = "dsp", feature = "weights-int8"))
    ))]
    return &Kernel::PORTABLE;
}

/// Every kernel that this processor supports, with the name of its instructions; the fastest last.
#[cfg(feature = "std")]
#[must_use]
pub fn usable() -> Vec<(&'static str, &'static Kernel)> {
    #[allow(unused_mut)]
    let mut kernels: Vec<(_, &Kernel)> = vec![("portable", &Kernel::PORTABLE)];
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx2") && has!("f16c") {
            kernels.push(("avx2", &avx2::KERNEL));
        }
        if has!("avx512f") && has!("avx512bw") && has!("avx512vl") && has!("avx512vnni") {
            kernels.push(("avx512", &avx512::KERNEL));
        }
    }
    kernels
}

#[cfg(test)]
mod tests;
