//! Multi-head scaled dot-product attention (Vaswani et al. 2017) over one window.

use wide::f32x16;

use crate::encoder::activation::exp;
use crate::encoder::kernel::{BLOCK, LANES, SIMD};
use crate::encoder::lanes::{dot, lanes, sum};
use crate::encoder::matrix::{groups, groups_mut, rows};
use libm::sqrtf;

/// What [`attend()`] does.
pub type Attend = fn(&[f32], &[f32], usize, usize, &mut [f32], &mut [f32]);

/// Attends some frames, `queries`, to every frame of `qkv` (frames, 3 x `width`: query, key, value), into `y` (queries,
/// `width`).
///
/// `scores` holds one float a head and frame: all heads take a step before any takes the next, which gives a processor
/// that looks ahead enough to do while one's exponentials wait for each other.
#[inline(always)]
pub fn attend(queries: &[f32], qkv: &[f32], width: usize, head: usize, scores: &mut [f32], y: &mut [f32]) {
    let frames = || rows(qkv, 3 * width);
    let count = frames().count();
    let scale = 1.0 / sqrtf(head as f32);
    for (query, y) in rows(queries, 3 * width).zip(groups_mut(y, width)) {
        for (number, scores) in groups_mut(scores, count).enumerate() {
            let first = number * head;
            let query = part_of(query, first, head);
            for (score, frame) in scores.iter_mut().zip(frames()) {
                *score = dot(query, part_of(frame, width + first, head)) * scale;
            }
        }
        groups_mut(scores, count).for_each(softmax);
        for (number, (y, scores)) in groups_mut(y, head).zip(groups(scores, count)).enumerate() {
            for (part, y) in groups_mut(y, LANES).enumerate() {
                let (first, length) = (2 * width + number * head + part * LANES, y.len());
                weighted_sum(scores, frames().map(|frame| part_of(frame, first, length)), y);
            }
        }
    }
}

#[inline(always)]
fn part_of(frame: &[f32], first: usize, length: usize) -> &[f32] {
    frame.get(first..).and_then(|rest| rest.get(..length)).unwrap_or_default()
}

#[inline(always)]
fn softmax(scores: &mut [f32]) {
    let mut most = f32::NEG_INFINITY;
    for score in scores.iter() {
        most = if *score > most { *score } else { most };
    }
    for score in scores.iter_mut() {
        *score = exp(*score - most);
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

/// [`weighted_sum`] where no register holds its lanes.
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
