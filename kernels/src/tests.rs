//! Every kernel against the portable one, on the same random numbers.

use neural_vault_core::encoder::{Accumulate, Kernel, LANES, QUAD, ROWS, STEP};

use super::usable;

/// A linear congruential generator (Numerical Recipes).
struct Random(u32);

impl Random {
    fn bits(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 8
    }

    fn float(&mut self) -> f32 {
        self.bits() as f32 / 8_388_608.0 - 1.0
    }

    /// An integer from `-most` to `most`, one in eight at an end.
    fn integer(&mut self, most: i32) -> i32 {
        match self.bits() % 16 {
            0 => most,
            1 => -most,
            _ => self.bits() as i32 % (2 * most + 1) - most,
        }
    }
}

/// What a loop makes of random numbers drawn by `input`, `weight` and `sum`.
fn outcome<I, W, S: Copy>(
    accumulate: Accumulate<I, W, S>,
    [rows, count, width, stride]: [usize; 4],
    mut input: impl FnMut(&mut Random) -> I,
    mut weight: impl FnMut(&mut Random) -> W,
    mut sum: impl FnMut(&mut Random) -> S,
) -> Vec<S> {
    let random = &mut Random((rows * 1000 + count * 10 + width) as u32);
    let inputs: Vec<[I; STEP]> = (0..rows).map(|_| std::array::from_fn(|_| input(random))).collect();
    let weights: Vec<[W; LANES]> =
        (0..(count - 1) * stride + width).map(|_| std::array::from_fn(|_| weight(random))).collect();
    let mut sums: Vec<[S; LANES]> = (0..rows * width).map(|_| std::array::from_fn(|_| sum(random))).collect();
    accumulate(&inputs, &weights, stride, &mut sums);
    sums.into_flattened()
}

fn for_all_shapes(longest: usize, mut check: impl FnMut(&str, &Kernel, [usize; 4])) {
    for (name, kernel) in usable() {
        for rows in 1..=ROWS {
            for count in [1, 2, 7, longest - 1, longest] {
                for width in [1, 2, 3, 7, 8, 9, 24, 31] {
                    // Weights side by side, and with those of other outputs between them.
                    check(name, &kernel, [rows, count, width, width]);
                    check(name, &kernel, [rows, count, width, width + 5]);
                }
            }
        }
    }
}

#[test]
fn float_sums_have_the_bits_of_the_portable_kernel() {
    fn bits<W>(loops: Accumulate<f32, W, f32>, shape: [usize; 4], weight: fn(&mut Random) -> W) -> Vec<u32> {
        outcome(loops, shape, Random::float, weight, Random::float).into_iter().map(f32::to_bits).collect()
    }
    let portable = Kernel::PORTABLE;
    for_all_shapes(STEP, |name, kernel, shape| {
        assert_eq!(
            bits(kernel.f32, shape, Random::float),
            bits(portable.f32, shape, Random::float),
            "{name} {shape:?}"
        );
        // Every exponent of finite halves, the smallest numbers among them.
        let half = |random: &mut Random| (random.bits() as u16) & !(1 << 14);
        assert_eq!(bits(kernel.f16, shape, half), bits(portable.f16, shape, half), "{name} {shape:?}");
        let integer = |random: &mut Random| random.integer(32767) as i16;
        assert_eq!(bits(kernel.i16, shape, integer), bits(portable.i16, shape, integer), "{name} {shape:?}");
    });
}

#[test]
fn sums_of_codes_are_exact() {
    fn sums(loops: Accumulate<i16, [i8; QUAD], i32>, shape: [usize; 4], most: i32) -> Vec<i32> {
        let weight = |random: &mut Random| std::array::from_fn(|_| random.integer(127) as i8);
        outcome(loops, shape, |random| random.integer(most) as i16, weight, |random| random.integer(1000))
    }
    let portable = Kernel::PORTABLE;
    for_all_shapes(STEP / QUAD, |name, kernel, shape| {
        assert_eq!(sums(kernel.i8, shape, 127), sums(portable.i8, shape, 127), "{name} {shape:?}");
        assert_eq!(sums(kernel.i8i16, shape, 32767), sums(portable.i8i16, shape, 32767), "{name} {shape:?}");
    });
}

