//! The CMSDK watchdog of AN386. Its first time-out raises the non-maskable interrupt, whose handler clears all memory and
//! resets the processor; its second one, should that handler hang too, resets the board.

use neural_vault_board_support::Register;

/// Ticks in a second.
pub const SECOND: u32 = 25_000_000;

// SAFETY: registers of the CMSDK watchdog (ARM DDI0479, 4.5) at its address in AN386 (ARM DAI0386, 3.1); they move no
// memory.
const LOAD: Register = unsafe { Register::at(0x4000_8000) };
// SAFETY: as above.
const CONTROL: Register = unsafe { Register::at(0x4000_8008) };
// SAFETY: as above.
const CLEAR: Register = unsafe { Register::at(0x4000_800c) };
// SAFETY: as above.
const LOCK: Register = unsafe { Register::at(0x4000_8c00) };

/// The word that makes the other registers writable.
const UNLOCK: u32 = 0x1acc_e551;

/// Starts it with a time of some seconds, at most 171.
pub fn start(seconds: u32) {
    LOCK.write(UNLOCK);
    LOAD.write(seconds * SECOND);
    // Interrupt, and reset at the second time-out.
    CONTROL.write(0b11);
}

/// Starts its time again.
pub fn feed() {
    CLEAR.write(1);
}
