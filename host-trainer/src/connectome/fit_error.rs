//! Why nothing can be fitted to a background.

/// Fewest background persons.
pub const FEWEST_PERSONS: usize = 3;
/// Fewest frames of a run.
pub(super) const FEWEST_FRAMES: usize = 2;

/// Why nothing can be fitted to the background.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// There are too few persons.
    #[error("{persons} background persons: the fit needs {FEWEST_PERSONS} at least, and 8 or more are better")]
    FewPersons {
        /// Persons that there are.
        persons: usize,
    },
    /// A run is too short.
    #[error("{run} has {frames} frames: regions covary over {FEWEST_FRAMES} frames at least")]
    FewFrames {
        /// The person and the session.
        run: String,
        /// Its frames.
        frames: usize,
    },
    /// The length of a run's values is no multiple of the number of regions.
    #[error("{run} has {values} values, which are no frames of {regions} regions")]
    Shape {
        /// The person and the session.
        run: String,
        /// Its values.
        values: usize,
        /// The regions.
        regions: usize,
    },
    /// A region has one value throughout a run.
    #[error(
        "{run}: region {region} of {regions} is constant: it is missing from the scan; leave the scan or the region out"
    )]
    ConstantRegion {
        /// The person and the session.
        run: String,
        /// The region, from 1.
        region: usize,
        /// The regions.
        regions: usize,
    },
    /// A region has no finite value in a frame.
    #[error("{run}: frame {frame} has no finite value for region {region} of {regions}")]
    NotFinite {
        /// The person and the session.
        run: String,
        /// The frame, from 1.
        frame: usize,
        /// The region, from 1.
        region: usize,
        /// The regions.
        regions: usize,
    },
    /// A decomposition did not converge.
    #[error("the regions' correlations cannot be decomposed; look for extreme values in the recordings")]
    NoConvergence,
}
