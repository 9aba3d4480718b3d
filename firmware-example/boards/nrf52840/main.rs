#![no_std]
#![no_main]
use cortex_m_rt as _;
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
