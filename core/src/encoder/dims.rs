//! The sizes that define a model, and their limits.

use core::error::Error;
use core::fmt;

/// Most regions of a connectome model, whose embedding then has 8,128 components.
pub const MAX_REGIONS: usize = 128;

/// Probe lengths for which a connectome model states the mean score of impostors.
pub const IMPOSTOR_LENGTHS: usize = 8;

/// Frames of the longest scan for which a connectome model can require that many.
const MAX_LEAST_FRAMES: usize = 1 << 16;

/// Sizes of a model: a Transformer, a linear map ([`Dims::linear`]) or a connectome ([`Dims::connectome`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dims {
    /// Values in a frame, 1 to 2^20.
    pub features: usize,
    /// Width of the Transformer, a multiple of 16 up to 512; regions of a connectome, 3 to [`MAX_REGIONS`].
    pub d_model: usize,
    /// Attention heads; they divide `d_model` into at most 64 components a head.
    pub heads: usize,
    /// Encoder layers, 1 to 16; 0 makes the model linear.
    pub layers: usize,
    /// Width of the feed-forward block, a multiple of 16 up to 4096.
    pub feed_forward: usize,
    /// Components of an embedding, a multiple of 16 up to 512; of a connectome, pairs of regions.
    pub latent: usize,
    /// Rows of the position table, the longest window, 1 to 512; 0 makes the model a connectome.
    pub positions: usize,
}

/// What a model computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelKind {
    /// A Transformer over the frames of a window.
    Transformer,
    /// A linear map of the mean frame of a window.
    Linear,
    /// How the regions of a scan covary.
    Connectome,
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

    /// Sizes of a connectome model of frames of `features` values, each of which belongs to one of `regions` or to none.
    ///
    /// With as many features as regions, each feature is a region. An embedding has a component for each pair of regions.
    pub const fn connectome(features: usize, regions: usize) -> Self {
        let latent = pairs(regions);
        Self { features, d_model: regions, heads: 0, layers: 0, feed_forward: 0, latent, positions: 0 }
    }

    /// What a model of these sizes computes.
    pub const fn kind(&self) -> ModelKind {
        match (self.layers, self.positions) {
            (0, 0) => ModelKind::Connectome,
            (0, _) => ModelKind::Linear,
            _ => ModelKind::Transformer,
        }
    }

    /// Whether the model is linear.
    pub const fn is_linear(&self) -> bool {
        matches!(self.kind(), ModelKind::Linear)
    }

    /// Whether the model is a connectome.
    pub const fn is_connectome(&self) -> bool {
        matches!(self.kind(), ModelKind::Connectome)
    }

    /// Regions of a connectome, and `None` for another model.
    pub const fn regions(&self) -> Option<usize> {
        if self.is_connectome() { Some(self.d_model) } else { None }
    }

    /// The largest window: frames that the model takes at once, or for a connectome can require of a scan.
    pub const fn max_window(&self) -> usize {
        if self.is_connectome() { MAX_LEAST_FRAMES } else { self.positions }
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
        if let Some(regions) = self.regions() {
            rule((3..=MAX_REGIONS).contains(&regions), "d_model", regions, "3 to 128 regions of a connectome")?;
            rule(self.features >= regions, "features", self.features, "at least one for each region")?;
            rule(self.heads == 0, "heads", self.heads, "0 without layers")?;
            rule(self.feed_forward == 0, "feed_forward", self.feed_forward, "0 without layers")?;
            return rule(self.latent == pairs(regions), "latent", self.latent, "the pairs of regions");
        }
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

/// Pairs of so many regions.
const fn pairs(regions: usize) -> usize {
    regions * regions.saturating_sub(1) / 2
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
        let linear = [Dims::linear(20_484, 128, 512), Dims::linear(1, 16, 1)];
        let connectomes = [Dims::connectome(3, 3), Dims::connectome(20_484, 94), Dims::connectome(128, MAX_REGIONS)];
        for dims in [SOUND, smallest, largest].into_iter().chain(linear).chain(connectomes) {
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
            ("d_model", Dims::connectome(94, 2)),
            ("d_model", Dims::connectome(129, 129)),
            ("features", Dims::connectome(93, 94)),
            ("heads", Dims { heads: 1, ..Dims::connectome(94, 94) }),
            ("feed_forward", Dims { feed_forward: 16, ..Dims::connectome(94, 94) }),
            ("latent", Dims { latent: 4370, ..Dims::connectome(94, 94) }),
        ];
        for (field, dims) in broken {
            assert_eq!(dims.validate().map_err(|error| error.field), Err(field));
        }
    }
}
