//! Multi-head scaled dot-product attention (Vaswani et al. 2017) over one window.

use wide::f32x16;

use super::exp::exp;
use super::lanes::{dot, lanes, sum};
use super::rows::rows;
use super::sizes::{BLOCK, LANES, SIMD};

/// The frames that are attended to, and how a frame is divided.
#[derive(Clone, Copy, Debug)]
pub struct Attention<'a> {
    /// Query, key and value of each frame (frames, 3 x `width`).
    pub qkv: &'a [f32],
    /// Components of a query, a key or a value.
    pub width: usize,
    /// Components of a head, which divide `width`.
    pub head: usize,
}

/// As [`Kernel::attend`](super::Kernel::attend).
///
/// Each step is done for all heads before the next, so that an out-of-order processor works on one head while another's
/// exponentials wait for each other.
///
/// # Panics
/// When the lengths do not fit together.
#[inline(always)]
pub fn attend(attention: Attention<'_>, queries: &[f32], scores: &mut [f32], y: &mut [f32]) {
    let Attention { qkv, width, head } = attention;
    let frames = || qkv.chunks_exact(3 * width);
    let count = frames().len();
    assert!(qkv.len() == count * 3 * width, "queries, keys and values");
    assert!(scores.len() * head == count * width && width.is_multiple_of(head), "scores of whole heads");
    let scale = 1.0 / libm::sqrtf(head as f32);
    for (query, y) in rows(queries, 3 * width, y, width) {
        for (number, scores) in scores.chunks_exact_mut(count).enumerate() {
            let first = number * head;
            let query = &query[first..first + head];
            for (score, frame) in scores.iter_mut().zip(frames()) {
                *score = dot(query, &frame[width + first..width + first + head]) * scale;
            }
        }
        scores.chunks_exact_mut(count).for_each(softmax);
        for (number, (y, scores)) in y.chunks_exact_mut(head).zip(scores.chunks_exact(count)).enumerate() {
            for (part, y) in y.chunks_mut(LANES).enumerate() {
                let first = 2 * width + number * head + part * LANES;
                let end = first + y.len();
                weighted_sum(scores, frames().map(|frame| &frame[first..end]), y);
            }
        }
    }
}

#[inline(always)]
fn softmax(scores: &mut [f32]) {
    let mut largest = f32::NEG_INFINITY;
    for score in scores.iter() {
        largest = if *score > largest { *score } else { largest };
    }
    for score in scores.iter_mut() {
        *score = exp(*score - largest);
    }
    let scale = 1.0 / sum(scores);
    for score in scores {
        *score *= scale;
    }
}

/// The product of the weights and at most 16 values of every frame, one accumulator a value in blocks along the frames.
#[inline(always)]
fn weighted_sum<'a>(weights: &[f32], mut values: impl Iterator<Item = &'a [f32]>, y: &mut [f32]) {
    if !SIMD {
        return weighted_sum_in_memory(weights, values, y);
    }
    let mut total = f32x16::ZERO;
    for block in weights.chunks(BLOCK) {
        let mut partial = f32x16::ZERO;
        for (weight, values) in block.iter().zip(&mut values) {
            partial += f32x16::splat(*weight) * lanes(values);
        }
        total += partial;
    }
    for (y, total) in y.iter_mut().zip(total.as_array()) {
        *y = *total;
    }
}

/// [`weighted_sum`] without SIMD.
fn weighted_sum_in_memory<'a>(weights: &[f32], mut values: impl Iterator<Item = &'a [f32]>, y: &mut [f32]) {
    y.fill(0.0);
    for block in weights.chunks(BLOCK) {
        let mut partials = [0.0; LANES];
        for (weight, values) in block.iter().zip(&mut values) {
            for (partial, value) in partials.iter_mut().zip(values) {
                *partial += weight * value;
            }
        }
        for (total, partial) in y.iter_mut().zip(&partials) {
            *total += partial;
        }
    }
}
