//! The kit's button, lamps, and the levels of the pins of the link and the QSPI flash.

use nrf_pac::P0;
use nrf_pac::gpio::vals::{Dir, Drive, Input, Pull};

/// Pins of port 0 (PCA10056 hardware guide): button 1 and the lamps pull to ground.
const BUTTON: usize = 11;
const LAMPS: [usize; 4] = [13, 14, 15, 16];

/// The link.
pub const RECEIVE: u8 = 8;
pub const TRANSMIT: u8 = 6;

/// The QSPI flash: clock, chip select, four data lines.
pub const QSPI_CLOCK: u8 = 19;
pub const QSPI_SELECT: u8 = 17;
pub const QSPI_DATA: [u8; 4] = [20, 21, 22, 23];

/// Configures all of them.
pub fn configure() {
    input(BUTTON);
    // With nothing connected, a line without a pull-up would float and receive noise.
    input(usize::from(RECEIVE));
    // A UART pin is configured as the peripheral will drive it, so that the line keeps its level (chapter UART, table GPIO
    // configuration): transmit high.
    output(usize::from(TRANSMIT), Drive::S0s1);
    for lamp in LAMPS {
        output(lamp, Drive::S0s1);
    }
    // High drive, as chapter QSPI asks for ("Pin configuration").
    for pin in [QSPI_CLOCK, QSPI_SELECT].into_iter().chain(QSPI_DATA) {
        output(usize::from(pin), Drive::H0h1);
    }
}

/// Whether button 1 is pressed.
pub fn button() -> bool {
    !P0.in_().read().pin(BUTTON)
}

/// Lights these lamps, and no others.
pub fn light(lamps: &[usize]) {
    for (index, pin) in LAMPS.into_iter().enumerate() {
        if lamps.contains(&index) {
            P0.outclr().write(|out| out.set_pin(pin, true));
        } else {
            P0.outset().write(|out| out.set_pin(pin, true));
        }
    }
}

/// An input with pull-up.
fn input(pin: usize) {
    P0.pin_cnf(pin).write(|config| {
        config.set_dir(Dir::Input);
        config.set_input(Input::Connect);
        config.set_pull(Pull::Pullup);
    });
}

/// An output that is high at first.
fn output(pin: usize, drive: Drive) {
    P0.outset().write(|out| out.set_pin(pin, true));
    P0.pin_cnf(pin).write(|config| {
        config.set_dir(Dir::Output);
        config.set_input(Input::Disconnect);
        config.set_drive(drive);
    });
}
