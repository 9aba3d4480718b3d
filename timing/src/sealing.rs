//! Sealing and opening of a token's records.

use std::hint::black_box;

use crate::board::BoardSecret;
use crate::marks::{as_public, as_secret, public};
use crate::seal::{Context, NONCE, Sealer, TAG};
use crate::{Workload, marks};

pub const WORKLOADS: &[Workload] = &[("BoardSecret::filled_by; Sealer::new, seal and open", seal)];

const CONTEXT: Context = Context { kind: 1, generation: 3, epoch: 7, place: 8192 };
const PARENT: [u8; TAG] = [9; TAG];

/// The board's secret and the content are secret; what is on the flash, and whether a record opens, are not.
fn seal() {
    let secret = as_secret(*b"BOARD'S OWN, BURNT INTO ITS CHIP");
    let board = BoardSecret::filled_by(|bytes| *bytes = secret).expect("it is no placeholder");
    let sealer = Sealer::new(&board, CONTEXT.generation).expect("a key");
    let mut text = [0x3c; 512];
    marks::secret(&mut text);
    let tag = sealer.seal(CONTEXT, &PARENT, &[2; NONCE], &mut text).expect("it is short");
    let tag = as_public(tag);
    public(&text);
    for wrong in [1, 0] {
        let (mut opened, mut given) = (text, tag);
        given[5] ^= wrong;
        let is_open = as_public(sealer.open(CONTEXT, &PARENT, &[2; NONCE], &mut opened, &given).is_ok());
        assert_eq!(is_open, wrong == 0);
        black_box(opened);
    }
}
