//! Which request is answered in which state, and by which handler.
//!
//! ```text
//!            provision                enrol                  5 misses in a row
//!   blank ------------> provisioned --------> enrolled ------------------------> locked
//!     ^                      ^                 |   ^                               |
//!     |                      |  last revoke    |   |          power cycle          |
//!     |                      +-----------------+   +-------------------------------+
//!     |
//!     +---- wipe, from every state        disabled: unsound records or model, found at every start
//! ```
//!
//! | request | blank | provisioned | enrolled | locked | disabled | needs |
//! |---|---|---|---|---|---|---|
//! | handshake, info, self-test, nonce, measure | yes | yes | yes | yes | yes | |
//! | provision | yes | | | | | consent |
//! | scan-begin, scan-chunk, embed, enrol-scan | | yes | yes | yes | | a sound model |
//! | verify, challenge | | yes | yes | | | a complete scan |
//! | export-key | | yes | yes | | | a complete scan, policy, consent |
//! | enrol | | yes | yes | yes | | tag, scans taken |
//! | rotate, revoke, reset-attempts, list-slots, set-policy | | yes | yes | yes | sound records | tag |
//! | wipe | | yes | yes | yes | yes | consent; tag, unless the records are damaged |
//!
//! An empty slot is verified like an enrolled one, at the same cost, and rejects: without a tag, a host cannot find out
//! which slots are enrolled.

use neural_vault_core::wire::*;

use crate::board::Board;
use crate::machine::Machine;

/// Answers `frame` by the handler of its endpoint; for an `admin` endpoint, only after its tag was verified.
macro_rules! route {
    ($machine:ident, $frame:ident, $out:ident; $($endpoint:ident => $handler:ident,)*; admin $($admin:ident => $command:ident,)*) => {
        $(if $frame.key == <$endpoint as Endpoint>::KEY.to_bytes() {
            let outcome = match $frame.read::<<$endpoint as Endpoint>::Request<'_>>() {
                Ok(request) => $machine.$handler(request),
                Err(error) => Err(error.into()),
            };
            return written::<$endpoint>($frame, outcome, $out);
        })*
        $(if $frame.key == <$admin as Endpoint>::KEY.to_bytes() {
            let outcome = match $machine.authorised::<$admin>($frame) {
                Ok(request) => $machine.$command(request.command),
                Err(refusal) => Err(refusal),
            };
            return written::<$admin>($frame, outcome, $out);
        })*
    };
}

impl<B: Board> Machine<'_, B> {
    /// Answers a request; returns the length of the frame written to `out`.
    ///
    /// Never inlined, so that all copies of secrets are on the stack below the caller, who clears it.
    ///
    /// # Errors
    /// Not even a refusal fits `out`.
    #[inline(never)]
    pub(crate) fn answer(&mut self, frame: &Frame<'_>, out: &mut [u8]) -> Result<usize, FrameError> {
        if !self.greeted && frame.key != Handshake::KEY.to_bytes() {
            return refused(frame, Fault::HandshakeNeeded, out);
        }
        let machine = self;
        route! {
            machine, frame, out;
            Handshake => handshake,
            Info => info,
            SelfTest => self_test,
            Nonce => fresh_nonce,
            Provision => provision,
            ScanBegin => scan_begin,
            ScanChunk => scan_chunk,
            EnrolScan => enrol_scan,
            Verify => verify,
            Challenge => challenge,
            ExportKey => export_key,
            Embed => embed,
            Measure => measure,
            ;
            admin
            Enrol => enrol,
            Rotate => rotate,
            ResetAttempts => reset_attempts,
            Revoke => revoke,
            SetPolicy => set_policy,
            ListSlots => list_slots,
            Wipe => wipe,
        }
        refused(frame, Fault::UnknownEndpoint, out)
    }
}

fn written<E: Endpoint>(frame: &Frame<'_>, outcome: Reply<'_, E>, out: &mut [u8]) -> Result<usize, FrameError> {
    let written = encode(&E::KEY, frame.number, &outcome, out);
    written.or_else(|error| refused(frame, error, out))
}

fn refused(frame: &Frame<'_>, error: impl Into<Refusal>, out: &mut [u8]) -> Result<usize, FrameError> {
    encode_refusal(frame.key, frame.number, error.into(), out)
}
