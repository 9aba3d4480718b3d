#![doc = include_str!("../README.md")]

mod secrets;
mod vectors;

pub use vectors::{vector, vector_path};

#[doc(hidden)]
pub use static_assertions;
