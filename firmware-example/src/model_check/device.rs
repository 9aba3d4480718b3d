//! A token that takes one event: it is started, asked for something, and its power may be cut meanwhile.

use std::boxed::Box;
use std::sync::LazyLock;
use std::vec::Vec;

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::Dims;
use neural_vault_core::key::DeviceSecret;
use neural_vault_core::testing::{Aligned, Random, bundle};
use neural_vault_core::wire::{
    AcceptedRisk, AdminKey, Chunk, Enrolment, EnrolmentScan, FalseMatches, Fault, Label, Policy, Provisioning, Purpose,
    Refusal, ScanHead, SlotNumber,
};
use neural_vault_session::StaticKey;
use neural_vault_token_simulator::flash::{Content, Flash, Tear};

use super::board::TestBoard;
use super::spec::Logical;
use crate::machine::{Machine, Stages};
use crate::memory::Memory;
use crate::records::Records;
use crate::scanner::Scanner;

/// Misses that an enrolment allows: more than in a row.
pub(super) const BUDGET: u8 = 6;

/// The slot with the enrolment that is verified.
pub(super) const SLOT: u8 = 1;

/// A slot that may be enrolled too.
pub(super) const OTHER: u8 = 0;

const FEATURES: usize = 8;

/// What is asked of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Provision,
    /// Enrols the person in a slot.
    Enrol(u8),
    /// A scan of the person for a slot.
    Verify(u8),
    /// A scan of somebody else for [`SLOT`].
    VerifyStranger,
    /// Asks for the answer to a challenge, with a scan of the person.
    Challenge,
    Rotate,
    Revoke,
    ResetAttempts,
    SetPolicy,
    Wipe,
}

/// Every command.
pub(super) const COMMANDS: [Command; 12] = [
    Command::Provision,
    Command::Enrol(OTHER),
    Command::Enrol(SLOT),
    Command::Verify(SLOT),
    Command::Verify(OTHER),
    Command::VerifyStranger,
    Command::Challenge,
    Command::Rotate,
    Command::Revoke,
    Command::ResetAttempts,
    Command::SetPolicy,
    Command::Wipe,
];

/// What outlives a power cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Persistent {
    pub(super) content: Content,
    pub(super) counter: Option<u32>,
}

/// A token that is on, between two commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) persistent: Persistent,
    /// Misses in a row.
    pub(super) row: u8,
}

/// After how many steps the power is cut, and how far the step then gets.
pub(super) type Cut = (usize, Tear);

/// A command that was given, or a start.
pub(super) struct Done {
    pub(super) verdict: Result<(), Fault>,
    pub(super) left: Running,
    /// The records in memory afterwards; `None` when the token is disabled.
    pub(super) found: Option<Logical>,
    /// Every way to cut the power meanwhile: at each operation of the flash, before it and at its first, middle and last step.
    pub(super) cuts: Vec<Cut>,
}

/// Memory for a token and its flash.
pub(super) struct Device {
    flash: Flash,
    memory: Box<Memory>,
    /// Whether it answers first and loses the count: what the search must find.
    pub(super) forgets_misses: bool,
}

static MODEL: LazyLock<Aligned> = LazyLock::new(|| bundle(&Dims::linear(FEATURES, 16, 4), 5, None).unwrap());
static OPENED: LazyLock<Bundle<'static>> = LazyLock::new(|| Bundle::open(MODEL.bytes()).unwrap());

impl Device {
    pub(super) fn new() -> Self {
        Self { flash: Flash::new(), memory: Box::new(Memory::new()), forgets_misses: false }
    }

    /// Switches the token on.
    pub(super) fn start(&mut self, from: &Persistent, cut: Option<Cut>) -> Done {
        self.run(&Running { persistent: from.clone(), row: 0 }, cut, |_| Ok(()))
    }

    /// Gives a command to a token that is on.
    pub(super) fn give(&mut self, from: &Running, command: Command, cut: Option<Cut>) -> Done {
        let flash = self.flash.clone();
        let mut done = self.run(from, None, |machine| {
            machine.board.reseed(machine.records.generation());
            prepare(machine, command)?;
            flash.count();
            if let Some((steps, tear)) = cut {
                flash.cut_after(steps, tear);
            }
            command.run(machine)
        });
        if self.forgets_misses && done.verdict == Err(Fault::Rejected) {
            done.left.persistent = from.persistent.clone();
        }
        done
    }

    /// The same with one bit changed.
    pub(super) fn flipped(&mut self, from: &Persistent, place: usize, bit: usize) -> Persistent {
        self.flash.restore(&from.content);
        self.flash.flip(place, bit);
        Persistent { content: self.flash.save(), counter: from.counter }
    }

    /// Every byte of the flash.
    pub(super) fn bytes(&mut self, of: &Persistent) -> Vec<u8> {
        self.flash.restore(&of.content);
        self.flash.content()
    }

