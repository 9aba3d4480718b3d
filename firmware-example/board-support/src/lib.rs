//! What all boards share: registers, bounds of a flash, memory in use, and the panic handler.
//!
//! The feature `runtime` brings the panic handler and the handler of processor faults into the image. Both clear the RAM
//! between the linker's symbols `_ram_start` and `_ram_end`, where all memory that can hold a secret must lie, and reset
//! the processor. Every start clears the same RAM, because a watchdog or a short dip of the supply resets without them.
//!
//! A board's `memory.x` puts the stack below everything else, at the very start of the RAM: a stack that overflows leaves
//! the RAM instead of growing into static memory, and `guard` makes that a fault.

#![no_std]

pub mod flash;
#[cfg(feature = "runtime")]
pub mod footprint;
#[cfg(feature = "runtime")]
pub mod guard;
#[cfg(feature = "runtime")]
mod panic;
mod register;

#[cfg(feature = "runtime")]
pub use panic::clear_and_reset;
pub use register::Register;
