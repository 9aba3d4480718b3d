//! How much memory is in use: static memory by the linker's symbols, stack by the paint left on it.

use core::ptr::read_volatile;

use cortex_m_rt::STACK_PAINT_VALUE;

unsafe extern "C" {
    static _stack_start: u32;
    static _stack_end: u32;
}

/// Bytes of static memory, for a RAM that starts at `ram`.
pub fn memory(ram: u32) -> u32 {
    (&raw const _stack_end as u32).wrapping_sub(ram)
}

/// Most bytes of stack that were ever in use.
pub fn used() -> u32 {
    let (mut low, top) = (&raw const _stack_end, &raw const _stack_start);
    // SAFETY: both symbols bound the stack, which is readable memory of whole words; `low` stays below `top`.
    while low < top && unsafe { read_volatile(low) } == STACK_PAINT_VALUE {
        low = low.wrapping_add(1);
    }
    (top as u32).wrapping_sub(low as u32)
}
