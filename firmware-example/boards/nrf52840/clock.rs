//! The chip's clocks, and the time since the start.

use nrf_pac::clock::vals::Lfclksrc;
use nrf_pac::{CLOCK, RTC0};

/// RTC0, which counts 32,768 ticks a second.
pub struct Clock {
    /// Its 24-bit counter at the last reading, and the ticks that its earlier wraps add up to.
    latest: u32,
    wraps: u64,
}

impl Clock {
    /// Starts the crystal of the high-frequency clock, the low-frequency clock, and RTC0 on it.
    ///
    /// The internal oscillator is off by up to 8 %, too far for a UART; the crystal is not (chapter CLOCK). The QSPI reads
    /// wrongly while the source changes (anomaly 244), so the crystal runs before it is opened, and for ever.
    pub fn start() -> Self {
        CLOCK.events_hfclkstarted().write_value(0);
        CLOCK.tasks_hfclkstart().write_value(1);
        while CLOCK.events_hfclkstarted().read() == 0 {}
        CLOCK.lfclksrc().write(|source| source.set_src(Lfclksrc::Rc));
        CLOCK.events_lfclkstarted().write_value(0);
        CLOCK.tasks_lfclkstart().write_value(1);
        while CLOCK.events_lfclkstarted().read() == 0 {}
        RTC0.tasks_start().write_value(1);
        Self { latest: 0, wraps: 0 }
    }

    /// Milliseconds since the start. The counter wraps every 512 seconds, and this must be called between.
    pub fn milliseconds(&mut self) -> u64 {
        let now = RTC0.counter().read().counter();
        if now < self.latest {
            self.wraps += 1 << 24;
        }
        self.latest = now;
        (self.wraps | u64::from(now)) * 1000 / 32_768
    }
}
