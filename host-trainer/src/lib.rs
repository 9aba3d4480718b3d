//! Trains, exports, enrols and verifies Neural Vault models on a host.
#![forbid(unsafe_code)]

pub mod cli;
pub mod dataset;
pub mod embedding;
pub mod engine;
pub mod enrolment;
pub mod evaluation;
pub mod files;
pub mod front_end;
pub mod graph;
mod hex;
pub mod model;
pub mod report;
pub mod token;
pub mod training;
