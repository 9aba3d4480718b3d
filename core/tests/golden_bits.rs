//! The numeric contract, pinned: a change of any rounding or order anywhere shows here.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "std")]

#[allow(dead_code)]
#[path = "../examples/embedding_hash.rs"]
mod example;

#[test]
fn embeddings_of_single_frames_keep_their_bits() {
    let pinned = "f5493743192b01e37cc22bc034e362b2449039d0a57417efa7d0396c88e08ebc";
    assert_eq!(example::embedding_hash(&example::model::FULL_WIDTH, 1).unwrap(), pinned);
}

#[test]
fn embeddings_of_windows_keep_their_bits() {
    let pinned = "5830dd78c694aeee6f32694ccad84e4023e8b4cf0b12e6cd989c7e4da7c3abbe";
    assert_eq!(example::embedding_hash(&example::model::FULL_WIDTH, 3).unwrap(), pinned);
}

#[test]
fn embeddings_of_a_linear_model_keep_their_bits() {
    for (window, pinned) in [
        (1, "59ae68275397a0e3c27025e10bfcf090d443d34a0aa4f3fd0c9eb1c7250bf1cd"),
        (3, "7b1eb6ac18629a5893eac8e8a4fbe214065ba18422be4d8b915daf68671d54f6"),
    ] {
        assert_eq!(example::embedding_hash(&example::model::LINEAR, window).unwrap(), pinned);
    }
}
