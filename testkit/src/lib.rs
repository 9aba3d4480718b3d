//! What the tests of several packages share: test vectors, and a check of types for secrets.
//!
//! It depends on nothing of the project, so that every package can use it in its tests.

mod secrets;
mod vectors;

pub use vectors::{vector, vector_path};

#[doc(hidden)]
pub use static_assertions;
