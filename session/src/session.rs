//! An open session: messages sealed and opened in place, each with the next number.

use noise_protocol::CipherState;
use zeroize::ZeroizeOnDrop;

use crate::error::SessionError;
use crate::suite::{ChaChaPoly, TAG_LENGTH};

/// Longest message of Noise in bytes, its tag included.
pub(crate) const MAX_MESSAGE: usize = 65_535;

/// Both directions of an open session; its keys are zeroised on drop.
///
/// Each direction counts its messages, and a message opens at its own place alone: one that is altered, left out,
/// repeated or out of order is refused, and what should have come can still be opened.
pub struct Session {
    hash: [u8; 32],
    sealing: CipherState<ChaChaPoly>,
    opening: CipherState<ChaChaPoly>,
}

impl Session {
    pub(crate) fn new(hash: [u8; 32], sealing: CipherState<ChaChaPoly>, opening: CipherState<ChaChaPoly>) -> Self {
        Self { hash, sealing, opening }
    }

    /// Hash of the whole handshake: unlike for any two sessions, and known to both peers. Not secret.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// How many messages were sealed: the number of the next one, from 0.
    pub fn sealed(&self) -> u32 {
        number(&self.sealing)
    }

    /// How many messages were opened: the number of the next one, from 0.
    pub fn opened(&self) -> u32 {
        number(&self.opening)
    }

    /// Seals the first `length` bytes of `buffer` in place; returns the length with the tag, [`TAG_LENGTH`] more.
    ///
    /// # Errors
    /// `Room` when the buffer has no room for the tag, `Length` for a message over 65,519 bytes, `Exhausted`. The
    /// buffer is then as it was.
    // Never inlined, as `respond`.
    #[inline(never)]
    pub fn seal(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SessionError> {
        let sealed = length.checked_add(TAG_LENGTH).ok_or(SessionError::Length)?;
        let message = buffer.get_mut(..sealed).ok_or(SessionError::Room)?;
        check(sealed, &self.sealing)?;
        Ok(self.sealing.encrypt_in_place(message, length))
    }

    /// Opens a sealed message, the whole `buffer`, in place; returns its plain bytes.
    ///
    /// # Errors
    /// `Length` when it is shorter than a tag or too long, `Authentication`, `Exhausted`. The buffer and the number of
    /// the next message are then as they were.
    // Never inlined, as `respond`.
    #[inline(never)]
    pub fn open<'b>(&mut self, buffer: &'b mut [u8]) -> Result<&'b mut [u8], SessionError> {
        let sealed = buffer.len();
        check(sealed, &self.opening)?;
        let length = self.opening.decrypt_in_place(buffer, sealed).map_err(|()| SessionError::Authentication)?;
        buffer.get_mut(..length).ok_or(SessionError::Length)
    }
}

// Its keys are `SecretBytes`.
impl ZeroizeOnDrop for Session {}

/// The crate panics on a message shorter than a tag, and after its last number.
fn check(sealed: usize, direction: &CipherState<ChaChaPoly>) -> Result<(), SessionError> {
    match sealed {
        TAG_LENGTH..=MAX_MESSAGE if direction.get_next_n() < u64::from(u32::MAX) => Ok(()),
        TAG_LENGTH..=MAX_MESSAGE => Err(SessionError::Exhausted),
        _ => Err(SessionError::Length),
    }
}

/// Numbers end before they no longer fit a `u32`, in [`check`].
fn number(direction: &CipherState<ChaChaPoly>) -> u32 {
    u32::try_from(direction.get_next_n()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(next: u64) -> Session {
        let direction = || CipherState::new(&[7; 32], next);
        Session::new([0; 32], direction(), direction())
    }

    #[test]
    fn the_last_number_is_an_error_before_it_is_used() {
        let mut last = session(u64::from(u32::MAX) - 1);
        let mut buffer = [1; 20];
        assert_eq!(last.seal(&mut buffer, 4), Ok(20));
        assert_eq!(last.open(&mut buffer).map(|plain| plain.len()), Ok(4));
        assert_eq!((last.sealed(), last.opened()), (u32::MAX, u32::MAX));
        let before = [1; 20];
        let mut buffer = before;
        assert_eq!(last.seal(&mut buffer, 4), Err(SessionError::Exhausted));
        assert_eq!(last.open(&mut buffer), Err(SessionError::Exhausted));
        assert_eq!((last.sealed(), last.opened(), buffer), (u32::MAX, u32::MAX, before));
    }

    #[test]
    fn a_message_that_does_not_fit_is_refused_and_left_as_it_was() {
        let mut session = session(0);
        let mut buffer = [9; 20];
        for length in [5, 20, 21, usize::MAX - 16] {
            assert_eq!(session.seal(&mut buffer, length), Err(SessionError::Room), "{length}");
        }
        assert_eq!(session.seal(&mut buffer, usize::MAX), Err(SessionError::Length));
        assert_eq!(session.open(&mut buffer[..15]), Err(SessionError::Length));
        assert_eq!(session.open(&mut []), Err(SessionError::Length));
        assert_eq!((session.sealed(), session.opened(), buffer), (0, 0, [9; 20]));
    }

    #[test]
    fn a_message_has_at_most_65519_bytes() {
        let mut session = session(0);
        let mut buffer = [0; MAX_MESSAGE + 1];
        assert_eq!(session.seal(&mut buffer, MAX_MESSAGE - 15), Err(SessionError::Length));
        assert_eq!(session.open(&mut buffer), Err(SessionError::Length));
        assert_eq!(session.seal(&mut buffer, MAX_MESSAGE - 16), Ok(MAX_MESSAGE));
        assert!(session.open(&mut buffer[..MAX_MESSAGE]).is_ok());
    }
}
