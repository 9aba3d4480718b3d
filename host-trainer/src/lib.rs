//! Trains, exports, enrols and verifies Neural Vault models on a host.

pub mod dataset;
pub mod evaluation;
