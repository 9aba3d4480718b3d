#![doc = include_str!("README.md")]

use std::path::{Path, PathBuf};

/// The recordings that the demo trains on: `data/haxby/haxby_slice_runs00-05.csv.gz`.
pub const HAXBY_RECORDINGS: &[u8] = include_bytes!("data/haxby/haxby_slice_runs00-05.csv.gz");

/// The path of a file of this package where its source lies, for examples and tests.
#[must_use]
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
