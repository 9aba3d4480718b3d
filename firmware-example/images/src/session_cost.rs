//! Answers a handshake of each pattern, opens a request and seals it as the answer, in QEMU.
//!
//! Prints a line for each pattern: instructions and stack of the handshake, instructions and stack of opening 1,040 bytes,
//! the chunk of a scan, and of sealing them. With `-icount shift=0` a tick is 40 instructions.

#![no_std]
#![no_main]

mod stack;
mod timer;

use core::fmt::Write as _;

use cortex_m_rt::entry;
use cortex_m_semihosting::{debug, hio};
use neural_vault_session::{Initiator, Pattern, Session, StaticKey, TAG_LENGTH, respond};

const PROLOGUE: &[u8] = b"neural-vault, version 2";

/// Bytes of a request with the chunk of a scan.
const REQUEST: usize = 1040;

/// Room for an answer to a handshake, and for a sealed request.
type Buffer = [u8; REQUEST + TAG_LENGTH];

#[entry]
fn main() -> ! {
    timer::start();
    let done = [Pattern::Nx, Pattern::Nk].into_iter().try_for_each(measure);
    loop {
        debug::exit(if done.is_some() { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    }
}

fn measure(pattern: Pattern) -> Option<()> {
    let (key, mut first, mut buffer) = (StaticKey::from_bytes(&[1; 32]), [0; 48], [0; REQUEST + TAG_LENGTH]);
    let public = (pattern == Pattern::Nk).then(|| key.public());
    let (host, length) = Initiator::new(public.as_ref(), &[2; 32], PROLOGUE, &mut first).ok()?;
    let first = first.get(..length)?;

    let mut answered = None;
    let handshake = taken(&mut || answered = answer(&key, pattern, first, &mut buffer));
    let (length, mut token) = answered?;
    let mut host = host.finish(buffer.get(..length)?, &mut [0; 64]).ok()?.session;

    let length = host.seal(&mut buffer, REQUEST).ok()?;
    let (mut opened, mut sealed) = (false, false);
    let opening = taken(&mut || opened = open(&mut token, buffer.get_mut(..length)));
    let sealing = taken(&mut || sealed = seal(&mut token, &mut buffer));
    host.open(buffer.get_mut(..length).filter(|_| opened && sealed)?).ok()?;

    let mut out = hio::hstdout().ok()?;
    for (instructions, stack) in [handshake, opening, sealing] {
        write!(out, "{instructions} {stack} ").ok()?;
    }
    writeln!(out).ok()
}

/// Instructions and bytes of stack of a call.
fn taken(work: &mut dyn FnMut()) -> (u32, u32) {
    let mut instructions = 0;
    let stack = stack::measure(&mut || instructions = timer::instructions(work));
    (instructions, stack)
}

// Never inlined, so that all of their stack is below the point it is measured from.

#[inline(never)]
fn answer(key: &StaticKey, pattern: Pattern, message: &[u8], out: &mut Buffer) -> Option<(usize, Session)> {
    respond(key, &[3; 32], pattern, PROLOGUE, message, b"what the token says of itself", out).ok()
}

#[inline(never)]
fn open(token: &mut Session, message: Option<&mut [u8]>) -> bool {
    message.is_some_and(|message| token.open(message).is_ok())
}

#[inline(never)]
fn seal(token: &mut Session, buffer: &mut Buffer) -> bool {
    token.seal(buffer, REQUEST).is_ok()
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        debug::exit(debug::EXIT_FAILURE);
    }
}
