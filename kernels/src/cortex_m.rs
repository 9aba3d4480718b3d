//! int8 weights by the dual multiply-add of Cortex-M4, M7 and M33 (the DSP extension of Armv7E-M and Armv8-M).
//!
//! SMLAD multiplies two pairs of int16 and adds both products; SXTB16 makes such a pair of every other byte of a word.
//! Compilers form neither by themselves. Two quads of inputs stay in registers while all outputs pass.

use core::arch::asm;

use neural_vault_core::encoder::{Kernel, LANES, QUAD, STEP};

/// For the processors that this module is compiled for.
pub(super) const KERNEL: Kernel = Kernel { i8: accumulate, i8i16: accumulate, ..Kernel::PORTABLE };

/// A quad of codes as pairs: first and third, second and fourth.
#[derive(Clone, Copy)]
struct Pairs(u32, u32);

impl Pairs {
    fn of([a, b, c, d]: [i16; QUAD]) -> Self {
        let pair = |low: i16, high: i16| u32::from(low as u16) | u32::from(high as u16) << 16;
        Self(pair(a, c), pair(b, d))
    }

    /// `sum` and the products of the quad with four weights.
    #[inline(always)]
    #[allow(unsafe_code)]
    fn add(self, weights: [i8; QUAD], mut sum: i32) -> i32 {
        let weights = u32::from_le_bytes(weights.map(|weight| weight as u8));
        // SAFETY: arithmetic on registers, of instructions that this module is compiled for.
        unsafe {
            asm!(
                "sxtb16 {even}, {weights}",
                "sxtb16 {weights}, {weights}, ror #8",
                "smlad {sum}, {even}, {first}, {sum}",
                "smlad {sum}, {weights}, {second}, {sum}",
                weights = inout(reg) weights => _,
                first = in(reg) self.0,
                second = in(reg) self.1,
                even = out(reg) _,
                sum = inout(reg) sum,
                options(pure, nomem, nostack),
            );
        }
        sum
    }
}

#[inline(always)]
fn add_two(first: Pairs, second: Pairs, row: &[[i8; QUAD]; 2], next: &[[i8; QUAD]; 2], sums: &mut [i32; 2]) {
    for (sum, (row, next)) in sums.iter_mut().zip(row.iter().zip(next)) {
        *sum = second.add(*next, first.add(*row, *sum));
    }
}

/// As [`neural_vault_core::encoder::AccumulateCodes`] says, whatever the codes.
fn accumulate(inputs: &[[i16; STEP]], weights: &[[[i8; QUAD]; LANES]], width: usize, sums: &mut [[i32; LANES]]) {
    let width = width.max(1);
    for (inputs, sums) in inputs.iter().zip(sums.chunks_exact_mut(width)) {
        let (quads, _) = inputs.as_chunks::<QUAD>();
        for (quads, rows) in quads.chunks(2).zip(weights.chunks((2 * width).max(1))) {
            let sums = sums.as_flattened_mut();
            match (quads, rows.split_at_checked(width)) {
                (&[first, second], Some((row, next))) if next.len() == width => {
                    let (first, second) = (Pairs::of(first), Pairs::of(second));
                    // Two at once, so that counting them costs little.
                    let (sums, row, next) = (sums.as_chunks_mut().0, row.as_flattened(), next.as_flattened());
                    for ((sums, row), next) in sums.iter_mut().zip(row.as_chunks().0).zip(next.as_chunks().0) {
                        add_two(first, second, row, next, sums);
                    }
                }
                (&[first, ..], Some((row, _))) => {
                    let first = Pairs::of(first);
                    for (sum, weights) in sums.iter_mut().zip(row.as_flattened()) {
                        *sum = first.add(*weights, *sum);
                    }
                }
                _ => return,
            }
        }
    }
}
