//! A change of the records, and what it must have done.

use arbitrary::Arbitrary;
use neural_vault_core::wire::*;
use neural_vault_token_simulator::seen::Seen;
use neural_vault_token_simulator::*;

use super::trouble::Trouble;
use crate::token::persons::{FEATURES, MODEL, WINDOW, values};

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
pub(super) enum Change {
    Provision,
    Enrol { slot: u8 },
    Verify { slot: u8, person: u8 },
    Rotate { slot: u8 },
    Revoke { slot: u8 },
    ResetAttempts,
    SetPolicy { confirm: bool },
    Wipe,
}

impl Change {
    /// Makes the change on a copy of the board, whose flash counts its steps from the request that makes it.
    pub(super) fn make(self, board: &SimBoard, trouble: Trouble) -> (SimBoard, Result<(), Refusal>) {
        let mut board = board.copy();
        board.counter_fails = trouble == Trouble::CounterFails;
        let verdict = session(board.clone(), MODEL.bytes(), |client| {
            if let Self::Verify { slot, person } = self {
                let purpose = Purpose::Verify { slot: slot % 4 };
                if let Err(refusal) = client.scan(purpose, FEATURES, &values(person % 2, 1, 4)) {
                    board.flash.count();
                    return Err(refusal);
                }
            }
            let taken = if let Self::Enrol { .. } = self { taken(client) } else { None };
            board.flash.count();
            match trouble {
                Trouble::None | Trouble::CounterFails => {}
                Trouble::Cut { after, torn } => board.flash.cut_after(after.into(), torn.tear()),
                Trouble::Breaks { after } => board.flash.break_after(after.into()),
                Trouble::Stuck => board.flash.set_stuck(true),
            }
            match self {
                Self::Provision => {
                    client.call::<Provision>(&Provisioning { window: WINDOW, ..provisioning(MODEL.bytes()) })
                }
                Self::Enrol { slot } => {
                    let label = Label::new("person").expect("short");
                    let prototype = taken.unwrap_or_default();
                    let enrolment = Enrolment { slot: slot % 4, label, scans: 1, prototype, ..rates() };
                    client.admin::<Enrol, _>(&ADMIN, enrolment).map(|_| ())
                }
                Self::Verify { .. } => client.call::<Verify>(&()).map(|_| ()),
                Self::Rotate { slot } => client.admin::<Rotate, _>(&ADMIN, SlotNumber { slot: slot % 4 }).map(|_| ()),
                Self::Revoke { slot } => client.admin::<Revoke, _>(&ADMIN, SlotNumber { slot: slot % 4 }),
                Self::ResetAttempts => client.admin::<ResetAttempts, _>(&ADMIN, ()).map(|_| ()),
                Self::SetPolicy { confirm } => {
                    let policy = Policy { allow_export: false, confirm_verify: false, confirm_challenge: confirm };
                    client.admin::<SetPolicy, _>(&ADMIN, policy)
                }
                Self::Wipe => client.admin::<Wipe, _>(&ADMIN, ()),
            }
        });
        board.flash.restore_power();
        board.flash.set_broken(false);
        board.flash.set_stuck(false);
        board.counter_fails = false;
        (board, verdict)
    }

    pub(super) fn is_attempt(self) -> bool {
        matches!(self, Self::Verify { .. })
    }

    /// What the change must have done where nothing went wrong.
    pub(super) fn judge(self, old: &Seen, new: &Seen, verdict: Result<(), Refusal>) {
        let slot = |seen: &Seen, slot: u8| seen.slots.and_then(|slots| slots[usize::from(slot % 4)]);
        let id = |seen: &Seen, number: u8| slot(seen, number).map(|slot| slot.id);
        if verdict.is_err() {
            let is_counted = self.is_attempt() && *new == old.with_an_attempt();
            assert!(new == old || is_counted, "{self:?}: {verdict:?}: {old:?} became {new:?}");
            assert!(self != Self::Wipe || old.state == State::Blank, "{verdict:?}");
            return;
        }
        match self {
            Self::Provision => assert_eq!((old.state, new.state), (State::Blank, State::Provisioned)),
            Self::Enrol { slot: number } | Self::Rotate { slot: number } => {
                assert!(id(new, number).is_some() && id(new, number) != id(old, number));
            }
            Self::Verify { slot: number, .. } => {
                assert!(slot(old, number).is_some());
                assert_eq!(*new, Seen { misses: 0, ..old.clone() });
            }
            Self::Revoke { slot: number } => assert!(id(old, number).is_some() && id(new, number).is_none()),
            Self::ResetAttempts => assert_eq!(*new, Seen { misses: 0, ..old.clone() }),
            Self::SetPolicy { confirm } => assert_eq!(new.policy.confirm_challenge, confirm),
            Self::Wipe => assert_eq!((new.state, new.misses), (State::Blank, 0)),
        }
    }
}

/// Takes a scan for enrolment; returns the digest of its prototype.
fn taken(client: &mut client::Client<neural_vault_token::token::Token<'_, SimBoard>>) -> Option<[u8; 32]> {
    client.scan(Purpose::Enrol, FEATURES, &values(0, 2, 4)).ok()?;
    client.call::<EnrolScan>(&EnrolmentScan { first: true }).ok().map(|progress| progress.prototype)
}
