//! Trains, exports, enrols and verifies Neural Vault models on a host.
#![forbid(unsafe_code)]

pub mod dataset;
pub mod engine;
pub mod evaluation;
pub mod files;
pub mod graph;
pub mod model;
pub mod training;
