//! What all boards share: registers, memory in use, and a panic that clears memory and resets.
//!
//! A board that depends on this package has its panic handler and its handler of processor faults. Both clear the RAM
//! between the linker's symbols `_ram_start` and `_ram_end`: all memory that can hold a secret must lie there.

#![no_std]

pub mod flash;
#[cfg(feature = "runtime")]
pub mod footprint;
#[cfg(feature = "runtime")]
mod panic;
mod register;

pub use register::Register;