#[test]
fn a_row_of_raw_values_has_the_sums_of_its_codes() {
    let random = &mut Random(3);
    let special = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, -0.0, 0.5, 1.5];
    for count in (0..3 * STEP).step_by(7).chain(8 * STEP - 1..8 * STEP + 40) {
        let raw: Vec<f32> = (0..count)
            .map(|k| if k % 5 == 0 { special[k / 5 % special.len()] } else { random.float() * 200.0 })
            .collect();
        // Bits of floats between a half and two.
        let mut statistics = || -> Vec<u16> { (0..count).map(|_| 0x3f00 + random.bits() as u16 % 0x100).collect() };
        let (mean, inv_std) = (statistics(), statistics());
        for (width, stride) in [(1, 1), (8, 8), (8, 11), (11, 11)] {
            let quads = count.div_ceil(QUAD);
            // The last row may end with the last column that has a sum.
            let columns = quads.saturating_sub(1) * stride + width * quads.min(1);
            let weights: Vec<[[i8; QUAD]; LANES]> = (0..columns)
                .map(|_| std::array::from_fn(|_| std::array::from_fn(|_| random.integer(127) as i8)))
                .collect();
            let mut expected = vec![[7; LANES]; width];
            let parts = raw.chunks(STEP).zip(mean.chunks(STEP)).zip(inv_std.chunks(STEP));
            for (((raw, mean), inv_std), weights) in parts.zip(weights.chunks(STEP / QUAD * stride)) {
                let mut codes = [0; STEP];
                (Kernel::PORTABLE.quantise_raw)(raw, mean, inv_std, 0.7, 127, &mut codes[..raw.len()]);
                (Kernel::PORTABLE.i8)(&[codes], weights, stride, &mut expected);
            }
            for (name, kernel) in usable() {
                let Some(i8_raw) = kernel.i8_raw else { continue };
                let mut sums = vec![[7; LANES]; width];
                i8_raw(&raw, &mean, &inv_std, 0.7, &weights, stride, &mut sums);
                assert_eq!(sums, expected, "{name}: {count} values, {width} columns of {stride}");
            }
        }
    }
}

#[test]
fn the_largest_sums_do_not_wrap() {
    for (name, kernel) in usable() {
        for sign in [1, -1] {
            let inputs = [[32767; STEP]; ROWS];
            let weights = vec![[[127 * sign; QUAD]; LANES]; 8 * STEP / QUAD];
            let mut sums = vec![[0; LANES]; 8 * ROWS];
            for _ in 0..512 / STEP {
                (kernel.i8i16)(&inputs, &weights, 8, &mut sums);
            }
            assert!(sums.as_flattened().iter().all(|sum| *sum == 512 * 32767 * 127 * i32::from(sign)), "{name}");
        }
    }
}

#[test]
fn inputs_are_prepared_to_the_same_bits() {
    let mut random = Random(1);
    let special = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN_POSITIVE / 4.0, -0.0, 0.5, 1.5, 2.5];
    let mut values: Vec<f32> = (0..STEP).map(|_| random.float() * 200.0).collect();
    for (value, special) in values.iter_mut().skip(3).step_by(5).zip(special) {
        *value = special;
    }
    let mean: Vec<f32> = values.iter().map(|_| random.float()).collect();
    let inv_std: Vec<f32> = values.iter().map(|_| random.float().abs() + 0.1).collect();
    let halves = |values: &[f32]| values.iter().map(|value| (value.to_bits() >> 16) as u16).collect::<Vec<_>>();
    let (mean_halves, inv_std_halves) = (halves(&mean), halves(&inv_std));
    let prepared = |kernel: &Kernel, count: usize, most: i16| {
        // Of its own, so that a read past its end is one past its memory.
        let values = values[..count].to_vec();
        let mut standardised = vec![0.0; count];
        (kernel.standardise)(&values, &mean, &inv_std, &mut standardised);
        let mut codes = vec![0; count];
        (kernel.quantise)(&values, 1.0, most, &mut codes);
        let mut codes_of_raw = vec![0; count];
        (kernel.quantise_raw)(&values, &mean_halves, &inv_std_halves, 1.0, most, &mut codes_of_raw);
        let magnitude = (kernel.magnitude)(&values).to_bits();
        (standardised.into_iter().map(f32::to_bits).collect::<Vec<_>>(), codes, codes_of_raw, magnitude)
    };
    for (name, kernel) in usable() {
        for count in 0..=STEP {
            for most in [127, 32767] {
                let expected = prepared(&Kernel::PORTABLE, count, most);
                assert_eq!(prepared(&kernel, count, most), expected, "{name}, {count} values");
            }
        }
    }
}

#[test]
fn norms_attention_and_outputs_have_the_bits_of_the_portable_kernel() {
    let mut random = Random(2);
    let mut floats = |count: usize| -> Vec<f32> { (0..count).map(|_| random.float() * 3.0).collect() };
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    // Heads of a whole vector, of several, of a part of one, and of one and a part.
    for (width, head) in [(128, 16), (128, 64), (48, 8), (80, 20), (16, 1)] {
        for frames in [1, 2, 8, 13, 300] {
            let (qkv, weight, bias) = (floats(frames * 3 * width), floats(width), floats(width));
            let rows = floats(frames * width);
            let made = |kernel: &Kernel| {
                let (mut attended, mut normed) = (rows.clone(), rows.clone());
                (kernel.attend)(&qkv, &qkv, width, head, &mut vec![0.0; width / head * frames], &mut attended);
                (kernel.layer_norm)(&rows, &weight, &bias, &mut normed);
                let (mut totals, mut partials) = (rows.clone(), normed.clone());
                (kernel.close_block)(&mut totals, &mut partials);
                let mut outputs: Vec<f32> = (0..width).map(|k| f32::from_bits(k as u32 * 33_554_432 + 7)).collect();
                (kernel.rescale)(&mut outputs, 1e-3, &weight, &bias);
                [attended, normed, totals, partials, outputs].map(|values| bits(&values))
            };
            let expected = made(&Kernel::PORTABLE);
            for (name, kernel) in usable() {
                assert_eq!(made(&kernel), expected, "{name}: {frames} frames of {width}, heads of {head}");
            }
        }
    }
}
