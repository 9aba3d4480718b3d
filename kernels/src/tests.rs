//! Every kernel against the portable one, on the same random numbers.

use neural_vault_core::kernel::{
    Add, Attention, Fill, Kernel, LANES, LayerNorm, OutputScale, QUAD, Quantiser, ROWS, RawRow, RowPairs, STEP,
    Statistics, WeightRows,
};

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

    /// An integer from `-max` to `max`; one in eight is an end of the range.
    fn integer(&mut self, max: i32) -> i32 {
        match self.bits() % 16 {
            0 => max,
            1 => -max,
            _ => self.bits() as i32 % (2 * max + 1) - max,
        }
    }
}

/// The sums that a loop computes from random numbers, drawn by `input`, `weight` and `sum`.
fn outcome<I, W, S: Copy>(
    add: Add<I, W, S>,
    [rows, count, width, stride]: [usize; 4],
    mut input: impl FnMut(&mut Random) -> I,
    mut weight: impl FnMut(&mut Random) -> W,
    mut sum: impl FnMut(&mut Random) -> S,
) -> Vec<S> {
    let random = &mut Random((rows * 1000 + count * 10 + width) as u32);
    let inputs: Vec<[I; STEP]> = (0..rows).map(|_| std::array::from_fn(|_| input(random))).collect();
    let columns: Vec<[W; LANES]> =
        (0..(count - 1) * stride + width).map(|_| std::array::from_fn(|_| weight(random))).collect();
    let mut sums: Vec<[S; LANES]> = (0..rows * width).map(|_| std::array::from_fn(|_| sum(random))).collect();
    add(&inputs, WeightRows { columns: &columns, stride }, &mut sums);
    sums.into_flattened()
}

fn for_all_shapes(longest: usize, mut check: impl FnMut(&str, &Kernel, [usize; 4])) {
    for (name, kernel) in usable() {
        for rows in 1..=ROWS {
            for count in [1, 2, 7, longest - 1, longest] {
                for width in [1, 2, 3, 7, 8, 9, 24, 31] {
                    // Weights that are adjacent, and weights with those of other outputs between them.
                    check(name, kernel, [rows, count, width, width]);
                    check(name, kernel, [rows, count, width, width + 5]);
                }
            }
        }
    }
}

#[test]
fn float_sums_have_the_bits_of_the_portable_kernel() {
    fn bits<W>(add: Add<f32, W, f32>, shape: [usize; 4], weight: fn(&mut Random) -> W) -> Vec<u32> {
        outcome(add, shape, Random::float, weight, Random::float).into_iter().map(f32::to_bits).collect()
    }
    for_all_shapes(STEP, |name, kernel, shape| {
        let with = |kernel: &Kernel| {
            // Every exponent of finite halves, including subnormal numbers.
            let half = |random: &mut Random| (random.bits() as u16) & !(1 << 14);
            let integer = |random: &mut Random| random.integer(32767) as i16;
            [
                bits(kernel.add_f32, shape, Random::float),
                bits(kernel.add_f16, shape, half),
                bits(kernel.add_i16, shape, integer),
            ]
        };
        assert_eq!(with(kernel), with(&Kernel::PORTABLE), "{name} {shape:?}");
    });
}

