//! What a token is made of while it runs: everything that the handlers of its requests share.

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::Encoder;
use neural_vault_core::wire::{Fault, Policy, State};
#[cfg(not(feature = "weights-f32"))]
use neural_vault_kernels::best as kernel;
#[cfg(feature = "weights-f32")]
use neural_vault_token_kernel::kernel;

use crate::board::Board;
use crate::form::Form;
use crate::limits::MISSES_IN_A_ROW;
use crate::model::open;
use crate::records::Records;
use crate::scanner::{ScanMemory, Scanner};
use crate::selftest;
use crate::session_keys::SessionKeys;
use crate::store::Buffer;
use crate::vault::{Identity, Vault};

/// Everything that a request can use or change.
pub(crate) struct Machine<'m, B> {
    pub(crate) board: B,
    pub(crate) records: Records<'m>,
    pub(crate) scanner: Scanner<'m>,
    /// Misses in a row since the start.
    pub(crate) row: u8,
    pub(crate) keys: &'m mut SessionKeys,
    /// Whether the session ends with the answer that is being made.
    pub(crate) ends_session: bool,
    pub(crate) stages: Stages,
    /// The memory that holds the model, and the model if it is sound.
    pub(crate) memory: &'m [u8],
    pub(crate) model: Result<Bundle<'m>, Fault>,
}

/// Ticks that the latest scan and its verification took.
#[derive(Clone, Copy, Default)]
pub(crate) struct Stages {
    /// From the first byte of the scan's first frame to the latest answer, without the waits for a byte.
    pub(crate) all: u64,
    pub(crate) project: u64,
    pub(crate) encode: u64,
    pub(crate) verify: u64,
}

impl<'m, B: Board> Machine<'m, B> {
    /// Tests itself, then reads the records and opens the model.
    ///
    /// Never inlined, so that all copies of secrets are on the stack below the caller, who clears it.
    #[inline(never)]
    pub(crate) fn start_up(
        mut board: B,
        memory: &'m [u8],
        scans: &'m mut ScanMemory,
        vault: &'m mut Vault,
        buffer: &'m mut Buffer,
        keys: &'m mut SessionKeys,
    ) -> Self {
        let self_test = selftest::power_on(&mut board);
        let records = Records::open(&mut board, vault, buffer, self_test);
        let (scanner, model, stages) = (Scanner::new(scans), open(memory), Stages::default());
        Self { board, records, scanner, row: 0, keys, ends_session: false, stages, memory, model }
    }

    /// The token's state, from its records, its model and the misses in a row.
    pub(crate) fn state(&self) -> State {
        if self.disabled().is_some() {
            return State::Disabled;
        }
        match &self.records.vault().identity {
            None => State::Blank,
            Some(_) if self.row >= MISSES_IN_A_ROW => State::Locked,
            Some(_) if self.records.vault().slots.iter().any(Option::is_some) => State::Enrolled,
            Some(_) => State::Provisioned,
        }
    }

    /// What provisioning gave the token.
    pub(crate) fn identity(&self) -> Result<&Identity, Fault> {
        self.records.sound()?;
        self.records.vault().identity.as_ref().ok_or(Fault::NotProvisioned)
    }

    /// What the token allows.
    pub(crate) fn policy(&self) -> Result<Policy, Fault> {
        Ok(self.identity()?.policy.policy())
    }

    /// Why the token is disabled, if it is.
    pub(crate) fn disabled(&self) -> Option<Fault> {
        let sound = self.records.sound();
        let provisioned = self.records.vault().identity.is_some();
        sound.err().or_else(|| if provisioned { self.encoder().err() } else { None })
    }

    /// The model's encoder, if it is the provisioned model.
    pub(crate) fn encoder(&self) -> Result<Encoder<'m>, Fault> {
        let (identity, model) = (self.identity()?, self.model?);
        if identity.model == *model.digest() {
            Ok(model.encoder().with_kernel(kernel()))
        } else {
            Err(Fault::ModelMismatch)
        }
    }

    /// The form of the model's prototypes, with the number of components that embeddings have too.
    pub(crate) fn form(&self) -> Result<Form, Fault> {
        self.encoder().map(|encoder| Form::new(encoder.dims()))
    }

    /// Ticks of the board's clock; always zero on a board that does not measure.
    pub(crate) fn ticks(&mut self) -> u32 {
        self.board.ticks().unwrap_or(0)
    }

    /// Ticks since an earlier value of [`Machine::ticks`].
    pub(crate) fn ticks_since(&mut self, start: u32) -> u64 {
        u64::from(self.ticks().wrapping_sub(start))
    }
}
