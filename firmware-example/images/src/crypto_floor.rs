//! The crypto floor and nothing else, to be weighed.

#![no_std]
#![no_main]

mod floor;

use cortex_m_rt::entry;

#[entry]
fn main() -> ! {
    floor::call();
    loop {}
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
