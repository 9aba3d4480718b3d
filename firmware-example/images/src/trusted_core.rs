//! The trusted core and nothing else: a size image.

#![no_std]
#![no_main]
#![expect(clippy::empty_loop, reason = "anything else would count as code of the image")]

mod calls;

use cortex_m_rt::entry;

#[entry]
fn main() -> ! {
    calls::trusted_core();
    loop {}
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
