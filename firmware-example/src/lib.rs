#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod board;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod entropy;
pub mod limits;
pub mod memory;
pub mod store;
pub mod token;

mod admin;
mod answers;
mod attempts;
mod consent;
mod dispatch;
mod flash;
mod form;
mod link;
mod log;
mod machine;
mod model;
mod policy;
mod prototypes;
mod purpose;
mod record;
mod records;
mod release;
mod scan;
mod scanner;
mod seal;
mod selftest;
mod session;
mod session_keys;
mod slot_index;
mod snapshot;
mod status;
mod vault;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod model_check;
#[cfg(test)]
mod secret_types;
