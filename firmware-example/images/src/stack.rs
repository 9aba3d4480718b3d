//! Measures the stack of a call: paints the memory below it, then counts the overwritten words.

use core::arch::asm;
use core::ptr::{read_volatile, write_volatile};

const PAINT: u32 = 0xcccc_cccc;

/// Number of painted words.
const DEPTH: usize = 4096;

/// Runs `work`; returns the bytes of stack that it used below this call.
#[inline(never)]
pub fn measure(work: &mut dyn FnMut()) -> u32 {
    let top: *mut u32;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) top, options(nomem, nostack, preserves_flags)) };
    let low = top.wrapping_sub(DEPTH);
    for word in 0..DEPTH {
        // SAFETY: memory below the stack pointer is unused, the linked layout leaves that much, and there are no
        // interrupts.
        unsafe { write_volatile(low.wrapping_add(word), PAINT) };
    }
    work();
    // SAFETY: as above.
    let left = (0..DEPTH).take_while(|word| unsafe { read_volatile(low.wrapping_add(*word)) } == PAINT).count();
    ((DEPTH - left) * size_of::<u32>()) as u32
}
