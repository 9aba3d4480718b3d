//! The chip's watchdog (chapter WDT). Once started it cannot be stopped, and its time-out resets the chip; the start after it
//! clears the RAM.

use nrf_pac::WDT;
use nrf_pac::wdt::vals::{Halt, Rr, Sleep};

/// Seconds that a token may take for one thing; hashing the largest model takes some twelve.
const TIMEOUT: u32 = 30;

/// Starts it, unless it runs since an earlier start, and begins its time.
pub fn start() {
    if !WDT.runstatus().read().runstatus() {
        WDT.config().write(|config| {
            config.set_sleep(Sleep::Run);
            config.set_halt(Halt::Pause);
        });
        WDT.crv().write_value(TIMEOUT * 32_768 - 1);
        WDT.rren().write(|registers| registers.set_rr(0, true));
        WDT.tasks_start().write_value(1);
    }
    feed();
}

/// Begins its time again.
pub fn feed() {
    WDT.rr(0).write(|reload| reload.set_rr(Rr::Reload));
}
