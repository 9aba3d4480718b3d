//! Memory-mapped registers, the one place where a board touches them.

use core::ptr::{read_volatile, write_volatile};

/// A 32-bit register at a fixed address.
pub struct Register(u32);

impl Register {
    /// The register at `address`.
    ///
    /// # Safety
    /// `address` is a register of this processor, and no access to it breaks what Rust relies on.
    pub const unsafe fn at(address: u32) -> Self {
        Self(address)
    }

    pub fn read(&self) -> u32 {
        // SAFETY: `at` vouches for the address.
        unsafe { read_volatile(self.0 as *const u32) }
    }

    pub fn write(&self, value: u32) {
        // SAFETY: `at` vouches for the address.
        unsafe { write_volatile(self.0 as *mut u32, value) }
    }
}
