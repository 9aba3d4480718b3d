#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod board;
pub mod memory;
pub mod store;
pub mod token;

mod admin;
pub mod attempts;
mod components;
mod link;
mod machine;
mod model;
mod record;
mod records;
mod release;
mod scan;
mod seal;
mod selftest;
mod vault;

#[cfg(test)]
mod secret_types;
