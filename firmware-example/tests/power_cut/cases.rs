//! The changes that are cut: how the board is prepared, and what is done while the power may go.

use neural_vault_core::wire::*;
use neural_vault_token::store::BANK;
use neural_vault_token::token::Token;
use neural_vault_token_simulator::client::Client;
use neural_vault_token_simulator::flash::Tear;
use neural_vault_token_simulator::*;

pub type Host<'m> = Client<Token<'m, SimBoard>>;

/// A change to cut.
pub struct Case {
    pub name: &'static str,
    /// Prepares a blank board.
    pub prepare: fn(&SimBoard, &[u8]),
    /// What is sent before the power may be cut.
    pub before: fn(&mut Host<'_>),
    pub act: fn(&mut Host<'_>, &[u8]) -> Result<(), Refusal>,
    /// Whether it is an attempt: then a third state is allowed, in which the attempt is counted and nothing else done.
    pub attempt: bool,
}

/// Every change, from every state of the banks that it can find.
pub const CASES: [Case; 18] = [
    change("provision", blank, provision),
    change("provision a wiped token", wiped, provision),
    change("enrol", enrol_on, |client, _| enrol(client, EMPTY)),
    change("enrol over an enrolment", enrol_on, |client, _| enrol(client, SLOT)),
    attempt("verify, accepted", missed, |client| send(client, SLOT, genuine(7))),
    attempt("verify, rejected", missed, |client| send(client, SLOT, impostor(7))),
    attempt("verify an empty slot", missed, |client| send(client, EMPTY, genuine(7))),
    attempt("verify, accepted, with a full log", full_log, |client| send(client, SLOT, genuine(7))),
    attempt("verify, rejected, with a full log", full_log, |client| send(client, SLOT, impostor(7))),
    change("rotate", missed, |client, _| client.admin::<Rotate, _>(&ADMIN, IN_SLOT).map(|_| ())),
    change("reset attempts", missed, |client, _| client.admin::<ResetAttempts, _>(&ADMIN, ()).map(|_| ())),
    change("set policy", missed, |client, _| client.admin::<SetPolicy, _>(&ADMIN, WITHOUT_EXPORT)),
    change("revoke", missed, |client, _| client.admin::<Revoke, _>(&ADMIN, IN_SLOT)),
    change("wipe", missed, wipe),
    change("wipe damaged records", damaged_log, wipe),
    change("wipe a damaged new bank", damaged_new_bank, wipe),
    change("wipe damage above the counter", damaged_above_counter, wipe),
    change("wipe two damaged banks", damaged_banks, wipe),
];

/// A scan of a person who is enrolled later.
pub fn another(take: u32) -> Vec<f32> {
    scan(77, take)
}

const WITHOUT_EXPORT: Policy = Policy { allow_export: false, confirm_verify: false, confirm_challenge: false };

const IN_SLOT: SlotNumber = SlotNumber { slot: SLOT };

type Prepare = fn(&SimBoard, &[u8]);
type Act = fn(&mut Host<'_>, &[u8]) -> Result<(), Refusal>;

const fn change(name: &'static str, prepare: Prepare, act: Act) -> Case {
    Case { name, prepare, before: |_| (), act, attempt: false }
}

const fn attempt(name: &'static str, prepare: Prepare, before: fn(&mut Host<'_>)) -> Case {
    Case { name, prepare, before, act: |client, _| client.call::<Verify>(&()).map(|_| ()), attempt: true }
}

fn send(client: &mut Host<'_>, slot: u8, scan: Vec<f32>) {
    client.scan(Purpose::Verify { slot }, DIMS.features, &scan).unwrap();
}

fn provision(client: &mut Host<'_>, model: &[u8]) -> Result<(), Refusal> {
    client.call::<Provision>(&provisioning(model))
}

fn enrol(client: &mut Host<'_>, slot: u8) -> Result<(), Refusal> {
    let scans: Vec<_> = (0..2).map(another).collect();
    client.enrol(&ADMIN, slot, DIMS.features, &scans, THRESHOLD).map(|_| ())
}

/// Wipes a token, with a tag if it has sound records.
pub fn wipe(client: &mut Host<'_>, _: &[u8]) -> Result<(), Refusal> {
    match client.call::<Info>(&())?.state {
        State::Disabled => client.call::<Wipe>(&Authorised { tag: [0; TAG_LENGTH], command: () }),
        _ => client.admin::<Wipe, _>(&ADMIN, ()),
    }
}

fn blank(_: &SimBoard, _: &[u8]) {}

fn wiped(board: &SimBoard, model: &[u8]) {
    enrol_on(board, model);
    session(board.clone(), model, |client| wipe(client, model).unwrap());
}

/// An enrolled token with a miss.
fn missed(board: &SimBoard, model: &[u8]) {
    enrol_on(board, model);
    session(board.clone(), model, |client| verify(client, SLOT, &impostor(1)).unwrap_err());
}

/// An enrolled token whose log is full, so that the next attempt is a commit.
fn full_log(board: &SimBoard, model: &[u8]) {
    enrol_on(board, model);
    session(board.clone(), model, |client| {
        // A success takes two of the 95 records, a miss one; the first is the snapshot's own.
        for take in 0..46 {
            verify(client, SLOT, &genuine(take)).unwrap();
        }
        for take in 0..2 {
            verify(client, SLOT, &impostor(take)).unwrap_err();
        }
    });
}

/// An enrolled token whose snapshot is sound, and whose live record of misses is not.
fn damaged_log(board: &SimBoard, model: &[u8]) {
    enrol_on(board, model);
    damage(board, live_bank(board) + 576 + 40);
}

/// A new bank whose live record of misses is damaged, for which the counter was not raised.
fn damaged_above_counter(board: &SimBoard, model: &[u8]) {
    enrol_on(board, model);
    let new = BANK as usize - live_bank(board);
    let failing = SimBoard { counter_fails: true, ..board.clone() };
    session(failing, model, |client| {
        let outcome = enrol(client, EMPTY);
        assert_eq!(outcome.is_ok(), board.generation.is_none(), "the counter fails where there is one");
    });
    damage(board, new + 576 + 40);
}

/// A sound bank of before a revocation, and the damaged one of after it.
fn damaged_new_bank(board: &SimBoard, model: &[u8]) {
    enrol_on(board, model);
    let old = live_bank(board);
    session(board.clone(), model, |client| {
        let steps = board.copy();
        session(steps.clone(), model, |client| {
            steps.flash.count();
            client.admin::<Revoke, _>(&ADMIN, IN_SLOT).unwrap();
        });
        // The bank's erasure takes 16 steps, the prototype's 8, the mark 4.
        board.flash.cut_after(steps.flash.count().0 - 28, Tear::Before);
        client.admin::<Revoke, _>(&ADMIN, IN_SLOT).unwrap_err();
    });
    board.flash.restore_power();
    assert_ne!(board.flash.content()[old], 0xff, "the old bank is not erased yet");
    damage(board, BANK as usize - old + 100);
}

fn damaged_banks(board: &SimBoard, model: &[u8]) {
    damaged_new_bank(board, model);
    let content = board.flash.content();
    for bank in [0, BANK as usize] {
        if content[bank + 40] != 0xff {
            damage(board, bank + 40);
        }
    }
}

/// Damages a byte in more than one bit, so that no single flipped bit repairs it.
fn damage(board: &SimBoard, place: usize) {
    let byte = board.flash.content()[place];
    board.flash.set(place, byte ^ 0x66);
}

/// Start of the only bank that is not erased.
fn live_bank(board: &SimBoard) -> usize {
    let content = board.flash.content();
    [0, BANK as usize].into_iter().find(|bank| content[*bank..][..16] != [0xff; 16]).unwrap()
}
