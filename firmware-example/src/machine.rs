//! The state machine: which request is answered in which state, and by what.
//!
//! ```text
//!            provision                enrol                  5 misses in a row
//!   blank ------------> provisioned --------> enrolled ------------------------> locked
//!     ^                      ^                 |   ^                               |
//!     |                      |  last revoke    |   |          power cycle          |
//!     |                      +-----------------+   +-------------------------------+
//!     |
//!     +---- wipe, from every state        disabled: records or model not sound, found at every start
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
//! An empty slot verifies like an enrolled one, at the same cost, and rejects: who has no tag cannot tell them apart.

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::Encoder;
use neural_vault_core::wire::*;
#[cfg(not(feature = "weights-f32"))]
use neural_vault_kernels::best as kernel;
#[cfg(feature = "weights-f32")]
use neural_vault_token_kernel::kernel;

use crate::attempts::{MISSES_IN_A_ROW, MISSES_IN_ALL};
use crate::board::Board;
use crate::memory::WINDOW;
use crate::model::open;
use crate::records::Records;
use crate::scan::{ScanMemory, Scanner};
use crate::selftest;
use crate::store::Buffer;
use crate::vault::{Identity, Vault};

const FIRMWARE: [u8; 3] = [0, 1, 0];

/// Everything a request can touch.
pub(crate) struct Machine<'m, B> {
    pub(crate) board: B,
    pub(crate) records: Records<'m>,
    pub(crate) scanner: Scanner<'m>,
    /// Misses in a row since the start.
    pub(crate) row: u8,
    /// Good for the next admin command.
    pub(crate) nonce: Option<[u8; 32]>,
    pub(crate) stages: Stages,
    memory: &'m [u8],
    model: Result<Bundle<'m>, Fault>,
    /// Whether there was a handshake since the start.
    greeted: bool,
}

/// Ticks of the scan and the verification at hand.
#[derive(Clone, Copy, Default)]
pub(crate) struct Stages {
    /// From the first byte of its first frame to its latest answer, without waiting.
    pub(crate) all: u64,
    project: u64,
    encode: u64,
    pub(crate) verify: u64,
}

/// Answers `frame` by the handler of its endpoint; an `admin` endpoint's only once its tag was found right.
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

impl<'m, B: Board> Machine<'m, B> {
    /// Never inlined, as [`Machine::answer`].
    #[inline(never)]
    pub(crate) fn start_up(
        mut board: B,
        memory: &'m [u8],
        scans: &'m mut ScanMemory,
        vault: &'m mut Vault,
        buffer: &'m mut Buffer,
    ) -> Self {
        let records = Records::open(&mut board, vault, buffer);
        let (scanner, model, stages) = (Scanner::new(scans), open(memory), Stages::default());
        Self { board, records, scanner, row: 0, nonce: None, stages, memory, model, greeted: false }
    }

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

    fn handshake(&mut self, hello: Hello) -> Result<Welcome, Refusal> {
        if hello.version != VERSION {
            return Err(Fault::VersionMismatch.with(u32::from(VERSION)));
        }
        self.greeted = true;
        self.nonce = None;
        self.scanner.clear();
        let bit = |has: bool, bit| if has { bit } else { 0 };
        let capabilities = bit(self.board.footprint().is_some(), capability::MEASURE)
            | bit(self.board.epoch_floor().is_some(), capability::ROLLBACK_COUNTER)
            | bit(B::CONFIRMS, capability::CONFIRMATION);
        Ok(Welcome {
            version: VERSION,
            table: TABLE,
            capabilities,
            chunk: CHUNK as u16,
            slots: SLOTS as u8,
            window: WINDOW as u8,
        })
    }

    fn info(&mut self, (): ()) -> Result<TokenInfo, Refusal> {
        let identity = self.records.vault().identity.as_ref();
        let model = self.model.as_ref().ok();
        Ok(TokenInfo {
            state: self.state(),
            firmware: FIRMWARE,
            board: B::NAME,
            features: model.map_or(0, |model| model.dims().features as u32),
            latent: model.map_or(0, |model| model.dims().latent as u16),
            window: identity.map_or(0, |identity| identity.window),
            allow_export: identity.is_some_and(|identity| identity.allow_export != 0),
            model: model.map_or([0; 32], |model| *model.digest()),
            epoch: self.records.epoch(),
            uptime: self.board.uptime(),
        })
    }

    fn state(&self) -> State {
        if self.records.sound().is_err() {
            return State::Disabled;
        }
        match &self.records.vault().identity {
            None => State::Blank,
            Some(_) if self.encoder().is_err() => State::Disabled,
            Some(_) if self.row >= MISSES_IN_A_ROW => State::Locked,
            Some(_) if self.records.vault().slots.iter().any(Option::is_some) => State::Enrolled,
            Some(_) => State::Provisioned,
        }
    }

