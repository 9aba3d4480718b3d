//! A generator of floats, the same on every machine.

use std::vec::Vec;

/// A linear congruential generator (Numerical Recipes) of floats in -1..1, exact in float32.
#[derive(Debug)]
pub struct Random(pub u32);

impl Random {
    /// The next float.
    pub fn float(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / 8_388_608.0 - 1.0
    }

    /// The next `count` floats, each times `scale`.
    pub fn floats(&mut self, count: usize, scale: f32) -> Vec<f32> {
        (0..count).map(|_| self.float() * scale).collect()
    }
}
