//! Power cuts at every step of every change leave the old state or the new one, no free attempt, and a token that works.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use neural_vault_core::wire::*;
use neural_vault_token::token::Token;
use neural_vault_token_simulator::client::Client;
use neural_vault_token_simulator::flash::{Flash, TEARS, Tear};
use neural_vault_token_simulator::*;

type Host<'m> = Client<Token<'m, SimBoard>>;

/// What a host can see of a token.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    state: State,
    allow_export: bool,
    misses: u8,
    slots: Option<[SlotInfo; SLOTS]>,
}

/// A change to cut: how the board is prepared, what is sent before the power may be cut, and what after.
struct Case {
    name: &'static str,
    board: fn(&[u8]) -> SimBoard,
    before: fn(&mut Host<'_>),
    act: fn(&mut Host<'_>, &[u8]) -> Result<(), Refusal>,
    /// Whether it is an attempt: then a third state is allowed, in which the attempt is counted and nothing else done.
    attempt: bool,
}

fn nothing(_: &mut Host<'_>) {}

fn blank(_: &[u8]) -> SimBoard {
    SimBoard::new(Flash::new())
}

/// A board whose log of attempts is full, so that the next attempt is a commit.
fn full_log(model: &[u8]) -> SimBoard {
    let board = enrolled_board(model);
    session(board.clone(), model, |client| {
        // A success takes two records of 80 bytes of the bank's 8192, after 2368 of the snapshot.
        for take in 0..36 {
            verify(client, SLOT, &genuine(take)).unwrap();
        }
    });
    board
}

fn send(client: &mut Host<'_>, scan: Vec<f32>) {
    client.scan(Purpose::Verify { slot: SLOT }, DIMS.features, &scan).unwrap();
}

fn judge(client: &mut Host<'_>) -> Result<(), Refusal> {
    client.call::<Verify>(&()).map(|_| ())
}

const IN_SLOT: SlotNumber = SlotNumber { slot: SLOT };

const CASES: [Case; 12] = [
    Case {
        name: "provision",
        board: blank,
        before: nothing,
        act: |client, model| client.call::<Provision>(&provisioning(model)),
        attempt: false,
    },
    Case {
        name: "enrol",
        board: enrolled_board,
        before: nothing,
        act: |client, _| {
            let scans: Vec<_> = (0..2).map(impostor).collect();
            client.enrol(&ADMIN, EMPTY, DIMS.features, &scans, THRESHOLD).map(|_| ())
        },
        attempt: false,
    },
    Case {
        name: "verify, accepted",
        board: enrolled_board,
        before: |client| send(client, genuine(7)),
        act: |client, _| judge(client),
        attempt: true,
    },
    Case {
        name: "verify, rejected",
        board: enrolled_board,
        before: |client| send(client, impostor(7)),
        act: |client, _| judge(client),
        attempt: true,
    },
    Case {
        name: "verify an empty slot",
        board: enrolled_board,
        before: |client| send(client, genuine(7)),
        act: |client, _| judge(client),
        attempt: true,
    },
    Case {
        name: "verify, accepted, with a full log",
        board: full_log,
        before: |client| send(client, genuine(7)),
        act: |client, _| judge(client),
        attempt: true,
    },
    Case {
        name: "verify, rejected, with a full log",
        board: full_log,
        before: |client| send(client, impostor(7)),
        act: |client, _| judge(client),
        attempt: true,
    },
    Case {
        name: "rotate",
        board: enrolled_board,
        before: nothing,
        act: |client, _| client.admin::<Rotate, _>(&ADMIN, IN_SLOT).map(|_| ()),
        attempt: false,
    },
    Case {
        name: "reset attempts",
        board: |model| {
            let board = enrolled_board(model);
            session(board.clone(), model, |client| verify(client, SLOT, &impostor(1)).unwrap_err());
            board
        },
        before: nothing,
        act: |client, _| client.admin::<ResetAttempts, _>(&ADMIN, ()).map(|_| ()),
        attempt: false,
    },
    Case {
        name: "set policy",
        board: enrolled_board,
        before: nothing,
        act: |client, _| {
            client.admin::<SetPolicy, _>(
                &ADMIN,
                Policy { allow_export: false, confirm_verify: false, confirm_challenge: false },
            )
        },
        attempt: false,
    },
    Case {
        name: "revoke",
        board: enrolled_board,
        before: nothing,
        act: |client, _| client.admin::<Revoke, _>(&ADMIN, IN_SLOT),
        attempt: false,
    },
    Case {
        name: "wipe",
        board: enrolled_board,
        before: nothing,
        act: |client, _| client.admin::<Wipe, _>(&ADMIN, ()),
        attempt: false,
    },
];

fn see(client: &mut Host<'_>) -> Seen {
    let TokenInfo { state, misses, policy: Policy { allow_export, .. }, .. } = client.call::<Info>(&()).unwrap();
    let slots = (state != State::Blank).then(|| client.admin::<ListSlots, _>(&ADMIN, ()).unwrap());
    Seen { state, allow_export, misses, slots }
}

fn seen(flash: &Flash, model: &[u8]) -> Seen {
    session(SimBoard::new(flash.copy()), model, see)
}

/// Whether `found` is `old` with one more miss in one slot.
fn is_counted(old: &Seen, found: &Seen) -> bool {
    found.misses == old.misses + 1 && found.slots == old.slots
}

/// Checks that the token works in its state: it does what comes next.
fn works_on(flash: &Flash, model: &[u8], found: &Seen) {
    session(SimBoard::new(flash.copy()), model, |client| {
        if found.state == State::Blank {
            client.call::<Provision>(&provisioning(model)).unwrap();
        }
        if found.slots.is_some_and(|slots| slots[usize::from(SLOT)].is_some()) {
            verify(client, SLOT, &genuine(8)).unwrap();
        }
        client.admin::<Wipe, _>(&ADMIN, ()).unwrap();
        assert_eq!(client.call::<Info>(&()).unwrap().state, State::Blank);
    });
}

#[derive(Default)]
struct Tally {
    operations: usize,
    steps: usize,
    cuts: usize,
    old: usize,
    new: usize,
    paid: usize,
    second_cuts: usize,
}

/// Runs a case with the power cut after some steps; returns the verdict and the flash as it was left.
fn run(case: &Case, model: &[u8], prepared: &Flash, cut: Option<(usize, Tear)>) -> (Result<(), Refusal>, Flash) {
    let flash = prepared.copy();
    let mut board = SimBoard::new(flash.clone());
    board.reseed(99);
    let verdict = session(board, model, |client| {
        (case.before)(client);
        flash.count();
        if let Some((steps, tear)) = cut {
            flash.cut_after(steps, tear);
        }
        (case.act)(client, model)
    });
    flash.restore_power();
    (verdict, flash)
}

fn try_every_cut(case: &Case, model: &[u8]) -> Tally {
    let prepared = (case.board)(model).flash;
    let old = seen(&prepared, model);
    let (_, flash) = run(case, model, &prepared, None);
    let (steps, operations) = flash.count();
    let new = seen(&flash, model);
    assert!(steps > 0, "{}: nothing is written", case.name);

    let mut tally = Tally { operations, steps, ..Tally::default() };
    for (cut, tear) in (0..steps).flat_map(|cut| TEARS.map(|tear| (cut, tear))) {
        let (verdict, left) = run(case, model, &prepared, Some((cut, tear)));
        let found = seen(&left, model);
        let context = || format!("{}: cut after {cut} of {steps} steps, torn {tear:?}: {verdict:?}", case.name);
        tally.cuts += 1;
        if found == old {
            tally.old += 1;
        } else if found == new {
            tally.new += 1;
        } else if case.attempt && is_counted(&old, &found) {
            tally.paid += 1;
        } else {
            panic!("{}: {found:?} is neither {old:?} nor {new:?}", context());
        }
        // A verdict that the host received was counted.
        if case.attempt && verdict == Err(Fault::Rejected.into()) {
            assert!(is_counted(&old, &found), "{}: a free attempt", context());
        }
        if verdict.is_ok() {
            assert_eq!(found, new, "{}: reported as done, but it is not", context());
        }
        works_on(&left, model, &found);
        // The start after the cut may write too, and be cut as well.
        for (again, tear) in [0, 3, 9].into_iter().flat_map(|again| TEARS.map(|tear| (again, tear))) {
            let twice = left.copy();
            twice.cut_after(again, tear);
            session(SimBoard::new(twice.clone()), model, |_| ());
            twice.restore_power();
            if twice.content() != left.content() {
                tally.second_cuts += 1;
                assert_eq!(seen(&twice, model), found, "{}: cut again after {again}", context());
            }
        }
    }
    tally
}

#[test]
fn a_power_cut_leaves_the_old_state_or_the_new_one() {
    let aligned = bundle();
    let model = aligned.bytes();
    println!(
        "{:34} {:>10} {:>6} {:>6} {:>6} {:>6} {:>6} {:>11}",
        "", "operations", "steps", "cuts", "old", "paid", "new", "second cuts"
    );
    let mut cuts = 0;
    for case in &CASES {
        let tally = try_every_cut(case, model);
        let Tally { operations, steps, old, paid, new, second_cuts, .. } = tally;
        println!(
            "{:34} {operations:>10} {steps:>6} {:>6} {old:>6} {paid:>6} {new:>6} {second_cuts:>11}",
            case.name, tally.cuts
        );
        // An accepted attempt is restored, so its new state equals the old one.
        assert!(old > 0 && new + paid > 0, "{}: two states are met", case.name);
        cuts += tally.cuts;
    }
    println!("{cuts} power cuts, none outside the allowed states");
}
