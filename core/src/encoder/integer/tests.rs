//! Products of codes against sums written out in 64 bits.

use super::*;
use crate::kernel::loops::quantise;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

/// The product written out for one output: the sum in 64 bits, in PyTorch's order.
fn exact(linear: &IntegerLinear<'_>, codes: &[i16], n: usize, input_scale: f32) -> f32 {
    let weight = |k: usize| i64::from(linear.weights.columns.as_flattened()[k / QUAD * linear.outputs() + n][k % QUAD]);
    let sum: i64 = codes.iter().enumerate().map(|(k, code)| i64::from(*code) * weight(k)).sum();
    sum as f32 * (linear.scale[n] * input_scale) + linear.bias[n]
}

/// Weights, scales and biases; the weights all of the largest magnitude when `extreme`.
fn parameters(
    inputs: usize,
    outputs: usize,
    extreme: bool,
    mut random: impl FnMut() -> f32,
) -> (Vec<i8>, Vec<f32>, Vec<f32>) {
    let mut weight = vec![0; inputs.next_multiple_of(QUAD) * outputs];
    for k in 0..inputs {
        for n in 0..outputs {
            let value = if extreme { 127.0 } else { random() * 127.0 };
            weight[(k / QUAD * outputs + n) * QUAD + k % QUAD] = value as i8;
        }
    }
    let scale = (0..outputs).map(|_| random().abs() + 0.01).collect();
    (weight, scale, (0..outputs).map(|_| random()).collect())
}

fn columns(weight: &[i8]) -> &[[[i8; QUAD]; LANES]] {
    weight.as_chunks().0.as_chunks().0
}

/// A map of int8 codes with these weights, scales and biases.
fn int8(inputs: usize, (weight, scale, bias): &(Vec<i8>, Vec<f32>, Vec<f32>)) -> IntegerLinear<'_> {
    IntegerLinear {
        inputs,
        weights: WeightRows { columns: columns(weight), stride: bias.len() / LANES },
        scale,
        bias,
        max_code: MAX_INT8,
        standardiser: None,
        input_scale: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_output_is_the_exact_sum(
        rows in 1usize..10, inputs in 1usize..1500, columns in 1usize..10, seed in any::<u32>(),
        wide in any::<bool>(), extreme in any::<bool>(), fixed in any::<bool>(),
    ) {
        let mut state = seed;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        let outputs = columns * LANES;
        let (weight, scale, bias) = parameters(inputs, outputs, extreme, &mut random);
        let max_code = if wide { i16::MAX } else { MAX_INT8 };
        let input_scale = fixed.then(|| 0.9 / f32::from(max_code));
        let weights = WeightRows { columns: self::columns(&weight), stride: columns };
        let linear = IntegerLinear { inputs, weights, scale: &scale, bias: &bias, max_code, standardiser: None, input_scale };
        let x: Vec<f32> = (0..rows * inputs).map(|_| if extreme { 1.0 } else { random() }).collect();
        let mut y = vec![f32::NAN; rows * outputs];
        let mut partials = vec![f32::NAN; 2 * ROWS * outputs];
        linear.feed(0..inputs, &x, &mut y, &mut partials, &Kernel::PORTABLE);
        for (x, y) in x.chunks(inputs).zip(y.chunks(outputs)) {
            let row = linear.row_scale(x, &Kernel::PORTABLE);
            let mut codes = vec![0; inputs];
            quantise(x, Quantiser { factor: row.factor, max_code }, &mut codes);
            prop_assert!(codes.iter().all(|code| code.abs() <= max_code));
            for (n, value) in y.iter().enumerate() {
                prop_assert_eq!(value.to_bits(), exact(&linear, &codes, n, row.scale).to_bits());
            }
        }
    }
}

#[test]
fn sums_of_int8_codes_beyond_32_bits_are_exact() {
    let inputs = 140_000;
    let parameters = parameters(inputs, 16, true, || 0.5);
    let linear = int8(inputs, &parameters);
    let mut y = [0.0; 16];
    linear.feed(0..inputs, &vec![1.0; inputs], &mut y, &mut [0.0; 32], &Kernel::PORTABLE);
    assert!(140_000 * 127 * 127 > i64::from(i32::MAX));
    let codes = vec![127; inputs];
    assert!(y.iter().enumerate().all(|(n, y)| *y == exact(&linear, &codes, n, 1.0 / 127.0)));
}

#[test]
fn a_value_that_is_not_finite_spoils_its_row_and_no_other() {
    let parameters = parameters(8, 16, true, || 0.5);
    let linear = int8(8, &parameters);
    for unsound in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut x = [1.0; 16];
        x[3] = unsound;
        let mut y = [0.0; 32];
        linear.feed(0..8, &x, &mut y, &mut [], &Kernel::PORTABLE);
        assert!(y[..16].iter().all(|value| value.is_nan()));
        assert!(y[16..].iter().all(|value| value.is_finite()));
    }
}

#[test]
fn a_row_of_zeros_gives_the_bias() {
    let parameters = parameters(8, 16, true, || 0.5);
    let linear = int8(8, &parameters);
    let mut y = [0.0; 16];
    linear.feed(0..8, &[0.0; 8], &mut y, &mut [0.0; 32], &Kernel::PORTABLE);
    assert_eq!(y, *parameters.2);
}
