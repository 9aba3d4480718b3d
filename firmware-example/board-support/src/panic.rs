//! The panic handler: clears all memory and resets the processor.

use core::arch::asm;

use cortex_m_rt::exception;

unsafe extern "C" {
    static _ram_start: u32;
    static _ram_end: u32;
}

/// Application interrupt and reset control register of the Cortex-M4, and the word that asks for a reset.
const RESET_CONTROL: u32 = 0xe000_ed0c;
const RESET: u32 = 0x05fa << 16 | 1 << 2;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    clear_and_reset()
}

/// A fault of the processor is a mistake of the program too.
#[exception(trampoline = false)]
unsafe fn HardFault() -> ! {
    clear_and_reset()
}

/// Clears static memory and stack, and resets the processor.
fn clear_and_reset() -> ! {
    // SAFETY: the symbols bound the RAM, whole words of it. Interrupts are off, and from the first store to the reset
    // everything in use is in registers, so nothing relies on the memory that is cleared.
    unsafe {
        asm!(
            "cpsid i",
            "2: str {zero}, [{at}], #4",
            "cmp {at}, {end}",
            "blo 2b",
            "dsb",
            "str {reset}, [{control}]",
            "dsb",
            "3: b 3b",
            at = in(reg) &raw const _ram_start,
            end = in(reg) &raw const _ram_end,
            zero = in(reg) 0,
            control = in(reg) RESET_CONTROL,
            reset = in(reg) RESET,
            options(noreturn, nostack),
        )
    }
}
