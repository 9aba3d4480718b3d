#![doc = include_str!("../README.md")]

pub mod dead_stack;
mod secrets;
mod vectors;

pub use vectors::{vector, vector_path};

#[doc(hidden)]
pub use static_assertions;
