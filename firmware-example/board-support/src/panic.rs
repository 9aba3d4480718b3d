//! What happens after a mistake of the program: all memory is cleared, and the processor is reset.
//!
//! The same handler serves a panic, a fault of the processor, a stack that overflows, an interrupt that no one expects and
//! the non-maskable interrupt, which some boards raise from their watchdog. It needs no stack, because after an overflow
//! there is none left.

use core::arch::naked_asm;

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

/// Clears static memory and stack, and resets the processor.
#[unsafe(naked)]
pub extern "C" fn clear_and_reset() -> ! {
    // The symbols bound the RAM, whole words of it. Interrupts are off, and everything in use is in registers, so nothing
    // relies on the memory that is cleared.
    naked_asm!(
        "cpsid i",
        "movw r0, #:lower16:{start}",
        "movt r0, #:upper16:{start}",
        "movw r1, #:lower16:{end}",
        "movt r1, #:upper16:{end}",
        "movs r2, #0",
        "2: str r2, [r0], #4",
        "cmp r0, r1",
        "blo 2b",
        "movw r0, #{control_low}",
        "movt r0, #{control_high}",
        "movw r1, #{reset_low}",
        "movt r1, #{reset_high}",
        "dsb",
        "str r1, [r0]",
        "dsb",
        "3: b 3b",
        start = sym _ram_start,
        end = sym _ram_end,
        control_low = const RESET_CONTROL & 0xffff,
        control_high = const RESET_CONTROL >> 16,
        reset_low = const RESET & 0xffff,
        reset_high = const RESET >> 16,
    )
}

/// Handlers by the names that cortex-m-rt's vector table gives them, none of which pushes anything on the stack.
macro_rules! handlers {
    ($($name:ident)*) => {
        $(#[unsafe(no_mangle)]
        #[unsafe(naked)]
        unsafe extern "C" fn $name() -> ! {
            naked_asm!("b {}", sym clear_and_reset)
        })*
    };
}

handlers!(HardFault NonMaskableInt DefaultHandler);
