//! The session: nothing opens that the peer did not seal for this place, and honest traffic always opens.

mod handshake;
mod link;
mod script;

use arbitrary::{Arbitrary, Unstructured};

use handshake::Keys;
use link::{End, Link};
use script::Script;

/// Takes `bytes` as messages of a handshake, and as a script of a whole session.
pub fn check(bytes: &[u8]) {
    let keys = Keys::new(bytes);
    keys.raw(bytes);
    let Ok(script) = Script::arbitrary(&mut Unstructured::new(bytes)) else { return };
    let Some((host, token)) = keys.handshake(&script) else { return };
    Link { ends: [End::new(host), End::new(token)], keys }.run(&script);
}
