//! A guard below the stack, by the memory protection unit of the Cortex-M4.

use crate::Register;

// SAFETY: registers of the memory protection unit (ARMv7-M, B3.5); the region that is set here holds no memory.
const CONTROL: Register = unsafe { Register::at(0xe000_ed94) };
// SAFETY: as above.
const REGION: Register = unsafe { Register::at(0xe000_ed98) };
// SAFETY: as above.
const BASE: Register = unsafe { Register::at(0xe000_ed9c) };
// SAFETY: as above.
const ATTRIBUTES: Register = unsafe { Register::at(0xe000_eda0) };

/// The 64 MB below the RAM, in which neither board has memory: 2^26 bytes.
const GUARD: u32 = 0x1c00_0000;
const SIZE: u32 = 26;

/// Makes every access below the RAM a fault. The stack lies at the RAM's start, so it cannot overflow unnoticed, however
/// large a function's frame is: most chips fault there anyway, but an access that a chip ignores would go unnoticed.
pub fn enable() {
    REGION.write(0);
    BASE.write(GUARD);
    // No access, never executed.
    ATTRIBUTES.write(1 << 28 | (SIZE - 1) << 1 | 1);
    // Everywhere else the processor's default map applies.
    CONTROL.write(1 << 2 | 1);
    // SAFETY: barriers, after which the region is in force.
    unsafe { core::arch::asm!("dsb", "isb", options(nostack, preserves_flags)) }
}
