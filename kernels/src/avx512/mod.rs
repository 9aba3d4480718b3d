//! The inner loops by the 512-bit instructions of AVX-512, with VNNI for int8 weights.

mod fetch;
mod float;
mod inputs;
mod integer;
mod outer;

use neural_vault_core::kernel::{Kernel, LANES, QUAD, Quantiser, RawRow, RowPairs, STEP, Statistics, WeightRows};

use super::loops::{compiled, loops};

/// For processors with AVX-512 F, BW, VL and VNNI: [`super::usable`], the only access to it, checks for them.
pub(super) const KERNEL: Kernel = Kernel {
    add_f32,
    add_f16,
    add_i16,
    add_i8i16,
    add_i8,
    add_raw_i8,
    standardise,
    layer_norm,
    attend,
    add_outer,
    close_block,
    magnitude,
    quantise,
    quantise_raw,
    rescale,
};

compiled! {
    "avx512f,avx512bw,avx512vl,avx512vnni":
    add_f32(inputs: &[[f32; STEP]], weights: WeightRows<'_, f32>, sums: &mut [[f32; LANES]]) = float::add;
    add_f16(inputs: &[[f32; STEP]], weights: WeightRows<'_, u16>, sums: &mut [[f32; LANES]]) = float::add;
    add_i16(inputs: &[[f32; STEP]], weights: WeightRows<'_, i16>, sums: &mut [[f32; LANES]]) = float::add;
    add_i8i16(inputs: &[[i16; STEP]], weights: WeightRows<'_, [i8; QUAD]>, sums: &mut [[i32; LANES]])
        = integer::add_i8i16;
    add_i8(inputs: &[[i16; STEP]], weights: WeightRows<'_, [i8; QUAD]>, sums: &mut [[i32; LANES]]) = integer::add_i8;
    add_raw_i8(row: RawRow<'_>, weights: WeightRows<'_, [i8; QUAD]>, sums: &mut [[i32; LANES]]) -> usize
        = integer::add_raw_i8;
    standardise(raw: &[f32], statistics: Statistics<'_, f32>, into: &mut [f32]) = inputs::standardise;
    quantise(values: &[f32], quantiser: Quantiser, codes: &mut [i16]) = inputs::quantise;
    add_outer(pairs: RowPairs<'_>, square: &mut [[f32; LANES]]) = outer::add;
    quantise_raw(raw: &[f32], statistics: Statistics<'_, u16>, quantiser: Quantiser, codes: &mut [i16])
        = inputs::quantise_raw;
}

loops!("avx512f,avx512bw,avx512vl");
