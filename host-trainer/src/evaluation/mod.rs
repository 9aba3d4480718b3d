//! How well scans are told apart.

pub mod compare;
pub mod metrics;
pub mod report;
pub mod results;
pub mod trials;
pub mod verification;
