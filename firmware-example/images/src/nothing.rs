//! The startup code alone, whose size is subtracted from those of the other images.

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
