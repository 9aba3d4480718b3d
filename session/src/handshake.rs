//! The handshake, one message each way: NX at first contact, NK once the token's key is pinned.
//!
//! | pattern | host sends | token answers |
//! |---|---|---|
//! | NX | its ephemeral key, 32 | ephemeral key 32, static key 32 and tag 16, payload and tag 16 |
//! | NK | its ephemeral key and a tag, 48 | ephemeral key 32, payload and tag 16 |
//!
//! In NK the host's tag already needs the token's public key: a token with another one refuses the first message.

use noise_protocol::patterns::{HandshakePattern, noise_nk, noise_nx};
use noise_protocol::{ErrorKind, HandshakeState, U8Array};
use zeroize::ZeroizeOnDrop;

use crate::error::SessionError;
use crate::keys::{PublicKey, StaticKey};
use crate::secret::SecretBytes;
use crate::session::{MAX_MESSAGE, Session};
use crate::suite::{ChaChaPoly, Sha, TAG_LENGTH, X25519};

/// Who knows what before the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// The host knows nothing of the token, which sends its public key.
    Nx,
    /// The host knows the token's public key, and no other token can answer.
    Nk,
}

/// The host's side, after its message and before the token's answer.
pub struct Initiator {
    state: State,
    pattern: Pattern,
}

/// A finished handshake, on the host.
pub struct Handshaken {
    /// The open session.
    pub session: Session,
    /// The token's public key: the pinned one, or the one that the token sent, which nobody has compared yet.
    pub token: PublicKey,
    /// Bytes of the token's payload.
    pub payload: usize,
}

type State = HandshakeState<X25519, ChaChaPoly, Sha>;

impl Pattern {
    /// Bytes of the host's message.
    pub const fn request_length(self) -> usize {
        match self {
            Self::Nx => 32,
            Self::Nk => 32 + TAG_LENGTH,
        }
    }

    /// Bytes of the token's answer beside its payload.
    pub const fn answer_overhead(self) -> usize {
        match self {
            Self::Nx => 32 + 32 + TAG_LENGTH + TAG_LENGTH,
            Self::Nk => 32 + TAG_LENGTH,
        }
    }

    fn noise(self) -> HandshakePattern {
        match self {
            Self::Nx => noise_nx(),
            Self::Nk => noise_nk(),
        }
    }
}

/// The token's side: answers a host's message into `out`; returns the answer's length and the open session.
///
/// `ephemeral` is 32 bytes from the random source, used once and cleared by the caller. `prologue` is what both sides
/// must agree on. Whoever sent the message can read the payload: a handshake does not tell the token who its host is.
///
/// # Errors
/// `Length` for a message of another length than the pattern's or a payload that is too long, `Room` when `out` is too
/// short, `WeakKey`, `Authentication`.
// Never inlined, so that copies of secrets are on the stack below the caller, who clears it.
#[inline(never)]
pub fn respond(
    static_key: &StaticKey,
    ephemeral: &[u8; 32],
    pattern: Pattern,
    prologue: &[u8],
    message: &[u8],
    payload: &[u8],
    out: &mut [u8],
) -> Result<(usize, Session), SessionError> {
    let length = payload.len().checked_add(pattern.answer_overhead()).filter(|length| *length <= MAX_MESSAGE);
    let length = length.ok_or(SessionError::Length)?;
    if message.len() != pattern.request_length() {
        return Err(SessionError::Length);
    }
    let answer = out.get_mut(..length).ok_or(SessionError::Room)?;
    let (key, ephemeral) = (SecretBytes::from_bytes(static_key.expose_secret()), SecretBytes::from_bytes(ephemeral));
    let mut state = State::new(pattern.noise(), false, prologue, Some(key), Some(ephemeral), None, None);
    state.read_message(message, &mut []).map_err(refused)?;
    state.write_message(payload, answer).map_err(refused)?;
    let (from_host, to_host) = state.get_ciphers();
    Ok((length, Session::new(hash(&state), to_host, from_host)))
}

impl Initiator {
    /// Writes the host's message into `out`; returns its length too. The pattern is NK when a key is pinned.
    ///
    /// `ephemeral` is 32 bytes from the random source, used once and cleared by the caller.
    ///
    /// # Errors
    /// `Room` when `out` is too short, `WeakKey` when the pinned key is one.
    pub fn new(
        pinned: Option<&PublicKey>,
        ephemeral: &[u8; 32],
        prologue: &[u8],
        out: &mut [u8],
    ) -> Result<(Self, usize), SessionError> {
        let pattern = if pinned.is_some() { Pattern::Nk } else { Pattern::Nx };
        let length = pattern.request_length();
        let message = out.get_mut(..length).ok_or(SessionError::Room)?;
        let (ephemeral, token) = (SecretBytes::from_bytes(ephemeral), pinned.map(|key| *key.as_bytes()));
        let mut state = State::new(pattern.noise(), true, prologue, None, Some(ephemeral), token, None);
        state.write_message(&[], message).map_err(refused)?;
        Ok((Self { state, pattern }, length))
    }

    /// Reads the token's answer, and writes its payload to the start of `payload`.
    ///
    /// # Errors
    /// `Length` for an answer too short for the pattern or too long, `Room` when `payload` is too short, `WeakKey`,
    /// `Authentication`.
    pub fn finish(mut self, answer: &[u8], payload: &mut [u8]) -> Result<Handshaken, SessionError> {
        let length = answer.len().checked_sub(self.pattern.answer_overhead()).ok_or(SessionError::Length)?;
        if answer.len() > MAX_MESSAGE {
            return Err(SessionError::Length);
        }
        let payload = payload.get_mut(..length).ok_or(SessionError::Room)?;
        self.state.read_message(answer, payload).map_err(refused)?;
        let token = self.state.get_rs().ok_or(SessionError::Authentication)?;
        let (to_token, from_token) = self.state.get_ciphers();
        let session = Session::new(hash(&self.state), to_token, from_token);
        Ok(Handshaken { session, token: PublicKey::from_bytes(&token), payload: length })
    }
}

// Its keys are `SecretBytes`.
impl ZeroizeOnDrop for Initiator {}

fn hash(state: &State) -> [u8; 32] {
    // The hash of the handshake is as long as the suite's.
    <[u8; 32]>::from_slice(state.get_hash())
}

fn refused(error: noise_protocol::Error) -> SessionError {
    match error.kind() {
        ErrorKind::DH => SessionError::WeakKey,
        ErrorKind::TooShort => SessionError::Length,
        ErrorKind::Decryption | ErrorKind::NeedPSK => SessionError::Authentication,
    }
}
