//! Helpers that the tests, benches and examples of several packages share.
//!
//! Random models and scans are the same on every machine, so that hashes of their embeddings can be pinned.

mod aligned;
mod comparison;
mod hashes;
mod model;
mod random;
mod secrets;

pub use aligned::Aligned;
pub use comparison::{Comparison, compare};
pub use hashes::{embedding_hash, hash_of_scans};
pub use model::{CONNECTOME, FULL_WIDTH, LINEAR, LONG_FRAMES, PARCELS, SMALL, bundle, bundle_in, described_bundle};
pub use random::Random;

#[doc(hidden)]
pub use static_assertions;
