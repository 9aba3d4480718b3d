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
//! | info, self-test | yes | yes | yes | yes | yes | |
//! | provision | yes | | | | | consent |
//! | scan-begin, scan-chunk, embed, enrol-scan | | yes | yes | yes | | a sound model |
//! | verify, challenge | | yes | yes | | | a complete scan for it; consent where the policy asks for it |
//! | export-key | | yes | yes | | | a complete scan for it, policy, consent |
//! | enrol | | yes | yes | yes | | tag, scans taken |
//! | rotate, revoke, reset-attempts, list-slots, set-policy, measure | | yes | yes | yes | sound records | tag |
//! | wipe | | yes | yes | yes | yes | consent; tag, unless the records are damaged |
//!
//! All of them need a session. A scan serves the one purpose that it was begun for.
//!
//! An empty slot is verified like an enrolled one, at the same cost, and rejects: without a tag, a host cannot find out
//! which slots are enrolled.

use neural_vault_core::wire::*;

use crate::board::Board;
use crate::machine::Machine;

/// Answers a packet by the handler of its endpoint; for an `admin` endpoint, only after its tag was verified.
macro_rules! route {
    ($machine:ident, $number:ident, $packet:ident, $out:ident; $($endpoint:ident => $handler:ident,)*; admin $($admin:ident => $command:ident,)*) => {
        $(if $packet.key == <$endpoint as Endpoint>::KEY.to_bytes() {
            let outcome = match $packet.read::<<$endpoint as Endpoint>::Request<'_>>() {
                Ok(request) => $machine.$handler(request),
                Err(error) => Err(error.into()),
            };
            return written::<$endpoint>(outcome, $out);
        })*
        $(if $packet.key == <$admin as Endpoint>::KEY.to_bytes() {
            let outcome = match $machine.authorised::<$admin>($number, $packet) {
                Ok(request) => $machine.$command(request.command),
                Err(refusal) => Err(refusal),
            };
            return written::<$admin>(outcome, $out);
        })*
    };
}

impl<B: Board> Machine<'_, B> {
    /// Answers the opened request of this number; returns the length of the packet written to `out`.
    ///
    /// Never inlined, so that all copies of secrets are on the stack below the caller, who clears it. A refusal that does
    /// not fit `out` is a mistake of this program, which then panics.
    #[inline(never)]
    pub(crate) fn answer(&mut self, number: u32, request: &[u8], out: &mut [u8]) -> usize {
        let written = match Packet::split(request) {
            Ok(packet) => self.answer_packet(number, &packet, out),
            Err(error) => write_refusal([0; KEY_LENGTH], error.into(), out),
        };
        if self.records.sound().is_err() {
            // A failure while it ran disabled the token: it keeps no scan and no enrolment in progress either.
            self.scanner.clear();
        }
        #[expect(clippy::expect_used, reason = "the buffer is longer than any refusal")]
        written.expect("a refusal fits")
    }

    fn answer_packet(&mut self, number: u32, packet: &Packet<'_>, out: &mut [u8]) -> Result<usize, FrameError> {
        let machine = self;
        route! {
            machine, number, packet, out;
            Info => info,
            SelfTest => self_test,
            Provision => provision,
            ScanBegin => scan_begin,
            ScanChunk => scan_chunk,
            EnrolScan => enrol_scan,
            Verify => verify,
            Challenge => challenge,
            ExportKey => export_key,
            Embed => embed,
            ;
            admin
            Enrol => enrol,
            Rotate => rotate,
            ResetAttempts => reset_attempts,
            Revoke => revoke,
            SetPolicy => set_policy,
            ListSlots => list_slots,
            Measure => measure,
            Wipe => wipe,
        }
        write_refusal(packet.key, Fault::UnknownEndpoint.into(), out)
    }
}

fn written<E: Endpoint>(outcome: Reply<'_, E>, out: &mut [u8]) -> Result<usize, FrameError> {
    let written = write_packet(&E::KEY, &outcome, out);
    written.or_else(|error| write_refusal(E::KEY.to_bytes(), error.into(), out))
}