    fn run(
        &mut self,
        from: &Running,
        cut: Option<Cut>,
        act: impl FnOnce(&mut Machine<'_, TestBoard>) -> Result<(), Refusal>,
    ) -> Done {
        self.flash.restore(&from.persistent.content);
        self.flash.count();
        if let Some((steps, tear)) = cut {
            self.flash.cut_after(steps, tear);
        }
        let mut board = TestBoard::new(self.flash.clone(), from.persistent.counter);
        let Memory { scans, vault, buffer, keys, .. } = &mut *self.memory;
        keys.unprovisioned = Some(StaticKey::from_bytes(&[3; 32]));
        let records = Records::open(&mut board, vault, buffer, Ok(()));
        let mut machine = Machine {
            board,
            records,
            scanner: Scanner::new(scans),
            row: from.row,
            keys,
            ends_session: false,
            stages: Stages::default(),
            memory: MODEL.bytes(),
            model: Ok(*OPENED),
        };
        let outcome = act(&mut machine);
        let verdict = outcome.map_err(|refusal| refusal.fault().unwrap());
        machine.scanner.clear();
        let (found, row, counter) = (Logical::of(&machine.records), machine.row, machine.board.counter);
        let (starts, (steps, _)) = (self.flash.starts(), self.flash.count());
        self.flash.restore_power();
        let left = Running { persistent: Persistent { content: self.flash.save(), counter }, row };
        Done { verdict, left, found, cuts: cuts(&starts, steps) }
    }
}

impl Command {
    pub(super) fn is_attempt(self) -> bool {
        matches!(self, Self::Verify(_) | Self::VerifyStranger | Self::Challenge)
    }

    /// The slot that an attempt is for.
    pub(super) fn slot(self) -> u8 {
        if let Self::Verify(slot) = self { slot } else { SLOT }
    }

    fn run(self, machine: &mut Machine<'_, TestBoard>) -> Result<(), Refusal> {
        if !matches!(self, Self::Provision | Self::Wipe) {
            // Where a tag is checked, or a scan begun, there must be an identity.
            machine.identity()?;
        }
        match self {
            Self::Provision => machine.provision(Provisioning {
                device_secret: Some(DeviceSecret::from_bytes(&[5; 32])),
                admin_key: AdminKey::from_bytes(&[6; 32]),
                model: *OPENED.digest(),
                window: 2,
                policy: policy(false),
            }),
            Self::Enrol(slot) => {
                let prototype = machine.enrol_scan(EnrolmentScan { first: true })?.prototype;
                let enrolment = Enrolment {
                    slot,
                    label: Label::new("person").unwrap(),
                    scans: 1,
                    threshold: 0.9,
                    frames: 0,
                    prototype,
                    false_matches: FalseMatches { matches: 0, trials: 100_000, persons: 100, bound: 0.000_037 },
                    accepted_risk: Some(AcceptedRisk { attempts: BUDGET, chance: 0.5 }),
                };
                machine.enrol(enrolment).map(|_| ())
            }
            Self::Verify(_) | Self::VerifyStranger => machine.verify(()).map(|_| ()),
            Self::Challenge => machine.challenge(()).map(|_| ()),
            Self::Rotate => machine.rotate(SlotNumber { slot: SLOT }).map(|_| ()),
            Self::Revoke => machine.revoke(SlotNumber { slot: SLOT }),
            Self::ResetAttempts => machine.reset_attempts(()).map(|_| ()),
            Self::SetPolicy => {
                let is_set = machine.policy()?.confirm_challenge;
                machine.set_policy(policy(!is_set))
            }
            Self::Wipe => machine.wipe(()),
        }
    }
}

/// Sends the scan that a command needs. The flash is not touched.
fn prepare(machine: &mut Machine<'_, TestBoard>, command: Command) -> Result<(), Refusal> {
    let purpose = match command {
        Command::Enrol(_) => Purpose::Enrol,
        Command::Verify(slot) => Purpose::Verify { slot },
        Command::VerifyStranger => Purpose::Verify { slot: SLOT },
        Command::Challenge => {
            Purpose::Challenge(neural_vault_core::wire::Question { slot: SLOT, nonce: [9; 32], application: b"door" })
        }
        _ => return Ok(()),
    };
    let person = if command == Command::VerifyStranger { 4 } else { 3 };
    let values = Random(person).floats(2 * FEATURES, 3.0);
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    machine.scan_begin(ScanHead { features: FEATURES as u32, frames: 2, purpose })?;
    machine.scan_chunk(Chunk { number: 0, values: &bytes }).map(|_| ())
}

fn policy(confirm_challenge: bool) -> Policy {
    Policy { allow_export: false, confirm_verify: false, confirm_challenge }
}

/// See [`Done::cuts`].
fn cuts(starts: &[usize], steps: usize) -> Vec<Cut> {
    let ends = starts.iter().skip(1).copied().chain([steps]);
    let mut cuts = Vec::new();
    for (&start, end) in starts.iter().zip(ends).filter(|(start, end)| *start < end) {
        cuts.extend([(start, Tear::Before), (start, Tear::Within)]);
        cuts.extend((end - start > 2).then(|| (start.midpoint(end), Tear::Within)));
        cuts.extend((end - start > 1).then_some((end - 1, Tear::Within)));
    }
    cuts.extend(steps.checked_sub(1).map(|last| (last, Tear::After)));
    cuts
}
