//! The link: UART0 at 115,200 baud, eight bits, no parity, one stop bit, no flow control (chapter UART).

use nrf_pac::UART0;
use nrf_pac::shared::regs::Psel;
use nrf_pac::shared::vals::Connect;
use nrf_pac::uart::vals::{Baudrate, Enable};

use crate::pins;

/// Starts receiver and transmitter.
pub fn start() {
    UART0.psel().txd().write_value(port0(pins::TRANSMIT));
    UART0.psel().rxd().write_value(port0(pins::RECEIVE));
    UART0.baudrate().write(|rate| rate.set_baudrate(Baudrate::Baud115200));
    UART0.enable().write(|enable| enable.set_enable(Enable::Enabled));
    UART0.tasks_startrx().write_value(1);
    UART0.tasks_starttx().write_value(1);
}

/// The next received byte. The FIFO holds six, half a millisecond of the link.
pub fn receive() -> Option<u8> {
    if UART0.events_rxdrdy().read() == 0 {
        return None;
    }
    // Cleared before the byte is taken: another one that waits behind it sets it again.
    UART0.events_rxdrdy().write_value(0);
    Some(UART0.rxd().read().rxd())
}

/// Sends a byte, and waits until it is out.
pub fn send(byte: u8) {
    UART0.events_txdrdy().write_value(0);
    UART0.txd().write(|data| data.set_txd(byte));
    while UART0.events_txdrdy().read() == 0 {}
}

/// A pin of port 0, for a peripheral.
pub fn port0(pin: u8) -> Psel {
    let mut select = Psel(0);
    select.set_pin(pin);
    select.set_port(false);
    select.set_connect(Connect::Connected);
    select
}
