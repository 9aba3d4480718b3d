//! The startup code alone, which the other images' sizes are counted from.

#![no_std]
#![no_main]
#![expect(clippy::empty_loop, reason = "anything else would count as code of the image")]

use cortex_m_rt::entry;

#[entry]
fn main() -> ! {
    loop {}
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
