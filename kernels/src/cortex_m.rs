//! int8 weights with the dual multiply-add of Cortex-M4, M7 and M33.
//!
//! These have the DSP extension of Armv7E-M or Armv8-M.
//! SMLAD multiplies two pairs of int16 and adds both products; SXTB16 makes such a pair of every other byte of a word.
//! Compilers do not generate either. The sums of four outputs stay in registers while eight quads of inputs pass.

use core::arch::{asm, naked_asm};

use neural_vault_core::kernel::{Kernel, LANES, QUAD, STEP, WeightRows, row_width};

/// The kernel for processors with the DSP extension.
pub(super) const KERNEL: Kernel = Kernel { add_i8: add, add_i8i16: add, ..Kernel::PORTABLE };

/// Quads of a whole step.
const QUADS: usize = 8;

const _: () = assert!(QUADS * QUAD == STEP);

/// A quad of codes as pairs: first and third, second and fourth.
#[derive(Clone, Copy)]
#[repr(C)]
struct Pairs(u32, u32);

impl Pairs {
    fn new([a, b, c, d]: [i16; QUAD]) -> Self {
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

/// As [`Kernel::add_i8i16`], for int8 and int16 codes alike.
#[allow(unsafe_code)]
fn add(inputs: &[[i16; STEP]], weights: WeightRows<'_, [i8; QUAD]>, sums: &mut [[i32; LANES]]) {
    let width = row_width(inputs, QUADS, weights, sums);
    let WeightRows { columns, stride } = weights;
    for (inputs, sums) in inputs.iter().zip(sums.chunks_exact_mut(width)) {
        let mut pairs = [Pairs(0, 0); QUADS];
        for (pairs, quad) in pairs.iter_mut().zip(inputs.as_chunks().0) {
            *pairs = Pairs::new(*quad);
        }
        let sums = sums.as_flattened_mut();
        // A row of inputs may end with fewer quads.
        let whole = columns.len() >= (QUADS - 1) * stride + width;
        if whole && columns.as_ptr().cast::<u32>().is_aligned() {
            // SAFETY: there are `QUADS` rows of weights at whole words, and each has a quad for every sum. Sums come in
            // columns of `LANES`, a multiple of four, and `row_width` found at least one.
            unsafe {
                add_quads(&pairs, columns.as_ptr().cast(), stride * LANES * QUAD, sums.as_mut_ptr(), sums.len() / 4)
            };
            continue;
        }
        for (pairs, row) in pairs.iter().zip(weights.rows()) {
            for (sum, weights) in sums.iter_mut().zip(row.as_flattened()) {
                *sum = pairs.add(*weights, *sum);
            }
        }
    }
}

/// Adds to four times `fours` sums the products of [`QUADS`] quads.
///
/// In assembly because it needs every register: r3 to r6 are sums, r7 to r10 weights, r11 and r12 pairs.
///
/// # Safety
/// `weights` are [`QUADS`] rows, `stride` bytes apart, each of four times `fours` words at whole words; `fours` is not 0.
#[unsafe(naked)]
#[allow(unsafe_code)]
unsafe extern "C" fn add_quads(
    pairs: &[Pairs; QUADS],
    weights: *const u32,
    stride: usize,
    sums: *mut i32,
    fours: usize,
) {
    naked_asm!(
        // [sp] holds the address of the next sums; [sp, #40], above the ten saved registers, the remaining fours.
        "push {{r3-r11, lr}}",
        "2:",
        "ldr r12, [sp]",
        "ldm r12, {{r3-r6}}",
        ".irp pairs, 0, 8, 16, 24, 32, 40, 48, 56",
        "ldm r1, {{r7-r10}}",
        "ldrd r11, r12, [r0, #\\pairs]",
        "add r1, r2",
        "sxtb16 lr, r7",
        "smlad r3, lr, r11, r3",
        "sxtb16 r7, r7, ror #8",
        "smlad r3, r7, r12, r3",
        "sxtb16 lr, r8",
        "smlad r4, lr, r11, r4",
        "sxtb16 r8, r8, ror #8",
        "smlad r4, r8, r12, r4",
        "sxtb16 lr, r9",
        "smlad r5, lr, r11, r5",
        "sxtb16 r9, r9, ror #8",
        "smlad r5, r9, r12, r5",
        "sxtb16 lr, r10",
        "smlad r6, lr, r11, r6",
        "sxtb16 r10, r10, ror #8",
        "smlad r6, r10, r12, r6",
        ".endr",
        "ldr r12, [sp]",
        "stm r12!, {{r3-r6}}",
        "str r12, [sp]",
        // Back to the first row, four words on.
        "sub r1, r1, r2, lsl #3",
        "add r1, #16",
        "ldr r12, [sp, #40]",
        "subs r12, #1",
        "str r12, [sp, #40]",
        "bne 2b",
        "pop {{r3-r11, pc}}",
    )
}
