//! Power cuts at every step of every change leave the old state or the new one, no free attempt, and a token that works.
//!
//! A changed bit on top of the cut leaves one of these two, or a disabled token; it never takes back what a host was told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cases;

use neural_vault_core::wire::*;
use neural_vault_testkit::Random;
use neural_vault_token_simulator::flash::{Flash, TEARS, Tear};
use neural_vault_token_simulator::*;

use cases::{CASES, Case, Host, another, wipe};

/// Bits that are flipped after each cut: half of them where something is written.
const FLIPS: usize = 16;

/// What a host can see of a token.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    state: State,
    allow_export: bool,
    slots: Option<[SlotInfo; SLOTS]>,
}

/// The states that a cut may leave.
struct Allowed {
    old: Seen,
    new: Seen,
}

#[derive(Debug, PartialEq)]
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
    let (mut cuts, mut flips) = (0, 0);
    for (case, blank) in
        CASES.iter().flat_map(|case| [(case, SimBoard::new as fn(Flash) -> _), (case, SimBoard::with_counter)])
    {
        let tally = try_every_cut(case, model, &blank(Flash::new()));
        let Tally { operations, steps, old, paid, new, second_cuts, disabled, .. } = tally;
        let figures = [operations, steps, tally.cuts, old, paid, new, second_cuts, tally.flips, disabled];
        println!("{:34}{}", case.name, figures.map(|figure| format!(" {figure:>10}")).concat());
        // An accepted attempt gives back what it took, so its new state equals the old one.
        assert!(old > 0 && new + paid > 0, "{}: two states are met", case.name);
        (cuts, flips) = (cuts + tally.cuts, flips + tally.flips);
    }
    println!("{cuts} power cuts and {flips} of them with a flipped bit, none outside the allowed states");
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
        match judge(case, &allowed, &found, &verdict) {
            Some(Outcome::Old) => tally.old += 1,
            Some(Outcome::Paid) => tally.paid += 1,
            Some(Outcome::New) => tally.new += 1,
            outcome => panic!("{}: {outcome:?}: {found:?}", context()),
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
            match judge(case, &allowed, &found, &verdict) {
                Some(Outcome::Disabled) => tally.disabled += 1,
                Some(_) => {}
                None => panic!("{}: bit {bit} of {place} flipped: {found:?}", context()),
            }
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

/// What a token was left as, after a host was told `verdict`; `None` if that is not allowed.
fn judge(case: &Case, allowed: &Allowed, found: &Seen, verdict: &Result<(), Refusal>) -> Option<Outcome> {
    let Allowed { old, new } = allowed;
    let told = verdict.is_ok() || (case.attempt && *verdict == Err(Fault::Rejected.into()));
    if told && found == new {
        Some(Outcome::New)
    } else if !told && found == old {
        Some(Outcome::Old)
    } else if !told && found == new {
        Some(Outcome::New)
    } else if !told && case.attempt && is_counted(old, found) {
        Some(Outcome::Paid)
    } else {
        (found.state == State::Disabled).then_some(Outcome::Disabled)
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

fn see(client: &mut Host<'_>) -> Seen {
    let TokenInfo { state, allow_export, .. } = client.call::<Info>(&()).unwrap();
    let provisioned = !matches!(state, State::Blank | State::Disabled);
    let slots = provisioned.then(|| client.admin::<ListSlots, _>(&ADMIN, ()).unwrap());
    Seen { state, allow_export, slots }
}

fn seen(board: &SimBoard, model: &[u8]) -> Seen {
    session(board.copy(), model, see)
}

/// Whether `found` is `old` with one more miss.
fn is_counted(old: &Seen, found: &Seen) -> bool {
    let (Some(old), Some(found)) = (&old.slots, &found.slots) else {
        return false;
    };
    let same = old.iter().zip(found).all(|(old, found)| old.enrolment == found.enrolment);
    same && found[0].misses == old[0].misses + 1
}

/// Checks that the token works in its state: it does what comes next.
fn works_on(board: &SimBoard, model: &[u8], found: &Seen) {
    session(board.copy(), model, |client| {
        if found.state == State::Blank {
            client.call::<Provision>(&provisioning(model)).unwrap();
        }
        if found.slots.is_some_and(|slots| slots[usize::from(SLOT)].enrolment.is_some()) {
            assert!([genuine(8), another(8)].iter().any(|scan| verify(client, SLOT, scan).is_ok()));
        }
        wipe(client, model).unwrap();
        assert_eq!(client.call::<Info>(&()).unwrap().state, State::Blank);
    });
}
