//! The weights of a product, from floats to each format and back.

use std::vec;
use std::vec::Vec;

use super::values::is_finite_half;
use crate::encoder::{QUAD, WeightFormat};

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
    let weight = |k: usize, n: usize| values.get(n * inputs + k).copied().unwrap_or_default();
    let order = (0..inputs).flat_map(|k| (0..outputs).map(move |n| (k, n)));
    match format {
        WeightFormat::F32 => bytes.extend(order.flat_map(|(k, n)| weight(k, n).to_le_bytes())),
        WeightFormat::F16 => {
            let half = |value: f32| half::f16::from_f32(value).to_bits();
            if let Some(index) = values.iter().position(|value| !is_finite_half(half(*value))) {
                return Err(index);
            }
            bytes.extend(order.flat_map(|(k, n)| half(weight(k, n)).to_le_bytes()));
        }
        WeightFormat::I16 => {
            let scales = scales(values, inputs, f32::from(i16::MAX));
            bytes.extend(order.flat_map(|(k, n)| integer(weight(k, n), n, &scales, i16::MAX).to_le_bytes()));
            return Ok(scales);
        }
        WeightFormat::I8I16 | WeightFormat::I8 => {
            const MOST: i16 = i8::MAX as i16;
            let scales = scales(values, inputs, f32::from(MOST));
            for quad in (0..inputs).step_by(QUAD) {
                for n in 0..outputs {
                    let code = |k| if k < inputs { integer(weight(k, n), n, &scales, MOST) as i8 } else { 0 };
                    bytes.extend((quad..quad + QUAD).map(|k| code(k) as u8));
                }
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
    let mut values = vec![0.0; inputs * outputs];
    for (n, row) in values.chunks_exact_mut(inputs.max(1)).enumerate() {
        let scale = if format.is_scaled() { *scale?.get(n)? } else { 1.0 };
        for (k, value) in row.iter_mut().enumerate() {
            let place = k * outputs + n;
            let stored = match format {
                WeightFormat::F32 => f32::from_le_bytes(*bytes.as_chunks().0.get(place)?),
                WeightFormat::F16 => half::f16::from_le_bytes(*bytes.as_chunks().0.get(place)?).to_f32(),
                WeightFormat::I16 => f32::from(i16::from_le_bytes(*bytes.as_chunks().0.get(place)?)),
                WeightFormat::I8I16 | WeightFormat::I8 => {
                    f32::from(*bytes.get((k / QUAD * outputs + n) * QUAD + k % QUAD)? as i8)
                }
            };
            *value = stored * scale;
        }
    }
    Some(values)
}

/// For each output, its largest weight over the largest integer; one where all weights are zero.
fn scales(values: &[f32], inputs: usize, most: f32) -> Vec<f32> {
    let scale = |row: &[f32]| {
        let largest = row.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        if largest > 0.0 { (largest / most).max(f32::MIN_POSITIVE) } else { 1.0 }
    };
    values.chunks_exact(inputs.max(1)).map(scale).collect()
}

fn integer(value: f32, output: usize, scales: &[f32], most: i16) -> i16 {
    let scale = scales.get(output).copied().unwrap_or(1.0);
    let most = f32::from(most);
    (value / scale).round_ties_even().clamp(-most, most) as i16
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn weights_come_back_within_half_a_step(
            (inputs, outputs) in (1usize..20, 1usize..4), seed in any::<u64>(), magnitude in -30i32..4,
        ) {
            let mut state = seed;
            let values: Vec<f32> = (0..inputs * outputs).map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                ((state >> 40) as f32 / (1 << 23) as f32 - 1.0) * (magnitude as f32).exp2()
            }).collect();
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
                            // The quotient has 24 bits, 15 of them before the point at most.
                            _ => scales[n] * 1.004,
                        };
                        prop_assert!((value - back).abs() <= step / 2.0, "{format:?}: {value} came back as {back}");
                    }
                }
            }
        }
    }
}
