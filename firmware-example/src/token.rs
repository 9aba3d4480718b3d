//! A token: bytes in, bytes out.

use neural_vault_core::key::CLEARED_STACK;
use zeroize::zeroize_stack;

use crate::board::Board;
use crate::link::Link;
use crate::machine::Machine;
use crate::memory::Memory;

/// A token on its board.
pub struct Token<'m, B> {
    link: &'m mut Link,
    machine: Machine<'m, B>,
}

impl<'m, B: Board> Token<'m, B> {
    /// Starts a token: opens the model and reads the records.
    ///
    /// `model` is the memory that holds the model's bundle at its start. It may be longer than the bundle, or hold none.
    pub fn start(board: B, model: &'m [u8], memory: &'m mut Memory) -> Self {
        let Memory { link, scans, vault, buffer, keys } = memory;
        let machine = Machine::start_up(board, model, scans, vault, buffer, keys);
        zeroize_stack::<CLEARED_STACK>();
        Self { link, machine }
    }

    /// Takes a byte from the host; returns the bytes to send back when it ends a frame.
    pub fn receive(&mut self, byte: u8) -> Option<&[u8]> {
        self.link.push(byte, &mut self.machine)
    }

    /// Serves the board's link for ever.
    pub fn run(mut self) -> ! {
        // `begun` is when the current frame began, moved forward by the time spent waiting for its bytes; `clock` is when the
        // last byte or wait ended.
        let mut begun = self.machine.ticks();
        let mut clock = begun;
        loop {
            self.machine.board.feed_watchdog();
            if let Some(byte) = self.machine.board.receive() {
                if let Some(answer) = self.link.push(byte, &mut self.machine) {
                    self.machine.board.send(answer);
                    let now = self.machine.ticks();
                    self.machine.stages.all += u64::from(now.wrapping_sub(begun));
                    begun = now;
                }
                clock = self.machine.ticks();
            } else {
                let now = self.machine.ticks();
                begun = begun.wrapping_add(now.wrapping_sub(clock));
                clock = now;
            }
        }
    }

    /// The board.
    pub fn board(&mut self) -> &mut B {
        &mut self.machine.board
    }
}
