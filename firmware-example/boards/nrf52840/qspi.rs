//! The development kit's QSPI flash (MX25R6435F), opened to be read in place from 0x1200_0000.

use neural_vault_board_support::Register;

// SAFETY: QSPI, section 6.18 of the Product Specification; no transfer to or from memory is ever started.
const QSPI: fn(u32) -> Register = |offset| unsafe { Register::at(0x4002_9000 + offset) };

/// Pins of port 0 on the kit: clock, chip select, and the four data lines.
const CLOCK: u32 = 19;
const SELECT: u32 = 17;
const DATA: [u32; 4] = [20, 21, 22, 23];

/// Read by READ4IO, write by PP4IO, 24-bit addresses.
const QUAD: u32 = 4 | 3 << 3;

/// 32 MHz / (1 + 3), which the flash allows in its low-power mode.
const DIVIDER: u32 = 3 << 28;

/// Write the status register (0x01) with its quad-enable bit, after a write-enable: opcode, two bytes in all.
const ENABLE_QUAD: (u32, u32) = (0x40, 0x01 | 2 << 8 | 1 << 12 | 1 << 13 | 1 << 15);

/// Switches the flash to four data lines.
pub fn open() {
    QSPI(0x524).write(CLOCK);
    QSPI(0x528).write(SELECT);
    for (line, offset) in DATA.into_iter().zip([0x530, 0x534, 0x538, 0x53c]) {
        QSPI(offset).write(line);
    }
    QSPI(0x544).write(QUAD);
    QSPI(0x600).write(DIVIDER | 1);
    QSPI(0x500).write(1);
    QSPI(0x100).write(0);
    QSPI(0x000).write(1);
    while QSPI(0x100).read() == 0 {}
    QSPI(0x100).write(0);
    QSPI(0x638).write(ENABLE_QUAD.0);
    QSPI(0x634).write(ENABLE_QUAD.1);
    while QSPI(0x100).read() == 0 {}
}