#[test]
fn sums_of_codes_are_exact() {
    fn sums(add: Add<i16, [i8; QUAD], i32>, shape: [usize; 4], max_code: i32) -> Vec<i32> {
        let weight = |random: &mut Random| std::array::from_fn(|_| random.integer(127) as i8);
        outcome(add, shape, |random| random.integer(max_code) as i16, weight, |random| random.integer(1000))
    }
    for_all_shapes(STEP / QUAD, |name, kernel, shape| {
        let with = |kernel: &Kernel| [sums(kernel.add_i8, shape, 127), sums(kernel.add_i8i16, shape, 32767)];
        assert_eq!(with(kernel), with(&Kernel::PORTABLE), "{name} {shape:?}");
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
        // Floats between a half and two.
        let mut statistics = || -> Vec<u16> { (0..count).map(|_| 0x3f00 + random.bits() as u16 % 0x100).collect() };
        let (mean, inv_std) = (statistics(), statistics());
        let shapes = [(1, 1), (8, 8), (8, 11), (11, 11)];
        for ((width, stride), fill) in shapes.into_iter().flat_map(|shape| Fill::ALL.map(|fill| (shape, fill))) {
            let quads = count.div_ceil(QUAD);
            // The last row may end with the last column that has a sum.
            let columns = quads.saturating_sub(1) * stride + width * quads.min(1);
            let columns: Vec<[[i8; QUAD]; LANES]> = (0..columns)
                .map(|_| std::array::from_fn(|_| std::array::from_fn(|_| random.integer(127) as i8)))
                .collect();
            // The sums of the values from `first` on, by the portable kernel.
            let add_codes = |first: usize, sums: &mut [[i32; LANES]]| {
                let parts =
                    raw[first..].chunks(STEP).zip(mean[first..].chunks(STEP)).zip(inv_std[first..].chunks(STEP));
                let columns = &columns[(first / QUAD * stride).min(columns.len())..];
                for (((raw, mean), inv_std), columns) in parts.zip(columns.chunks(STEP / QUAD * stride)) {
                    let mut codes = [0; STEP];
                    let quantiser = Quantiser { factor: 0.7, max_code: 127 };
                    (Kernel::PORTABLE.quantise_raw)(
                        raw,
                        Statistics { mean, inv_std, fill },
                        quantiser,
                        &mut codes[..raw.len()],
                    );
                    (Kernel::PORTABLE.add_i8)(&[codes], WeightRows { columns, stride }, sums);
                }
            };
            let mut expected = vec![[7; LANES]; width];
            add_codes(0, &mut expected);
            let statistics = Statistics { mean: &mean[..], inv_std: &inv_std[..], fill };
            for (name, kernel) in usable() {
                let mut sums = vec![[7; LANES]; width];
                let row = RawRow { raw: &raw, statistics, factor: 0.7 };
                let done = (kernel.add_raw_i8)(row, WeightRows { columns: &columns, stride }, &mut sums);
                assert!(done <= count && done.is_multiple_of(QUAD), "{name}: {done} of {count}");
                // A kernel with a special loop uses it for long rows of one width.
                assert_eq!(done > 0, name == "avx512" && count >= 8 * STEP && width == 8, "{name}: {done} of {count}");
                add_codes(done, &mut sums);
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
                (kernel.add_i8i16)(&inputs, WeightRows { columns: &weights, stride: 8 }, &mut sums);
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
    let prepared = |kernel: &Kernel, count: usize, max_code: i16, fill: Fill| {
        // A separate allocation, so that a read past its end is out of bounds.
        let values = values[..count].to_vec();
        let mut standardised = vec![0.0; count];
        (kernel.standardise)(&values, Statistics { mean: &mean, inv_std: &inv_std, fill }, &mut standardised);
        let quantiser = Quantiser { factor: 1.0, max_code };
        let mut codes = vec![0; count];
        (kernel.quantise)(&values, quantiser, &mut codes);
        let mut codes_of_raw = vec![0; count];
        let statistics = Statistics { mean: &mean_halves[..], inv_std: &inv_std_halves[..], fill };
        (kernel.quantise_raw)(&values, statistics, quantiser, &mut codes_of_raw);
        let magnitude = (kernel.magnitude)(&values).to_bits();
        (standardised.into_iter().map(f32::to_bits).collect::<Vec<_>>(), codes, codes_of_raw, magnitude)
    };
    for (name, kernel) in usable() {
        for count in 0..=STEP {
            for (max_code, fill) in [127, 32767].into_iter().flat_map(|max_code| Fill::ALL.map(|fill| (max_code, fill)))
            {
                let expected = prepared(&Kernel::PORTABLE, count, max_code, fill);
                assert_eq!(prepared(kernel, count, max_code, fill), expected, "{name}, {count} values, {fill:?}");
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
                let mut scores = vec![0.0; width / head * frames];
                (kernel.attend)(Attention { qkv: &qkv, width, head }, &qkv, &mut scores, &mut attended);
                (kernel.layer_norm)(LayerNorm { weight: &weight, bias: &bias }, &rows, &mut normed);
                let (mut totals, mut partials) = (rows.clone(), normed.clone());
                (kernel.close_block)(&mut totals, &mut partials);
                let mut outputs: Vec<f32> = (0..width).map(|k| f32::from_bits(k as u32 * 33_554_432 + 7)).collect();
                (kernel.rescale)(&mut outputs, OutputScale { input: 1e-3, weights: &weight, bias: &bias });
                [attended, normed, totals, partials, outputs].map(|values| bits(&values))
            };
            let expected = made(&Kernel::PORTABLE);
            for (name, kernel) in usable() {
                assert_eq!(made(kernel), expected, "{name}: {frames} frames of {width}, heads of {head}");
            }
        }
    }
}

#[test]
fn sums_of_outer_products_have_the_bits_of_the_portable_kernel() {
    let sums = |kernel: &Kernel, regions: usize, pairs: usize| {
        let random = &mut Random((regions * 100 + pairs) as u32);
        let columns = regions.div_ceil(LANES);
        let mut rows = |count: usize| -> Vec<[f32; LANES]> {
            (0..count * columns).map(|_| std::array::from_fn(|_| random.float())).collect()
        };
        let (left, right, mut square) = (rows(pairs), rows(pairs), rows(regions));
        (kernel.add_outer)(RowPairs { left: &left, right: &right, columns }, &mut square);
        square.into_flattened().into_iter().map(f32::to_bits).collect::<Vec<_>>()
    };
    for (name, kernel) in usable() {
        for regions in [1, 3, 15, 16, 17, 94, 100, 128] {
            for pairs in [1, 2, 7, ROWS] {
                let expected = sums(&Kernel::PORTABLE, regions, pairs);
                assert_eq!(sums(kernel, regions, pairs), expected, "{name}, {regions} regions, {pairs} pairs");
            }
        }
    }
}
