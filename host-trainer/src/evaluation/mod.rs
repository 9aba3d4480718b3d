//! How well scans are told apart.

pub mod metrics;
pub mod results;
pub mod trials;
pub mod verification;
