//! The sizes that define a model, and their limits.

use core::error::Error;
use core::fmt;

/// Sizes of a model: a Transformer, or without layers a linear map ([`Dims::linear`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dims {
    /// Values in a frame, 1 to 2^20.
    pub features: usize,
    /// Width of the Transformer, a multiple of 16 up to 512.
    pub d_model: usize,
    /// Attention heads; they divide `d_model` into at most 64 components a head.
    pub heads: usize,
    /// Encoder layers, 1 to 16; 0 makes the model linear.
    pub layers: usize,
    /// Width of the feed-forward block, a multiple of 16 up to 4096.
    pub feed_forward: usize,
    /// Components of an embedding, a multiple of 16 up to 512.
    pub latent: usize,
    /// Rows of the position table, the longest window, 1 to 512.
    pub positions: usize,
}

/// A size outside its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DimsError {
    /// Field of [`Dims`].
    pub field: &'static str,
    /// Its value.
    pub value: usize,
    /// What it must be.
    pub rule: &'static str,
}

impl fmt::Display for DimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}, must be {}", self.field, self.value, self.rule)
    }
}

impl Error for DimsError {}

impl Dims {
    /// Sizes of a linear model: frames are projected, averaged over the window and scaled to unit length.
    ///
    /// It has no position table, as no order enters a mean; `positions` is its longest window.
    pub const fn linear(features: usize, latent: usize, positions: usize) -> Self {
        Self { features, d_model: latent, heads: 0, layers: 0, feed_forward: 0, latent, positions }
    }

    /// Whether the model is linear.
    pub const fn is_linear(&self) -> bool {
        self.layers == 0
    }

    /// Checks every size against its limits.
    ///
    /// # Errors
    /// The first size outside its limits.
    // Inlined, so that a caller that ignores the error links none of its text.
    #[inline(always)]
    pub fn validate(&self) -> Result<(), DimsError> {
        let rule = |holds: bool, field, value, rule| {
            if holds { Ok(()) } else { Err(DimsError { field, value, rule }) }
        };
        let vector = |value: usize, max: usize| value > 0 && value <= max && value.is_multiple_of(16);
        rule((1..=1 << 20).contains(&self.features), "features", self.features, "1 to 1048576")?;
        rule(vector(self.d_model, 512), "d_model", self.d_model, "a multiple of 16 up to 512")?;
        rule((1..=512).contains(&self.positions), "positions", self.positions, "1 to 512")?;
        if self.is_linear() {
            rule(self.heads == 0, "heads", self.heads, "0 without layers")?;
            rule(self.feed_forward == 0, "feed_forward", self.feed_forward, "0 without layers")?;
            return rule(self.latent == self.d_model, "latent", self.latent, "d_model without layers");
        }
        rule(
            self.heads > 0 && self.d_model.is_multiple_of(self.heads) && self.head_dim() <= 64,
            "heads",
            self.heads,
            "a divisor of d_model that leaves at most 64 components a head",
        )?;
        rule(self.layers <= 16, "layers", self.layers, "0 to 16")?;
        rule(vector(self.feed_forward, 4096), "feed_forward", self.feed_forward, "a multiple of 16 up to 4096")?;
        rule(vector(self.latent, 512), "latent", self.latent, "a multiple of 16 up to 512")
    }

    /// Components of one attention head; a linear model has none.
    pub(super) const fn head_dim(&self) -> usize {
        self.d_model / self.heads
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: Dims =
        Dims { features: 20_484, d_model: 128, heads: 8, layers: 2, feed_forward: 512, latent: 128, positions: 512 };

    #[test]
    fn accepts_the_reference_and_both_limits() {
        let smallest =
            Dims { features: 1, d_model: 16, heads: 16, layers: 1, feed_forward: 16, latent: 16, positions: 1 };
        let largest = Dims {
            features: 1 << 20,
            d_model: 512,
            heads: 8,
            layers: 16,
            feed_forward: 4096,
            latent: 512,
            positions: 512,
        };
        for dims in [SOUND, smallest, largest, Dims::linear(20_484, 128, 512), Dims::linear(1, 16, 1)] {
            assert_eq!(dims.validate(), Ok(()));
        }
    }

    #[test]
    fn names_the_size_outside_its_limits() {
        let broken = [
            ("features", Dims { features: 0, ..SOUND }),
            ("features", Dims { features: (1 << 20) + 1, ..SOUND }),
            ("d_model", Dims { d_model: 0, ..SOUND }),
            ("d_model", Dims { d_model: 120, ..SOUND }),
            ("d_model", Dims { d_model: 528, ..SOUND }),
            ("heads", Dims { heads: 0, ..SOUND }),
            ("heads", Dims { heads: 3, ..SOUND }),
            ("heads", Dims { heads: 1, ..SOUND }),
            ("heads", Dims { layers: 0, ..SOUND }),
            ("feed_forward", Dims { feed_forward: 16, ..Dims::linear(3, 16, 1) }),
            ("latent", Dims { latent: 32, ..Dims::linear(3, 16, 1) }),
            ("layers", Dims { layers: 17, ..SOUND }),
            ("feed_forward", Dims { feed_forward: 4112, ..SOUND }),
            ("feed_forward", Dims { feed_forward: 8, ..SOUND }),
            ("latent", Dims { latent: 0, ..SOUND }),
            ("latent", Dims { latent: 528, ..SOUND }),
            ("positions", Dims { positions: 0, ..SOUND }),
            ("positions", Dims { positions: 513, ..SOUND }),
        ];
        for (field, dims) in broken {
            assert_eq!(dims.validate().map_err(|error| error.field), Err(field));
        }
    }
}
