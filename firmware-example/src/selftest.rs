//! Known answers for the self-test.

use neural_vault_core::challenge::ChallengeKey;
use neural_vault_core::key::derive_v1;

use crate::board::{Board, BoardSecret};
use crate::seal::{NONCE, Place, Sealer};

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
    const PLACE: Place = Place { kind: 0, epoch: 0 };
    const TAG: [u8; 16] =
        [0x7a, 0xfd, 0x6c, 0xb0, 0xbd, 0x12, 0xe5, 0xff, 0xf5, 0x17, 0xf3, 0x80, 0x05, 0xbb, 0xc7, 0xe0];
    let (nonce, text) = ([0; NONCE], *b"neural-vault/kat");
    let Ok(sealer) = Sealer::new(&BoardSecret::filled_by(|zeros| *zeros = [0; 32])) else {
        return false;
    };
    let mut sealed = text;
    let Some(tag) = sealer.seal(PLACE, &nonce, &mut sealed) else {
        return false;
    };
    let (mut opened, mut changed) = (sealed, sealed);
    changed[0] ^= 1;
    sealer.open(PLACE, &nonce, &mut opened, &tag).is_ok()
        && opened == text
        && sealer.open(PLACE, &nonce, &mut changed, &tag).is_err()
        && tag == TAG
}

/// Whether two draws differ, and neither repeats a single byte.
pub(crate) fn entropy<B: Board>(board: &mut B) -> bool {
    let (mut first, mut second) = ([0; 32], [0; 32]);
    let drawn = board.entropy(&mut first).is_ok() && board.entropy(&mut second).is_ok();
    drawn && first != second && [first, second].iter().all(|draw| draw.iter().any(|byte| *byte != draw[0]))
}
