//! The error function, rounded as `libm` rounds it.
//!
//! Every step is that of FreeBSD's `s_erff.c` and `e_expf.c`.
//! The coefficients are theirs, and so is this notice:
//!
//! > Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Developed at SunPro, a Sun Microsystems, Inc.
//! > business. Permission to use, copy, modify, and distribute this software is freely granted, provided that this notice
//! > is preserved.

use core::f32::consts::LOG2_E;

use crate::kernel::polynomial;

/// A quotient of polynomials: the coefficients above and below the line, lowest power first.
type Quotient = (&'static [f32], &'static [f32]);

/// erf(x) / x - 1 of x^2.
const NEAR: Quotient = (
    &[0.128_379_17, -0.325_042_1, -2.848_175e-2, -5.770_270_2e-3, -2.376_301_7e-5],
    &[1.0, 0.397_917_2, 6.502_225e-2, 5.081_306e-3, 1.324_947_4e-4, -3.960_228_2e-6],
);

/// erf(x) - [`MIDDLE_ERF`] of x - 1.
const MIDDLE: Quotient = (
    &[-2.362_118_6e-3, 0.414_856_1, -0.372_207_88, 0.318_346_62, -0.110_894_695, 3.547_830_5e-2, -2.166_375_5e-3],
    &[1.0, 0.106_420_88, 0.540_397_94, 7.182_865_6e-2, 0.126_171_22, 1.363_708_4e-2, 1.198_45e-2],
);

/// erf(1), its last bits in [`MIDDLE`].
const MIDDLE_ERF: f32 = 0.845_062_9;

/// ln((1 - erf(x)) x) + x^2 + 0.5625 of 1 / x^2, to 1 / 0.35.
const FAR: Quotient = (
    &[-9.864_944e-3, -0.693_858_56, -10.558_626, -62.375_33, -162.396_67, -184.605_09, -81.287_44, -9.814_329],
    &[1.0, 19.651_272, 137.657_76, 434.565_9, 645.387_27, 429.008_15, 108.635, 6.570_249_6, -6.042_441_4e-2],
);

/// As [`FAR`], beyond.
const FARTHEST: Quotient = (
    &[-9.864_943e-3, -0.799_283_27, -17.757_956, -160.636_38, -637.566_47, -1_025.095_1, -483.519_2],
    &[1.0, 30.338_06, 325.792_5, 1_536.729_6, 3_199.858_2, 2_553.050_3, 474.528_53, -22.440_952],
);

/// The error function; any value for NaN.
pub(super) fn erf(x: f32) -> f32 {
    let magnitude = x.abs();
    if magnitude < 0.843_75 {
        return x + x * quotient(x * x, NEAR);
    }
    let rest = if magnitude < 1.25 {
        1.0 - MIDDLE_ERF - quotient(magnitude - 1.0, MIDDLE)
    } else if magnitude < 4.0 {
        far(magnitude)
    } else {
        // 1 - erf(x) is less than half of the last bit of 1.
        0.0
    };
    (1.0 - rest).copysign(x)
}

/// 1 - erf(x) of 1.25 to 4.
fn far(x: f32) -> f32 {
    let part = if x < 2.857_142_7 { FAR } else { FARTHEST };
    let exponent = quotient(1.0 / (x * x), part);
    // The square of what is left of x has no rounding error.
    let short = f32::from_bits(x.to_bits() & 0xffff_e000);
    exp(-short * short - 0.562_5) * exp((short - x) * (short + x) + exponent) / x
}

fn quotient(x: f32, (above, below): Quotient) -> f32 {
    polynomial(x, above) / polynomial(x, below)
}

/// `e^x` of -17 to 0.5.
fn exp(x: f32) -> f32 {
    const LN2_HIGH: f32 = 0.693_145_75;
    const LN2_LOW: f32 = 1.428_606_8e-6;

    let whole = (LOG2_E * x + if x < 0.0 { -0.5 } else { 0.5 }) as i32;
    let (high, low) = (x - whole as f32 * LN2_HIGH, whole as f32 * LN2_LOW);
    let r = high - low;
    let c = r - r * r * (0.166_666_25 + r * r * -2.766_733_3e-3);
    let y = 1.0 + (r * c / (2.0 - c) - low + high);
    y * f32::from_bits(((127 + whole) << 23) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rounds_as_libm_does() {
        for bits in (0..u32::MAX).step_by(997) {
            let x = f32::from_bits(bits);
            if x.is_nan() {
                continue;
            }
            // Smaller values vanish where 1 is added, as in GELU.
            if x.abs() > 1e-6 {
                assert_eq!(erf(x).to_bits(), libm::erff(x).to_bits(), "{x:e}");
            }
            assert_eq!((1.0 + erf(x)).to_bits(), (1.0 + libm::erff(x)).to_bits(), "{x:e}");
        }
    }
}
