//! Memory-mapped registers: boards access them through this type only.

use core::ptr::{read_volatile, write_volatile};

/// A 32-bit register at a fixed address.
#[derive(Debug)]
pub struct Register(u32);

impl Register {
    /// The register at `address`.
    ///
    /// # Safety
    /// `address` is a register of this processor, and no access to it breaks what Rust relies on.
    pub const unsafe fn at(address: u32) -> Self {
        Self(address)
    }

    /// Reads the register.
    pub fn read(&self) -> u32 {
        // SAFETY: the caller of `at` guarantees the address.
        unsafe { read_volatile(self.0 as *const u32) }
    }

    /// Writes the register.
    pub fn write(&self, value: u32) {
        // SAFETY: the caller of `at` guarantees the address.
        unsafe { write_volatile(self.0 as *mut u32, value) }
    }
}
