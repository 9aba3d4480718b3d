//! The sums of [`similarity`](crate::similarity), by SIMD where the target has it.
//!
//! They are inlined into a kernel's loops, so that they are compiled for its instructions.

use wide::{f32x4, f32x8, f32x16};

use super::sizes::{LANES, SIMD};
use crate::similarity;

/// Sum of products.
///
/// # Panics
/// When the vectors differ in length.
#[inline(always)]
pub(super) fn dot(left: &[f32], right: &[f32]) -> f32 {
    // Without SIMD, sixteen lanes written out are much code.
    if !SIMD {
        #[expect(clippy::expect_used, reason = "a trap: callers give vectors of one length")]
        return similarity::dot(left, right).expect("as many values");
    }
    assert!(left.len() == right.len(), "as many values");
    let mut sums = f32x16::ZERO;
    for (left, right) in left.chunks(LANES).zip(right.chunks(LANES)) {
        sums += lanes(left) * lanes(right);
    }
    tree(sums)
}

/// Sum of values.
#[inline(always)]
pub(super) fn sum(values: &[f32]) -> f32 {
    if !SIMD {
        return sum_in_memory(values);
    }
    tree(values.chunks(LANES).fold(f32x16::ZERO, |sums, values| sums + lanes(values)))
}

/// [`sum`] where no register holds the lanes.
#[inline(never)]
fn sum_in_memory(values: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    for chunk in values.chunks(LANES) {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    similarity::tree(&lanes)
}

/// The first 16 of `values`, padded by zeros, which change no sum.
#[inline(always)]
pub(super) fn lanes(values: &[f32]) -> f32x16 {
    if let Some(values) = values.first_chunk() {
        return f32x16::new(*values);
    }
    // Without this, a load of 16 lanes waits for eight stores.
    if let Ok(values) = <[f32; LANES / 2]>::try_from(values) {
        return bytemuck::cast([f32x8::new(values), f32x8::ZERO]);
    }
    let mut padded = [0.0; LANES];
    padded[..values.len()].copy_from_slice(values);
    f32x16::new(padded)
}

#[inline(always)]
fn tree(sums: f32x16) -> f32 {
    let [low, high]: [f32x8; 2] = bytemuck::cast(sums);
    let [low, high]: [f32x4; 2] = bytemuck::cast(low + high);
    let [a, b, c, d] = (low + high).to_array();
    (a + c) + (b + d)
}
