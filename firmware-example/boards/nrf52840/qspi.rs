//! The development kit's QSPI flash (MX25R6435F), opened to be read in place (chapter QSPI).

use nrf_pac::QSPI;
use nrf_pac::qspi::vals::{Addrmode, Length, Readoc, Spimode, Writeoc};

use crate::pins;
use crate::uart::port0;

/// Address and bytes of the flash, as it is read in place.
const MEMORY: (u32, usize) = (0x1200_0000, 8 << 20);

/// 32 MHz / (1 + 3), which the flash allows in its low-power mode (MX25R6435F data sheet).
const DIVIDER: u8 = 3;

/// Commands of the flash: read its status, write it.
const READ_STATUS: u8 = 0x05;
const WRITE_STATUS: u8 = 0x01;

/// Bits of its status: a write is in progress, and four data lines are enabled. The latter survives without power.
const WRITING: u8 = 1 << 0;
const QUAD: u8 = 1 << 6;

/// Readings of the status, some 10 microseconds each, that a write may take: its data sheet says 30 ms.
const WRITE_ROUNDS: u32 = 100_000;

/// Rounds until the peripheral has done what it was told, far more than it needs.
const READY_ROUNDS: u32 = 1_000_000;

/// Opens the flash for reading by four data lines; the memory is empty if it does not answer.
pub fn open() -> &'static [u8] {
    configure();
    if activate().and_then(|()| enable_quad()).is_none() {
        return &[];
    }
    // SAFETY: the flash is now readable memory of this length, and nothing writes to it while the token runs.
    unsafe { core::slice::from_raw_parts(MEMORY.0 as *const u8, MEMORY.1) }
}

fn configure() {
    let psel = QSPI.psel();
    psel.sck().write_value(port0(pins::QSPI_CLOCK));
    psel.csn().write_value(port0(pins::QSPI_SELECT));
    for (line, pin) in [psel.io0(), psel.io1(), psel.io2(), psel.io3()].into_iter().zip(pins::QSPI_DATA) {
        line.write_value(port0(pin));
    }
    QSPI.ifconfig0().write(|config| {
        config.set_readoc(Readoc::Read4io);
        config.set_writeoc(Writeoc::Pp4io);
        config.set_addrmode(Addrmode::_24bit);
    });
    // Changed in place: the register has reserved bits that are not zero after a reset, and must keep their values.
    QSPI.ifconfig1().modify(|config| {
        config.set_dpmen(false);
        config.set_spimode(Spimode::Mode0);
        config.set_sckfreq(DIVIDER);
    });
    QSPI.enable().write(|enable| enable.set_enable(true));
}

fn activate() -> Option<()> {
    QSPI.events_ready().write_value(0);
    QSPI.tasks_activate().write_value(1);
    ready()
}

/// Sets the flash's quad-enable bit if it is not set, once in its life: the status is worn by each write.
fn enable_quad() -> Option<()> {
    let status = idle_status()?;
    if status & QUAD != 0 {
        return Some(());
    }
    QSPI.cinstrdat0().write(|data| data.set_byte0(status | QUAD));
    instruct(WRITE_STATUS, true)?;
    (idle_status()? & QUAD != 0).then_some(())
}

/// The status once no write is in progress.
fn idle_status() -> Option<u8> {
    (0..WRITE_ROUNDS).find_map(|_| match status() {
        None => Some(None),
        Some(status) if status & WRITING == 0 => Some(Some(status)),
        Some(_) => None,
    })?
}

fn status() -> Option<u8> {
    instruct(READ_STATUS, false)?;
    Some(QSPI.cinstrdat0().read().byte0())
}

/// Sends a command with one byte of data, after a write-enable if asked for. The lines that are not data lines yet, write
/// protect and hold, stay high.
fn instruct(opcode: u8, write_enable: bool) -> Option<()> {
    QSPI.events_ready().write_value(0);
    QSPI.cinstrconf().write(|config| {
        config.set_opcode(opcode);
        config.set_length(Length::_2b);
        config.set_lio2(true);
        config.set_lio3(true);
        config.set_wren(write_enable);
    });
    ready()
}

fn ready() -> Option<()> {
    (0..READY_ROUNDS).any(|_| QSPI.events_ready().read() != 0).then_some(())
}
