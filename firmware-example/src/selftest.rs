//! Known answers, for the self-test.

use neural_vault_core::key::derive_v1;

use crate::board::Board;
use crate::mac::mac;
use crate::seal::{NONCE, Place, Sealer};

/// HMAC of RFC 4231 test case 2, and the v1 key of a prototype from -1 to 0.875 in steps of 1/8.
pub(crate) fn key_derivation() -> bool {
    const MAC: [u8; 32] = [
        0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00,
        0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43,
    ];
    const KEY: [u8; 32] = [
        0xaa, 0xa5, 0xdc, 0xc8, 0x32, 0x47, 0xf9, 0xf7, 0x9b, 0x78, 0x1c, 0xd2, 0xa0, 0x05, 0x93, 0x6a, 0xa6, 0xb8,
        0xbe, 0x9c, 0xf6, 0x66, 0x0f, 0x9d, 0x04, 0xc8, 0x33, 0xc5, 0x39, 0xab, 0xe9, 0x83,
    ];

    let prototype: [f32; 16] = core::array::from_fn(|i| (i as f32 - 8.0) / 8.0);
    let mut key = [0; 32];
    derive_v1(&prototype, &mut key).is_ok() && key == KEY && mac(b"Jefe", b"what do ya want for nothing?") == Some(MAC)
}

/// What is sealed opens, and does not once it was changed; the tag is what another implementation computes.
pub(crate) fn sealing() -> bool {
    const PLACE: Place = Place { kind: 0, epoch: 0 };
    const TAG: [u8; 16] =
        [0x7a, 0xfd, 0x6c, 0xb0, 0xbd, 0x12, 0xe5, 0xff, 0xf5, 0x17, 0xf3, 0x80, 0x05, 0xbb, 0xc7, 0xe0];
    let (sealer, nonce, text) = (Sealer::new([0; 32]), [0; NONCE], *b"neural-vault/kat");
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

/// Two draws that differ, neither all one byte.
pub(crate) fn entropy<B: Board>(board: &mut B) -> bool {
    let (mut first, mut second) = ([0; 32], [0; 32]);
    let drawn = board.entropy(&mut first).is_ok() && board.entropy(&mut second).is_ok();
    drawn && first != second && [first, second].iter().all(|draw| draw.iter().any(|byte| *byte != draw[0]))
}
