//! Memory in use: static memory by the linker's symbols, stack by the paint that the startup code filled it with.

use core::ptr::read_volatile;

use cortex_m_rt::STACK_PAINT_VALUE;

unsafe extern "C" {
    static __sdata: u32;
    static __sheap: u32;
    static _stack_start: u32;
    static _stack_end: u32;
}

/// Bytes of static memory.
pub fn static_memory() -> u32 {
    (&raw const __sheap as u32).wrapping_sub(&raw const __sdata as u32)
}

/// Most bytes of stack ever in use.
pub fn stack() -> u32 {
    let (mut low, top) = (&raw const _stack_end, &raw const _stack_start);
    // SAFETY: both symbols bound the stack, which is readable memory of whole words; `low` stays below `top`.
    while low < top && unsafe { read_volatile(low) } == STACK_PAINT_VALUE {
        low = low.wrapping_add(1);
    }
    (top as u32).wrapping_sub(low as u32)
}
