//! Trains, exports, enrols and verifies Neural Vault models on a host.
//!
//! Without features the library reads recordings, reads and writes models, embeds on the core's encoder, and enrols.
//!
//! | feature | what it adds |
//! |---|---|
//! | `onnxruntime`, `tract` | an engine, and with either of them ONNX files, training and evaluation |
//! | `nifti` | recordings in NIfTI-1, with a mask |
//! | `parquet` | recordings in Parquet, read and written |
//! | `token` | the client of a verification token |
//! | `report` | beside an engine, the results of an evaluation as a page |
//! | `cli`, on by default | the command `neural-vault`, with all of the above |
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
#[cfg(feature = "token")]
pub mod token;
#[cfg(feature = "_engine")]
pub mod training;
pub mod verification;
