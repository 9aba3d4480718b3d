//! The session of the link: its handshake, and the packets that it carries in order.

use neural_vault_core::wire::{
    CHUNK, Fault, Hello, PROLOGUE, Refusal, SLOTS, TABLE, VERSION, Welcome, capability, read,
};
use neural_vault_session::{Pattern, StaticKey, respond};
use zeroize::Zeroizing;

use crate::board::Board;
use crate::limits::WINDOW;
use crate::machine::Machine;

/// Longest encoding of a [`Welcome`].
const WELCOME: usize = 3 + 10 + 5 + 3 + 1 + 1;

impl<B: Board> Machine<'_, B> {
    /// Answers the host's part of a handshake, which opens a session in place of any other.
    ///
    /// Writes Noise's second message to `out`; returns its length. What an earlier session began, a scan or an enrolment,
    /// is dropped.
    ///
    /// # Errors
    /// Another version, a message that does not fit the token's key, or no randomness. An open session goes on.
    #[inline(never)]
    pub(crate) fn handshake(&mut self, payload: &[u8], out: &mut [u8]) -> Result<usize, Refusal> {
        if Hello::version_of(payload)? != VERSION {
            return Err(Fault::VersionMismatch.with(u32::from(VERSION)));
        }
        let hello: Hello<'_> = read(payload)?;
        self.draw_static_key()?;
        let mut ephemeral = Zeroizing::new([0; 32]);
        self.draw(&mut *ephemeral)?;
        let mut welcome = [0; WELCOME];
        let welcome = postcard::to_slice(&self.welcome(), &mut welcome).map_err(|_| Fault::HandshakeFailed)?;
        let pattern = if hello.pinned { Pattern::Nk } else { Pattern::Nx };
        let answered = respond(self.static_key()?, &ephemeral, pattern, PROLOGUE, hello.message, welcome, out);
        let (length, session) = answered.map_err(|_| Fault::HandshakeFailed)?;
        self.scanner.clear();
        self.keys.session = Some(session);
        if B::SHOWS_FINGERPRINT && !hello.pinned {
            let fingerprint = self.static_key()?.public().fingerprint();
            self.board.show_fingerprint(&fingerprint);
        }
        Ok(length)
    }

    /// Opens a request in place, if it was sealed in this session for this place.
    ///
    /// # Errors
    /// There is no session, or the bytes are not its next request; nothing has changed then.
    pub(crate) fn opened<'p>(&mut self, number: u32, payload: &'p mut [u8]) -> Result<&'p [u8], Refusal> {
        let session = self.keys.session.as_mut().ok_or(Fault::HandshakeNeeded)?;
        let next = session.opened();
        let refusal = Fault::NotInSession.with(next);
        if number != next {
            return Err(refusal);
        }
        Ok(session.open(payload).map_err(|_| refusal)?)
    }

    /// Seals an answer of `length` bytes in place; returns its new length.
    ///
    /// Never inlined, so that the list of panics names this function.
    #[inline(never)]
    pub(crate) fn sealed(&mut self, packet: &mut [u8], length: usize) -> usize {
        let sealed = self.keys.session.as_mut().and_then(|session| session.seal(packet, length).ok());
        if self.ends_session {
            self.ends_session = false;
            self.keys.session = None;
        }
        #[expect(
            clippy::expect_used,
            reason = "the request was opened in this session, and the buffer has room for the seal"
        )]
        sealed.expect("an answer can be sealed")
    }

    /// Draws a static key for a token that has none on its flash and none in memory.
    fn draw_static_key(&mut self) -> Result<(), Refusal> {
        if self.identity().is_err() && self.keys.unprovisioned.is_none() {
            let mut bytes = Zeroizing::new([0; 32]);
            self.draw(&mut *bytes)?;
            self.keys.unprovisioned = Some(StaticKey::from_bytes(&bytes));
        }
        Ok(())
    }

    /// The token's static key.
    pub(crate) fn static_key(&self) -> Result<&StaticKey, Fault> {
        match self.identity() {
            Ok(identity) => Ok(&identity.static_key),
            Err(_) => self.keys.unprovisioned.as_ref().ok_or(Fault::HandshakeNeeded),
        }
    }

    fn welcome(&mut self) -> Welcome {
        let bit = |has: bool, bit| if has { bit } else { 0 };
        let capabilities = bit(self.board.footprint().is_some(), capability::MEASURE)
            | bit(self.board.generation().is_some(), capability::ROLLBACK_COUNTER)
            | bit(B::CONFIRMS, capability::CONFIRMATION)
            | bit(B::SHOWS_FINGERPRINT, capability::FINGERPRINT);
        Welcome {
            version: VERSION,
            table: TABLE,
            capabilities,
            chunk: CHUNK as u16,
            slots: SLOTS as u8,
            window: WINDOW as u8,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_welcome_has_its_length() {
        let longest = Welcome {
            version: u16::MAX,
            table: u64::MAX,
            capabilities: u32::MAX,
            chunk: u16::MAX,
            slots: u8::MAX,
            window: u8::MAX,
        };
        assert_eq!(postcard::to_slice(&longest, &mut [0; 64]).unwrap().len(), WELCOME);
    }
}
