#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod budget;
pub mod challenge;
pub mod key;
pub mod prototype;
pub mod quantise;
pub mod secret;
pub mod similarity;
#[cfg(any(test, feature = "std"))]
pub mod testing;
pub mod verify;

#[cfg(feature = "encoder")]
pub mod bundle;
#[cfg(feature = "encoder")]
pub mod encoder;
#[cfg(feature = "encoder")]
mod frame;
#[cfg(all(feature = "weights-f32", feature = "weights-int8"))]
pub mod identify;
#[cfg(feature = "encoder")]
pub mod kernel;
#[cfg(feature = "encoder")]
pub mod scan;
#[cfg(feature = "wire")]
pub mod wire;
