//! Scores of a verification system and what they are measured on.

pub mod metrics;
