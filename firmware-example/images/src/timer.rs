//! Counts instructions by a timer of QEMU's machine; with `-icount shift=0` a tick is 40 instructions.

use neural_vault_board_support::Register;

/// Instructions in a tick of the timer.
const INSTRUCTIONS: u32 = 40;

// SAFETY: registers of CMSDK timer 0 of AN386 (ARM DAI0386, 3.1); they move no memory.
const CONTROL: Register = unsafe { Register::at(0x4000_0000) };
// SAFETY: as above.
const VALUE: Register = unsafe { Register::at(0x4000_0004) };
// SAFETY: as above.
const RELOAD: Register = unsafe { Register::at(0x4000_0008) };

/// Starts the timer.
pub fn start() {
    RELOAD.write(u32::MAX);
    VALUE.write(u32::MAX);
    CONTROL.write(1);
}

/// Runs `work`; returns the instructions that it took.
pub fn instructions(work: &mut dyn FnMut()) -> u32 {
    // The timer counts down.
    let begun = !VALUE.read();
    work();
    (!VALUE.read()).wrapping_sub(begun) * INSTRUCTIONS
}
