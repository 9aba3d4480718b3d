//! The lock of the debug port, through which flash and RAM could be read (chapter "Debug and trace", access port protection).

use neural_vault_board_support::clear_and_reset;
use nrf_pac::UICR;

use crate::flash::Region;

// SAFETY: UICR.APPROTECT, a register that is written like flash.
const APPROTECT: Region = unsafe { Region::new(0x1000_1208, 4) };

/// PALL is zero, "enabled" in every revision of the chip; the other bits stay as they are.
const ENABLED: u32 = 0xffff_ff00;

/// Locks the port, unless it is locked or this image is for development. The lock takes effect with a reset, which follows.
///
/// A lock that cannot be written leaves the port open, and [`is_locked`] says so.
pub fn lock() {
    if is_locked() || cfg!(feature = "development") {
        return;
    }
    let mut register = APPROTECT;
    if register.set_word(0, ENABLED).is_ok() && is_locked() {
        clear_and_reset();
    }
}

/// Whether the port is locked. Without the register's zero, chips before revision 3 leave it open.
pub fn is_locked() -> bool {
    UICR.approtect().read().0 & 0xff == 0
}
