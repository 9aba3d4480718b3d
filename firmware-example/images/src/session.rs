//! The token's side of a session and nothing else: a size image.

#![no_std]
#![no_main]
#![expect(clippy::empty_loop, reason = "anything else would count as code of the image")]

use core::hint::black_box;

use cortex_m_rt::entry;
use neural_vault_session::{Pattern, StaticKey, respond};

/// Answers a handshake of either pattern, opens a request and seals its answer.
///
/// Arguments and results stay in memory: constants would count as code, and unused results would be optimised away.
#[entry]
fn main() -> ! {
    let (mut bytes, mut answer) = ([0; 600], [0; 200]);
    let key = StaticKey::from_bytes(black_box(&[1; 32]));
    black_box(key.public().fingerprint());
    let pattern = black_box(Pattern::Nk);
    let (message, payload) = (black_box([].as_slice()), black_box([].as_slice()));
    if let Ok((_, mut session)) = respond(&key, black_box(&[2; 32]), pattern, payload, message, payload, &mut answer) {
        black_box((session.hash(), session.opened()));
        let _ = black_box(session.open(black_box(&mut bytes)));
        let _ = black_box(session.seal(&mut bytes, black_box(7)));
    }
    black_box((&bytes, &answer));
    loop {}
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
