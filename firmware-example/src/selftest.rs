//! Self-tests: known answers at every start, before anything else, and again when a host asks.

#[cfg(feature = "connectome")]
mod connectome;
mod encoder;

use neural_vault_core::challenge::ChallengeKey;
use neural_vault_core::key::derive_v1;
use neural_vault_core::wire::Fault;

use crate::board::{Board, BoardSecret};
use crate::seal::{Context, NONCE, Sealer};

/// Whether a small model of each kind that this image takes opens, and embeds as expected in every bit.
pub(crate) fn encoder() -> bool {
    #[cfg(feature = "connectome")]
    if !connectome::is_sound() {
        return false;
    }
    encoder::is_sound()
}

/// The self-test of a start. A token that fails it is disabled and reads no records until a start passes it.
///
/// # Errors
/// A known answer came out differently, the random generator failed, or the board has no secret.
pub(crate) fn power_on<B: Board>(board: &mut B) -> Result<(), Fault> {
    if !(key_derivation() && sealing() && encoder()) {
        return Err(Fault::SelfTest);
    }
    if !entropy(board) {
        return Err(Fault::Entropy);
    }
    Ok(board.secret().map(drop)?)
}

/// Whether the v1 key of a prototype from -1 to 0.875 in steps of 1/8, and an answer to a challenge under this key, are
/// those of another implementation.
pub(crate) fn key_derivation() -> bool {
    const ANSWER: [u8; 32] = [
        0x80, 0x72, 0xb3, 0xb1, 0xe5, 0x89, 0x80, 0xdd, 0xed, 0xb8, 0xb9, 0x6d, 0x55, 0xd9, 0xbc, 0xe4, 0x37, 0xd7,
        0xbd, 0x81, 0x24, 0x41, 0x31, 0xb4, 0xe8, 0xfd, 0x72, 0x90, 0xca, 0xd2, 0x67, 0xec,
    ];
    const KEY: [u8; 32] = [
        0xaa, 0xa5, 0xdc, 0xc8, 0x32, 0x47, 0xf9, 0xf7, 0x9b, 0x78, 0x1c, 0xd2, 0xa0, 0x05, 0x93, 0x6a, 0xa6, 0xb8,
        0xbe, 0x9c, 0xf6, 0x66, 0x0f, 0x9d, 0x04, 0xc8, 0x33, 0xc5, 0x39, 0xab, 0xe9, 0x83,
    ];

    let prototype: [f32; 16] = core::array::from_fn(|i| (i as f32 - 8.0) / 8.0);
    let (mut key, nonce) = ([0; 32], core::array::from_fn(|i| i as u8));
    derive_v1(&prototype, &mut key).is_ok()
        && key == KEY
        && ChallengeKey::from_bytes(&key).answer(b"door", &nonce) == Ok(ANSWER)
}

/// Whether a sealed text opens, a changed one does not, and the tag is that of another implementation.
pub(crate) fn sealing() -> bool {
    const CONTEXT: Context = Context { kind: 0, generation: 0, epoch: 0, place: 0 };
    const PARENT: [u8; 16] = [0; 16];
    const TAG: [u8; 16] =
        [0x60, 0xf5, 0x1d, 0xdd, 0xf7, 0x44, 0x5b, 0xc3, 0x37, 0xe8, 0x68, 0xd6, 0x79, 0xc6, 0xcb, 0x8e];
    let (nonce, text) = ([0; NONCE], *b"neural-vault/kat");
    let secret = BoardSecret::filled_by(|bytes| *bytes = core::array::from_fn(|i| i as u8));
    let Some(sealer) = secret.ok().and_then(|secret| Sealer::new(&secret, 0).ok()) else {
        return false;
    };
    let mut sealed = text;
    let Some(tag) = sealer.seal(CONTEXT, &PARENT, &nonce, &mut sealed) else {
        return false;
    };
    let (mut opened, mut changed) = (sealed, sealed);
    changed[0] ^= 1;
    sealer.open(CONTEXT, &PARENT, &nonce, &mut opened, &tag).is_ok()
        && opened == text
        && sealer.open(CONTEXT, &PARENT, &nonce, &mut changed, &tag).is_err()
        && tag == TAG
}

/// Whether the random generator passes its health tests, and two draws differ.
pub(crate) fn entropy<B: Board>(board: &mut B) -> bool {
    let (mut first, mut second) = ([0; 32], [0; 32]);
    let drawn = board.entropy().draw(&mut first).is_ok() && board.entropy().draw(&mut second).is_ok();
    drawn && first != second
}
