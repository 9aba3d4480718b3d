//! The snapshot at the start of a bank: everything that a token remembers, except misses and prototypes.

use embedded_storage::nor_flash::NorFlash;
use neural_vault_core::wire::Fault;

use crate::board::Board;
use crate::flash::{self, MARK};
use crate::log::{self, Parent};
use crate::record::{self, Found};
use crate::seal::{Context, NONCE, Sealer, TAG};
use crate::vault::{VAULT_LENGTH, Vault};

/// Bytes of a bank, a whole number of the flash's erase units.
pub const BANK: u32 = 8192;

/// Bytes of a snapshot's body.
pub(crate) const BODY: usize = record::body(VAULT_LENGTH);

const KIND: u32 = 1;

/// Offset of the mark that is set once the other bank is erased.
const SETTLED: u32 = record::length(VAULT_LENGTH);

/// Offset of the log of misses.
const LOG: u32 = SETTLED + MARK as u32;

/// Snapshots belong to no other record.
const NO_PARENT: [u8; TAG] = [0; TAG];

/// What is found in a bank.
#[derive(Clone, Copy)]
pub(crate) enum Bank {
    /// No committed snapshot.
    Empty,
    /// A committed snapshot that does not open.
    Damaged,
    /// A committed snapshot.
    Sound(Snapshot),
}

/// A sound snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// Start of its bank.
    pub(crate) bank: u32,
    /// Generation of its key.
    pub(crate) generation: u32,
    /// Number of the change that it records.
    pub(crate) epoch: u32,
    /// Whether the other bank was erased after it was committed.
    pub(crate) settled: bool,
    tag: [u8; TAG],
}

impl Snapshot {
    /// A snapshot that is not written yet, or stands for one that a token does not have.
    pub(crate) const fn unwritten(bank: u32, generation: u32, epoch: u32) -> Self {
        Self { bank, generation, epoch, settled: false, tag: NO_PARENT }
    }

    /// Looks into a bank; a sound snapshot is decrypted in `body`.
    pub(crate) fn find<B: Board>(board: &mut B, bank: u32, body: &mut [u8; BODY]) -> Result<Bank, Fault> {
        let Found::Committed = record::find(board.flash(), bank, body)? else {
            return Ok(Bank::Empty);
        };
        let Context { generation, epoch, .. } = record::claimed(body)?;
        let sealer = Sealer::new(&board.secret()?, generation)?;
        let context = Context { kind: KIND, generation, epoch, place: bank };
        let Some(tag) = record::open(&sealer, context, &NO_PARENT, body)? else {
            return Ok(Bank::Damaged);
        };
        let settled = flash::is_set(board.flash(), bank + SETTLED)?;
        Ok(Bank::Sound(Self { bank, generation, epoch, settled, tag }))
    }

    /// Reads the vault from a body that [`Snapshot::find`] has decrypted.
    pub(crate) fn decode(body: &mut [u8; BODY], vault: &mut Vault) -> Result<(), Fault> {
        vault.read(record::text(body)?).map_err(|_| Fault::StorageDamaged)
    }

    /// Seals the vault and writes it to an erased bank, with a log of its misses; commits it last of all.
    pub(crate) fn write<F: NorFlash>(
        &mut self,
        flash: &mut F,
        sealer: &Sealer,
        nonces: &[[u8; NONCE]; 2],
        vault: &Vault,
        body: &mut [u8; BODY],
    ) -> Result<(), Fault> {
        let text = record::text(body)?;
        text.fill(0);
        postcard::to_slice(vault, text).map_err(|_| Fault::StorageFailed)?;
        let Self { bank, generation, epoch, .. } = *self;
        let context = Context { kind: KIND, generation, epoch, place: bank };
        self.tag = record::seal(sealer, context, &NO_PARENT, &nonces[0], body)?;
        flash::program(flash, bank, body)?;
        log::write_first(flash, sealer, &self.log(), &nonces[1], vault.misses)?;
        flash::set_mark(flash, bank + BODY as u32)
    }

    /// Notes that the other bank is erased.
    pub(crate) fn settle<F: NorFlash>(&mut self, flash: &mut F) -> Result<(), Fault> {
        if !self.settled {
            flash::set_mark(flash, self.bank + SETTLED)?;
            self.settled = true;
        }
        Ok(())
    }

    /// Start of the other bank.
    pub(crate) fn other(&self) -> u32 {
        BANK - self.bank
    }

    /// What the records of its log are bound to.
    pub(crate) fn log(&self) -> Parent {
        let Self { bank, generation, epoch, tag, .. } = *self;
        Parent { generation, epoch, tag, start: bank + LOG, end: bank + BANK }
    }
}

const _: () = assert!(VAULT_LENGTH.is_multiple_of(flash::ALIGNMENT) && LOG < BANK / 2);
