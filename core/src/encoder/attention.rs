//! Multi-head scaled dot-product attention (Vaswani et al. 2017) over one window.

use crate::encoder::activation::exp;
use crate::encoder::kernel::BLOCK;
use crate::similarity::{dot, sum};

/// Longest head, the size of its accumulators.
const MAX_HEAD: usize = 64;

/// Attends some frames, `queries`, to every frame of `qkv` (frames, 3 x `width`: query, key, value), into `y` (queries,
/// `width`).
///
/// `scores` holds one float a frame. A window of one frame attends to itself alone: its values pass through.
#[inline(never)]
pub(super) fn attend(queries: &[f32], qkv: &[f32], width: usize, head: usize, scores: &mut [f32], y: &mut [f32]) {
    let (width, head) = (width.max(1), head.clamp(1, MAX_HEAD));
    let frames = || qkv.chunks_exact((3 * width).max(1));
    let scale = 1.0 / libm::sqrtf(head as f32);
    let mut queries = queries.chunks_exact((3 * width).max(1));
    for y in y.chunks_exact_mut(width) {
        let query = queries.next().unwrap_or_default();
        if scores.len() == 1 {
            for (y, value) in y.iter_mut().zip(part_of(query, 2 * width, width)) {
                *y = *value;
            }
            continue;
        }
        for (first, y) in (0..width).step_by(head).zip(y.chunks_exact_mut(head)) {
            let component = |frame, part| part_of(frame, part * width + first, head);
            for (score, key) in scores.iter_mut().zip(frames()) {
                *score = dot(component(query, 0), component(key, 1)) * scale;
            }
            softmax(scores);
            let values = frames().map(|frame| component(frame, 2));
            weighted_sum(scores, values, y);
        }
    }
}

fn part_of(frame: &[f32], first: usize, length: usize) -> &[f32] {
    frame.get(first..).and_then(|rest| rest.get(..length)).unwrap_or_default()
}

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

/// The product of the weights and the values, one accumulator an output in blocks along the frames.
fn weighted_sum<'a>(weights: &[f32], mut values: impl Iterator<Item = &'a [f32]>, y: &mut [f32]) {
    y.fill(0.0);
    for block in weights.chunks(BLOCK) {
        let mut partials = [0.0; MAX_HEAD];
        for (weight, value) in block.iter().zip(&mut values) {
            for (partial, component) in partials.iter_mut().zip(value) {
                *partial += weight * component;
            }
        }
        for (total, partial) in y.iter_mut().zip(&partials) {
            *total += partial;
        }
    }
}
