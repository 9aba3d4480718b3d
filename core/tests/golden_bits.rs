//! The numeric contract, pinned: a change of any rounding or order anywhere shows here.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "std")]

#[allow(dead_code)]
#[path = "../examples/embedding_hash.rs"]
mod example;

#[test]
fn embeddings_of_single_frames_keep_their_bits() {
    let pinned = "f5493743192b01e37cc22bc034e362b2449039d0a57417efa7d0396c88e08ebc";
    assert_eq!(example::embedding_hash(1).unwrap(), pinned);
}

#[test]
fn embeddings_of_windows_keep_their_bits() {
    let pinned = "5830dd78c694aeee6f32694ccad84e4023e8b4cf0b12e6cd989c7e4da7c3abbe";
    assert_eq!(example::embedding_hash(3).unwrap(), pinned);
}
