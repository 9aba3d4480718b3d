//! Consent of a person at the token: one press of the button for one action.
//!
//! A press counts only if it begins and ends while its action waits for it: the button must be seen released, then pressed,
//! then released again, each for [`DEBOUNCE`] without a bounce. So a button that is held or stuck consents to nothing, a
//! press that came before the question does not answer it, and one press does not answer two questions.

use neural_vault_core::wire::Fault;

use crate::board::{Action, Board};

/// How long a person has for the whole press, in milliseconds.
const TIMEOUT: u64 = 30_000;

/// How long the button must keep its state for it to count, in milliseconds.
const DEBOUNCE: u64 = 30;

/// Asks the person at the token, and waits for the answer.
///
/// # Errors
/// Nobody pressed the button in time, or it was not released.
pub(crate) fn consent<B: Board>(board: &mut B, action: Action) -> Result<(), Fault> {
    if !B::CONFIRMS {
        return Ok(());
    }
    board.ask(Some(action));
    let answer = press(board);
    board.ask(None);
    answer
}

/// Waits for one whole press.
fn press<B: Board>(board: &mut B) -> Result<(), Fault> {
    let end = board.uptime().saturating_add(TIMEOUT);
    wait(board, false, end, Fault::ButtonStuck)?;
    wait(board, true, end, Fault::NotConfirmed)?;
    wait(board, false, end, Fault::ButtonStuck)
}

/// Waits until the button was pressed, or released, for [`DEBOUNCE`] without a break; after `end`, fails with `late`.
fn wait<B: Board>(board: &mut B, pressed: bool, end: u64, late: Fault) -> Result<(), Fault> {
    let mut latest = board.uptime();
    let mut since = latest;
    loop {
        let now = board.uptime();
        // A clock that stands still would make this wait endless: then the watchdog ends it.
        if now > latest {
            board.feed_watchdog();
            latest = now;
        }
        if board.button() != pressed {
            since = now;
        } else if now.saturating_sub(since) >= DEBOUNCE {
            return Ok(());
        }
        if now > end {
            return Err(late);
        }
    }
}
