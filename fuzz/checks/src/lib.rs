//! What must hold for any input: one file a target, with a function `check` that panics where it does not.
//!
//! `fuzz/targets` gives each check to libFuzzer (`cargo xtask fuzz`); the tests here give it the committed corpora. Inputs
//! that a checksum or a digest would refuse at once are made of the fuzzer's bytes by `arbitrary`.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // A panic is a finding.

pub mod archive;
pub mod bin;
pub mod bundle;
pub mod checkpoint;
pub mod csv;
mod damage;
pub mod enrolment;
pub mod gallery;
pub mod gifti;
pub mod import;
pub mod model;
pub mod nifti;
pub mod npy;
mod numbers;
pub mod parquet;
mod recordings;
pub mod session;
pub mod store;
pub mod token;
pub mod wire;

/// A target: its name, which is also its corpus's, and its check.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("archive", archive::check),
    ("bin", bin::check),
    ("bundle", bundle::check),
    ("checkpoint", checkpoint::check),
    ("csv", csv::check),
    ("enrolment", enrolment::check),
    ("gallery", gallery::check),
    ("gifti", gifti::check),
    ("import", import::check),
    ("model", model::check),
    ("nifti", nifti::check),
    ("npy", npy::check),
    ("parquet", parquet::check),
    ("session", session::check),
    ("store", store::check),
    ("token", token::check),
    ("wire", wire::check),
];
