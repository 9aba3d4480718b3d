//! Known answers for the self-test.

use neural_vault_core::key::{DerivedKey, derive_v1};

use crate::board::{Board, BoardSecret};
use crate::seal::{Context, NONCE, Sealer};

/// Whether the v1 key of a prototype from -1 to 0.875 in steps of 1/8, and its HMAC of the text of RFC 4231's test case 2,
/// are those of another implementation.
pub(crate) fn key_derivation() -> bool {
    const MAC: [u8; 32] = [
        0xb9, 0x7a, 0xd5, 0x8f, 0xd1, 0x2b, 0x2c, 0x4b, 0x00, 0x50, 0x03, 0x8c, 0xfb, 0x1e, 0xe7, 0xf6, 0x86, 0x21,
        0x7c, 0xa9, 0x14, 0x58, 0xfd, 0x1b, 0x46, 0x82, 0x7f, 0xf1, 0xa0, 0x7d, 0x55, 0xa5,
    ];
    const KEY: [u8; 32] = [
        0xaa, 0xa5, 0xdc, 0xc8, 0x32, 0x47, 0xf9, 0xf7, 0x9b, 0x78, 0x1c, 0xd2, 0xa0, 0x05, 0x93, 0x6a, 0xa6, 0xb8,
        0xbe, 0x9c, 0xf6, 0x66, 0x0f, 0x9d, 0x04, 0xc8, 0x33, 0xc5, 0x39, 0xab, 0xe9, 0x83,
    ];

    let prototype: [f32; 16] = core::array::from_fn(|i| (i as f32 - 8.0) / 8.0);
    let mut key = [0; 32];
    derive_v1(&prototype, &mut key).is_ok()
        && key == KEY
        && DerivedKey::from_bytes(&key).authenticate(b"what do ya want for nothing?") == MAC
}

/// Whether a sealed text opens, a changed one does not, and the tag is that of another implementation.
pub(crate) fn sealing() -> bool {
    const CONTEXT: Context = Context { kind: 0, generation: 0, epoch: 0, place: 0 };
    const PARENT: [u8; 16] = [0; 16];
    const TAG: [u8; 16] =
        [0x48, 0x80, 0x46, 0x5c, 0x82, 0x49, 0x06, 0xe7, 0xf6, 0x37, 0x91, 0x9e, 0x62, 0x1f, 0xaa, 0x0e];
    let (nonce, text) = ([0; NONCE], *b"neural-vault/kat");
    let Ok(sealer) = Sealer::new(&BoardSecret::filled_by(|zeros| *zeros = [0; 32]), 0) else {
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

/// Whether two draws differ, and neither repeats a single byte.
pub(crate) fn entropy<B: Board>(board: &mut B) -> bool {
    let (mut first, mut second) = ([0; 32], [0; 32]);
    let drawn = board.entropy(&mut first).is_ok() && board.entropy(&mut second).is_ok();
    drawn && first != second && [first, second].iter().all(|draw| draw.iter().any(|byte| *byte != draw[0]))
}
