//! Random models and scans for tests and measurements, the same on every machine.
//!
//! Hashes of their embeddings can be pinned. Nothing else of the crate uses this module.

mod aligned;
#[cfg(feature = "std")]
mod model;
mod random;

pub use aligned::Aligned;
#[cfg(feature = "std")]
pub use model::{CONNECTOME, FULL_WIDTH, LINEAR, LONG_FRAMES, PARCELS, SMALL, bundle, bundle_in, described_bundle};
pub use random::Random;