    fn self_test(&mut self, (): ()) -> Result<SelfTestReport, Refusal> {
        // Read anew: the memory may have changed since the start.
        self.model = open(self.memory);
        let model = match self.records.vault().identity {
            Some(_) => self.encoder().is_ok(),
            None => self.model.is_ok(),
        };
        let parts = [
            (part::KEY_DERIVATION, selftest::key_derivation()),
            (part::SEALING, selftest::sealing()),
            (part::ENTROPY, selftest::entropy(&mut self.board)),
            (part::STORAGE, self.records.sound().is_ok()),
            (part::MODEL, model),
        ];
        let bits = |passed| parts.iter().filter(|part| part.1 == passed).fold(0, |bits, part| bits | part.0);
        match bits(false) {
            0 => Ok(SelfTestReport { passed: bits(true) }),
            failed => Err(Fault::SelfTest.with(failed)),
        }
    }

    fn scan_begin(&mut self, head: ScanHead) -> Result<(), Refusal> {
        let (window, encoder) = (usize::from(self.identity()?.window), self.encoder()?);
        self.stages = Stages::default();
        self.scanner.begin(&encoder, window, head)
    }

    fn scan_chunk(&mut self, chunk: Chunk<'_>) -> Result<Progress, Refusal> {
        let encoder = self.encoder()?;
        let clock = self.start();
        let windows = self.scanner.windows();
        let outcome = self.scanner.push(&encoder, chunk);
        let spent = self.since(clock);
        if self.scanner.windows() == windows {
            self.stages.project += spent;
        } else {
            self.stages.encode += spent;
        }
        outcome
    }

    fn enrol_scan(&mut self, scan: EnrolmentScan) -> Result<EnrolmentProgress, Refusal> {
        let latent = self.latent()?;
        self.scanner.enrol(latent, scan.first)
    }

    fn embed(&mut self, (): ()) -> Result<Embedding<'_>, Refusal> {
        let latent = self.latent()?;
        let embedding = self.scanner.embedding(latent)?;
        Ok(Embedding { components: bytemuck::cast_slice(embedding) })
    }

    fn measure(&mut self, (): ()) -> Result<Measurement, Refusal> {
        let footprint = self.board.footprint().ok_or(Fault::Unsupported)?;
        let Stages { all, project, encode, verify } = self.stages;
        // Zero on a board that calls `Token::receive` itself.
        let receive = all.saturating_sub(project + encode + verify);
        let (per_tick, memory, stack) = (footprint.per_tick, footprint.memory, footprint.stack);
        Ok(Measurement { per_tick, receive, project, encode, verify, memory, stack })
    }

    /// What provisioning gave the token.
    pub(crate) fn identity(&self) -> Result<&Identity, Fault> {
        self.records.sound()?;
        self.records.vault().identity.as_ref().ok_or(Fault::NotProvisioned)
    }

    /// The model, if it is sound.
    pub(crate) fn model(&self) -> Result<Bundle<'m>, Fault> {
        self.model
    }

    /// The model's encoder, if it is the provisioned one.
    pub(crate) fn encoder(&self) -> Result<Encoder<'m>, Fault> {
        let (identity, model) = (self.identity()?, self.model?);
        if identity.model == *model.digest() {
            Ok(model.encoder().with_kernel(kernel()))
        } else {
            Err(Fault::ModelMismatch)
        }
    }

    /// Components of an embedding.
    pub(crate) fn latent(&self) -> Result<usize, Fault> {
        self.encoder().map(|encoder| encoder.dims().latent)
    }

    /// Whether a slot takes no more attempts.
    pub(crate) fn is_disabled(misses: u8) -> bool {
        misses >= MISSES_IN_ALL
    }

    /// The clock, for [`Machine::since`]; it stands still on a board that does not measure.
    pub(crate) fn start(&mut self) -> u32 {
        self.board.ticks().unwrap_or(0)
    }

    pub(crate) fn since(&mut self, start: u32) -> u64 {
        u64::from(self.start().wrapping_sub(start))
    }
}

fn written<E: Endpoint>(frame: &Frame<'_>, outcome: Reply<'_, E>, out: &mut [u8]) -> Result<usize, FrameError> {
    let written = encode(&E::KEY, frame.number, &outcome, out);
    written.or_else(|error| refused(frame, error, out))
}

fn refused(frame: &Frame<'_>, error: impl Into<Refusal>, out: &mut [u8]) -> Result<usize, FrameError> {
    encode_refusal(frame.key, frame.number, error.into(), out)
}
