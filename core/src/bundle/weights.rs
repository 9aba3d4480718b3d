//! The weights of a product, from floats to each format and back.

use std::vec;
use std::vec::Vec;

use super::values::{is_allowed, is_finite_half};
use crate::encoder::WeightFormat;
use crate::encoder::format::Storage;
use crate::kernel::QUAD;

/// Appends PyTorch's (outputs, inputs) weights as `format` stores them; returns the outputs' scales, where it has any.
///
/// # Errors
/// The position of a weight that is outside the range of the format.
pub(super) fn store(
    bytes: &mut Vec<u8>,
    values: &[f32],
    inputs: usize,
    outputs: usize,
    format: WeightFormat,
) -> Result<Vec<f32>, usize> {
    let transposed = transpose(values, outputs, inputs);
    match format {
        WeightFormat::F32 => bytes.extend(transposed.iter().flat_map(|value| value.to_le_bytes())),
        WeightFormat::F16 => {
            let half = |value: &f32| half::f16::from_f32(*value).to_bits();
            if let Some(index) = values.iter().position(|value| !is_finite_half(half(value))) {
                return Err(index);
            }
            bytes.extend(transposed.iter().flat_map(|value| half(value).to_le_bytes()));
        }
        WeightFormat::I16 => {
            let scales = scales(values, inputs, i16::MAX)?;
            for row in transposed.chunks_exact(outputs.max(1)) {
                bytes.extend(integers(row, &scales, i16::MAX).flat_map(i16::to_le_bytes));
            }
            return Ok(scales);
        }
        WeightFormat::I8I16 | WeightFormat::I8 => {
            const MAX_CODE: i16 = i8::MAX as i16;
            let scales = scales(values, inputs, MAX_CODE)?;
            for rows in transposed.chunks(QUAD * outputs.max(1)) {
                let mut quads = vec![[0; QUAD]; outputs];
                for (k, row) in rows.chunks_exact(outputs.max(1)).enumerate() {
                    for (quad, integer) in quads.iter_mut().zip(integers(row, &scales, MAX_CODE)) {
                        quad[k] = integer as u8;
                    }
                }
                bytes.extend(quads.as_flattened());
            }
            return Ok(scales);
        }
    }
    Ok(Vec::new())
}

/// The floats that stored weights stand for, (outputs, inputs).
pub(super) fn load(
    bytes: &[u8],
    scale: Option<&[f32]>,
    inputs: usize,
    outputs: usize,
    format: WeightFormat,
) -> Option<Vec<f32>> {
    let mut stored: Vec<f32> = match format {
        WeightFormat::F32 => bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        WeightFormat::F16 => {
            bytes.as_chunks().0.iter().map(|bytes| half::f16::from_le_bytes(*bytes).to_f32()).collect()
        }
        WeightFormat::I16 => bytes.as_chunks().0.iter().map(|bytes| f32::from(i16::from_le_bytes(*bytes))).collect(),
        WeightFormat::I8I16 | WeightFormat::I8 => {
            let quads = bytes.as_chunks::<QUAD>().0.chunks_exact(outputs.max(1));
            let rows = quads.flat_map(|quads| (0..QUAD).map(move |k| quads.iter().map(move |quad| quad[k])));
            rows.take(inputs).flatten().map(|byte| f32::from(byte as i8)).collect()
        }
    };
    if format.is_scaled() {
        for row in stored.chunks_exact_mut(outputs.max(1)) {
            row.iter_mut().zip(scale?).for_each(|(value, scale)| *value *= scale);
        }
    }
    (stored.len() == inputs * outputs).then(|| transpose(&stored, inputs, outputs))
}

/// The values of a row-major (rows, columns) matrix, column by column.
fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    // As many neighbouring columns at once as a line of the cache holds values.
    const TOGETHER: usize = 16;
    let mut transposed = vec![0.0; values.len()];
    for (block, transposed) in transposed.chunks_mut(TOGETHER * rows.max(1)).enumerate() {
        for (row, values) in values.chunks_exact(columns.max(1)).enumerate() {
            let slots = transposed.iter_mut().skip(row).step_by(rows.max(1));
            for (slot, value) in slots.zip(values.iter().skip(block * TOGETHER)) {
                *slot = *value;
            }
        }
    }
    transposed
}

/// For each output, its largest weight over the largest integer; one where all weights are zero.
///
/// # Errors
/// The position of a weight that is too large for a scale.
fn scales(values: &[f32], inputs: usize, max_code: i16) -> Result<Vec<f32>, usize> {
    let scale = |weight: f32| (weight.abs() / f32::from(max_code)).max(f32::MIN_POSITIVE);
    if let Some(index) = values.iter().position(|value| !is_allowed(scale(*value), Storage::Positive)) {
        return Err(index);
    }
    let of_row = |row: &[f32]| {
        let largest = row.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        if largest > 0.0 { scale(largest) } else { 1.0 }
    };
    Ok(values.chunks_exact(inputs.max(1)).map(of_row).collect())
}

/// One weight for each output over the output's scale, to the nearest integer.
fn integers(row: &[f32], scales: &[f32], max_code: i16) -> impl Iterator<Item = i16> {
    let max = f32::from(max_code);
    row.iter().zip(scales).map(move |(value, scale)| (value / scale).round_ties_even().clamp(-max, max) as i16)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn come_back_within_half_a_step(inputs: usize, outputs: usize, seed: u64, magnitude: i32) {
        let mut state = seed;
        let weight = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((state >> 40) as f32 / (1 << 23) as f32 - 1.0) * (magnitude as f32).exp2()
        };
        let values: Vec<f32> = (0..inputs * outputs).map(weight).collect();
        for format in WeightFormat::ALL {
            let mut bytes = Vec::new();
            let scales = store(&mut bytes, &values, inputs, outputs, format).unwrap();
            let back = load(&bytes, Some(&scales), inputs, outputs, format).unwrap();
            for (n, (row, back)) in values.chunks(inputs).zip(back.chunks(inputs)).enumerate() {
                for (value, back) in row.iter().zip(back) {
                    let step = match format {
                        WeightFormat::F32 => 0.0,
                        // 11 bits of mantissa, and 2^-24 between the smallest.
                        WeightFormat::F16 => (value.abs() / 1024.0).max(1.0 / (1 << 24) as f32),
                        // A code has up to 15 bits, its quotient and its product with the scale have 24: they are wrong by
                        // up to 2^-10 and 2^-9 of a step.
                        _ => scales[n] * (1.0 + 2.0 / 1024.0 + 2.0 / 512.0),
                    };
                    assert!((value - back).abs() <= step / 2.0, "{format:?}: {value} came back as {back}");
                }
            }
        }
    }

    #[test]
    fn a_scale_is_that_of_the_largest_weight_and_one_of_zeros() {
        assert_eq!(scales(&[0.0, -0.0, 127.0, -254.0], 2, 127), Ok(vec![1.0, 2.0]));
    }

    #[test]
    fn a_weight_whose_quotient_and_product_are_rounded_away_comes_back_within_half_a_step() {
        come_back_within_half_a_step(8, 2, 11_943_631_833_245_350_116, 0);
    }

    proptest! {
        #[test]
        fn weights_come_back_within_half_a_step(
            (inputs, outputs) in (1usize..20, 1usize..4), seed in any::<u64>(), magnitude in -30i32..4,
        ) {
            come_back_within_half_a_step(inputs, outputs, seed, magnitude);
        }
    }
}
