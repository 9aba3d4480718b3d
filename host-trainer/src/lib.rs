//! Trains, exports, enrols and verifies Neural Vault models on a host.
//!
//! Without features the library reads recordings, reads and writes models, embeds on the core's encoder, and enrols.
//!
//! | feature | what it adds |
//! |---|---|
//! | `training` | training and evaluation; by itself, recipe `linear`, which takes no engine |
//! | `onnxruntime`, `tract` | an engine, for recipes that take steps and for embedding; each adds `training` |
//! | `token` | the client of a verification token |
//! | `report` | results as a page |
//! | `cli`, on by default | the command `neural-vault`, with all of the above |
#![forbid(unsafe_code)]
#![warn(missing_debug_implementations)]

#[cfg(feature = "cli")]
pub mod cli;
pub mod dataset;
pub mod embedding;
pub mod engine;
pub mod enrolment;
pub mod evaluation;
mod files;
#[cfg(feature = "training")]
mod front_end;
pub mod graph;
mod hex;
pub mod model;
#[cfg(feature = "report")]
pub mod report;
#[cfg(feature = "token")]
pub mod token;
#[cfg(feature = "training")]
pub mod training;
