//! The numeric contract, pinned: a change of any rounding or order anywhere shows here.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "std")]

#[allow(dead_code)]
#[path = "../examples/embedding_hash.rs"]
mod example;

#[test]
fn embeddings_of_single_frames_keep_their_bits() {
    assert_eq!(example::embedding_hash(1).unwrap(), "");
}

#[test]
fn embeddings_of_windows_keep_their_bits() {
    assert_eq!(example::embedding_hash(3).unwrap(), "");
}
