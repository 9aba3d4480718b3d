#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_debug_implementations)]

#[cfg(feature = "cli")]
pub mod cli;
pub mod comparison;
pub mod connectome;
pub mod dataset;
pub mod embedding;
#[cfg(feature = "_engine")]
pub mod engine;
pub mod enrolment;
mod escape;
#[cfg(feature = "_engine")]
pub mod evaluation;
mod files;
#[cfg(feature = "_engine")]
mod front_end;
#[cfg(feature = "_engine")]
pub mod graph;
mod hex;
#[cfg(feature = "cli")]
mod intel_hex;
pub mod metrics;
pub mod model;
#[cfg(all(feature = "report", feature = "_engine"))]
pub mod report;
pub mod results;
pub mod secret;
#[cfg(feature = "token")]
pub mod token;
#[cfg(feature = "_engine")]
pub mod training;
pub mod verification;
