//! Trains, exports, enrols and verifies Neural Vault models on a host.
#![forbid(unsafe_code)]

pub mod engine;
pub mod graph;
