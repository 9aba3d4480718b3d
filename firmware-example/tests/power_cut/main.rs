//! Power cuts at every step of every change leave the old state or the new one, no free attempt, and a token that works.
//!
//! A changed bit on top of the cut leaves the same state or a later one, or a disabled token.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cases;

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use neural_vault_core::testing::Random;
use neural_vault_core::wire::*;
use neural_vault_token_simulator::flash::{Flash, TEARS, Tear};
use neural_vault_token_simulator::seen::{Seen, seen};
use neural_vault_token_simulator::*;

use cases::{CASES, Case, another, wipe};

/// Bits that are flipped after each cut: half of them where something is written.
const FLIPS: usize = 8;

/// The states that a cut may leave.
struct Allowed {
    old: Seen,
    new: Seen,
}

/// What was left, in the order in which a change goes through them.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Outcome {
    Old,
    /// The old state, in which an attempt is counted.
    Paid,
    New,
    Disabled,
}

#[derive(Default)]
struct Tally {
    operations: usize,
    steps: usize,
    cuts: usize,
    old: usize,
    paid: usize,
    new: usize,
    second_cuts: usize,
    flips: usize,
    disabled: usize,
}

#[test]
fn a_power_cut_leaves_the_old_state_or_the_new_one_and_a_flipped_bit_none_besides() {
    let aligned = bundle();
    let model = aligned.bytes();
    let heads = ["operations", "steps", "cuts", "old", "paid", "new", "cut again", "flips", "disabled"];
    println!("{:34}{}", "", heads.map(|head| format!(" {head:>10}")).concat());
    let next = AtomicUsize::new(0);
    // Each case on a board without a counter outside the flash, and on one with it.
    let work = || {
        let (mut cuts, mut flips) = (0, 0);
        loop {
            let number = next.fetch_add(1, Relaxed);
            let Some(case) = CASES.get(number / 2) else { break };
            let blank = if number.is_multiple_of(2) { SimBoard::new } else { SimBoard::with_counter };
            let tally = try_every_cut(case, model, &blank(Flash::new()));
            let Tally { operations, steps, old, paid, new, second_cuts, disabled, .. } = tally;
            let figures = [operations, steps, tally.cuts, old, paid, new, second_cuts, tally.flips, disabled];
            println!("{:34}{}", case.name, figures.map(|figure| format!(" {figure:>10}")).concat());
            assert!(old > 0 && new + paid > 0, "{}: two states are met", case.name);
            (cuts, flips) = (cuts + tally.cuts, flips + tally.flips);
        }
        (cuts, flips)
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (cuts, flips) = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let done = workers.into_iter().map(|worker| worker.join().unwrap());
        done.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    });
    println!("{cuts} power cuts, and {flips} flipped bits on top of them: none outside the allowed states");
}

fn try_every_cut(case: &Case, model: &[u8], blank: &SimBoard) -> Tally {
    (case.prepare)(blank, model);
    let (_, done) = run(case, model, blank, None);
    let (steps, operations) = done.flash.count();
    let allowed = Allowed { old: seen(blank, model), new: seen(&done, model) };
    assert!(steps > 0, "{}: nothing is written", case.name);

    let mut tally = Tally { operations, steps, ..Tally::default() };
    for (cut, tear) in (0..steps).flat_map(|cut| TEARS.map(|tear| (cut, tear))) {
        let (verdict, left) = run(case, model, blank, Some((cut, tear)));
        let context = || format!("{}: cut after {cut} of {steps} steps, torn {tear:?}: {verdict:?}", case.name);
        let found = seen(&left, model);
        tally.cuts += 1;
        let outcome = allowed.judge(case, &found);
        match outcome {
            Some(Outcome::Old) => tally.old += 1,
            Some(Outcome::Paid) => tally.paid += 1,
            Some(Outcome::New) => tally.new += 1,
            outcome => panic!("{}: {outcome:?}: {found:?}", context()),
        }
        // What a host was told is so: a verdict was counted, and what is reported as done is done.
        if verdict.is_ok() || (case.attempt && verdict == Err(Fault::Rejected.into())) {
            assert_eq!(outcome, Some(Outcome::New), "{}", context());
        }
        works_on(&left, model, &found);
        // The start after the cut may write too, and be cut as well.
        for (again, tear) in [0, 3, 9].into_iter().flat_map(|again| TEARS.map(|tear| (again, tear))) {
            let twice = left.copy();
            twice.flash.cut_after(again, tear);
            session(twice.clone(), model, |_| ());
            twice.flash.restore_power();
            if twice.flash.content() != left.flash.content() {
                tally.second_cuts += 1;
                assert_eq!(seen(&twice, model), found, "{}: cut again after {again}", context());
            }
        }
        for (place, bit) in flips(&left.flash.content(), tally.cuts as u32) {
            let damaged = left.copy();
            damaged.flash.set(place, damaged.flash.content()[place] ^ 1 << bit);
            let found = seen(&damaged, model);
            tally.flips += 1;
            let damaged = allowed.judge(case, &found);
            let disabled = found.state == State::Disabled;
            assert!(disabled || damaged >= outcome, "{}: {outcome:?}, bit {bit} of {place}: {found:?}", context());
            tally.disabled += usize::from(disabled);
        }
    }
    tally
}

/// Runs a case with the power cut after some steps; returns the verdict and the board as it was left.
fn run(case: &Case, model: &[u8], prepared: &SimBoard, cut: Option<(usize, Tear)>) -> (Result<(), Refusal>, SimBoard) {
    let mut board = prepared.copy();
    board.reseed(99);
    let verdict = session(board.clone(), model, |client| {
        (case.before)(client);
        board.flash.count();
        if let Some((steps, tear)) = cut {
            board.flash.cut_after(steps, tear);
        }
        (case.act)(client, model)
    });
    board.flash.restore_power();
    (verdict, board)
}

impl Allowed {
    /// What a token was left as; `None` if that is not allowed.
    fn judge(&self, case: &Case, found: &Seen) -> Option<Outcome> {
        if *found == self.new {
            Some(Outcome::New)
        } else if *found == self.old {
            Some(Outcome::Old)
        } else if case.attempt && *found == self.old.with_an_attempt() {
            Some(Outcome::Paid)
        } else {
            (found.state == State::Disabled).then_some(Outcome::Disabled)
        }
    }
}

/// Places and bits to flip: evenly over what is written, and over everything.
fn flips(content: &[u8], seed: u32) -> Vec<(usize, usize)> {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9) | 1);
    let written: Vec<usize> = (0..content.len()).filter(|&place| content[place] != 0xff).collect();
    let all: Vec<usize> = (0..content.len()).collect();
    let mut flips = Vec::new();
    for places in [written, all] {
        let bits = 8 * places.len();
        let stride = bits / (FLIPS / 2);
        let first = (random.float().abs() * stride as f32) as usize;
        flips.extend((0..bits).skip(first).step_by(stride.max(1)).map(|bit| (places[bit / 8], bit % 8)));
    }
    flips
}

/// Checks that the token works in its state: it does what comes next.
fn works_on(board: &SimBoard, model: &[u8], found: &Seen) {
    session(board.copy(), model, |client| {
        if found.state == State::Blank {
            client.call::<Provision>(&provisioning(model)).unwrap();
        }
        if found.slots.is_some_and(|slots| slots[usize::from(SLOT)].is_some()) {
            assert!([genuine(8), another(8)].iter().any(|scan| verify(client, SLOT, scan).is_ok()));
        }
        wipe(client, model).unwrap();
        client.handshake().unwrap();
        assert_eq!(client.call::<Info>(&()).unwrap().state, State::Blank);
    });
}
