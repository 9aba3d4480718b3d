//! Records under power cuts, failing flash and changed bits: the old state, the new one, or a disabled token.

mod change;
mod trouble;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use neural_vault_core::wire::*;
use neural_vault_token_simulator::flash::Flash;
use neural_vault_token_simulator::seen::{Seen, see};
use neural_vault_token_simulator::*;
use sha2::{Digest, Sha256};

use crate::token::persons::{FEATURES, MODEL, WINDOW, values};
use change::Change;
use trouble::{Flip, Torn, Trouble};

/// Most changes in a row.
const LONGEST: usize = 4;

/// Changes of the records, from one of a few states.
#[derive(Arbitrary, Debug)]
struct Script {
    start: u8,
    has_counter: bool,
    steps: Vec<Step>,
}

#[derive(Arbitrary, Debug)]
struct Step {
    change: Change,
    trouble: Trouble,
    /// A power cut in the start after it.
    again: Option<(u8, Torn)>,
    /// A bit that changes after it: among what is written, or anywhere.
    flip: Option<Flip>,
    /// An earlier content of the flash that is put back after it.
    old_image: Option<u8>,
}

/// The states that a board may be found in, in the order in which a change goes through them.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Outcome {
    Old,
    /// The old state, in which an attempt is counted.
    Paid,
    New,
}

/// A content of the flash, and what was seen of it.
struct Image {
    content: Vec<u8>,
    generation: u32,
    seen: Seen,
}

/// A content of the flash to start from, and the counter outside it.
type Start = (Vec<u8>, u32);

/// Where changes start, on a board without a counter and on one with it.
static STARTS: LazyLock<Vec<[Start; 2]>> = LazyLock::new(|| {
    let prepare: [fn(&SimBoard); 4] = [
        |_| (),
        |board| enrolled(board, 0),
        |board| enrolled(board, 2),
        |board| {
            enrolled(board, 0);
            // An accepted scan takes two of the 95 records of misses, a rejected one takes one.
            attempts(board, 46, 0);
            attempts(board, 2, 1);
        },
    ];
    let prepared = |prepare: fn(&SimBoard), has_counter| {
        let board = if has_counter { SimBoard::with_counter(Flash::new()) } else { SimBoard::new(Flash::new()) };
        prepare(&board);
        (board.flash.content(), board.generation.map_or(0, |counter| counter.get()))
    };
    prepare.iter().map(|prepare| [false, true].map(|has_counter| prepared(*prepare, has_counter))).collect()
});

/// Takes `bytes` as changes of the records, each with what goes wrong.
pub fn check(bytes: &[u8]) {
    let Ok(script) = Script::arbitrary(&mut Unstructured::new(bytes)) else { return };
    let (content, counter) = &STARTS[usize::from(script.start) % STARTS.len()][usize::from(script.has_counter)];
    let mut board = SimBoard::new(Flash::new());
    board.flash.set_content(content);
    board.generation = script.has_counter.then(|| Rc::new(Cell::new(*counter)));
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    // Other random bytes for each input, and for each change.
    let mut seed = digest.iter().fold(1, |seed: u64, byte| seed.wrapping_mul(257).wrapping_add(u64::from(*byte)));

    let mut images = vec![Image::new(&board, seen(&board))];
    for step in script.steps.iter().take(LONGEST) {
        board.reseed(seed | 1);
        seed = seed.wrapping_add(2);
        let old = images.last().expect("the first image").seen.clone();
        let (left, found) = step.run(&board, &old);
        images.push(Image::new(&left, found));
        board = left;
        if let Some(number) = step.old_image {
            let image = &images[usize::from(number) % images.len()];
            board.flash.set_content(&image.content);
            images.push(image.put_back(&board));
        }
    }
}

impl Step {
    /// Makes the change, and judges what is found afterwards; returns the board and what is seen of it.
    fn run(&self, board: &SimBoard, old: &Seen) -> (SimBoard, (Seen, u32)) {
        let (done, verdict) = self.change.make(board, Trouble::None);
        let (steps, operations) = done.flash.count();
        let new = seen(&done).0;
        self.change.judge(old, &new, verdict);
        if old.state == State::Disabled && self.change != Change::Wipe {
            assert!(board.flash.content() == done.flash.content(), "a disabled token writes nothing: {self:?}");
        }

        let (mut left, verdict) = self.change.make(board, self.trouble.within(steps, operations));
        let judge = |found: &Seen| match found {
            found if *found == new => Some(Outcome::New),
            found if found == old => Some(Outcome::Old),
            found if self.change.is_attempt() && *found == old.with_an_attempt() => Some(Outcome::Paid),
            _ => None,
        };
        let (mut found, mut generation) = seen(&left);
        let outcome = judge(&found).unwrap_or_else(|| panic!("{self:?}: {old:?} became {found:?}, not {new:?}"));
        // What a host was told is so.
        if verdict.is_ok() || (self.change.is_attempt() && verdict == Err(Fault::Rejected.into())) {
            assert_eq!(found, new, "{self:?}");
        }
        if let Some((after, torn)) = self.again {
            left.flash.cut_after(after.into(), torn.tear());
            session(left.clone(), MODEL.bytes(), |_| ());
            left.flash.restore_power();
            assert_eq!(seen(&left).0, found, "{self:?}: cut again");
        }
        // A second change of the bit that disabled a token would undo the first.
        if let Some(flip) = self.flip.filter(|_| found.state != State::Disabled) {
            flip.change(&mut left);
            let (damaged, of_damaged) = seen(&left);
            let is_later = judge(&damaged).is_some_and(|damaged| damaged >= outcome);
            assert!(damaged.state == State::Disabled || is_later, "{self:?}: {found:?} became {damaged:?}");
            (found, generation) = (damaged, of_damaged);
        }
        (left, (found, generation))
    }
}

impl Image {
    fn new(board: &SimBoard, (seen, generation): (Seen, u32)) -> Self {
        Self { content: board.flash.content(), generation, seen }
    }

    /// The image on a board whose counter may have risen since: then it is refused.
    ///
    /// A wipe that was cut before the counter had risen to its generation is a disabled token until another wipe raises it.
    fn put_back(&self, board: &SimBoard) -> Self {
        let again = Self::new(board, seen(board));
        let counter = board.generation.as_ref().map_or(0, |counter| counter.get());
        let is_wiped = again.seen.state == State::Blank && again.generation >= counter;
        if self.seen.state == State::Disabled {
            assert!(again.seen.state == State::Disabled || is_wiped, "{:?} at {counter}", again.seen);
        } else if self.generation < counter {
            assert_eq!(again.seen.state, State::Disabled, "records of generation {} at {counter}", self.generation);
        } else {
            assert_eq!(again.seen, self.seen);
        }
        again
    }
}

/// What a host sees of the token after a start, and the generation of its records.
fn seen(board: &SimBoard) -> (Seen, u32) {
    session(board.copy(), MODEL.bytes(), |client| {
        let generation = client.call::<Info>(&()).expect("it is answered").generation;
        (see(client), generation)
    })
}

/// A token with an enrolment, and some misses.
fn enrolled(board: &SimBoard, misses: u32) {
    session(board.clone(), MODEL.bytes(), |client| {
        let provisioning = Provisioning { window: WINDOW, ..provisioning(MODEL.bytes()) };
        client.call::<Provision>(&provisioning).expect("it is blank");
        client.enrol(&ADMIN, SLOT, FEATURES, &[values(0, 0, 4)], THRESHOLD).expect("it is provisioned");
    });
    attempts(board, misses, 1);
}

/// Attempts of a person.
fn attempts(board: &SimBoard, number: u32, person: u8) {
    session(board.clone(), MODEL.bytes(), |client| {
        for _ in 0..number {
            let accepted = verify_of(client, SLOT, FEATURES, &values(person, 1, 4));
            assert_eq!(accepted.is_ok(), person == 0);
        }
    });
}
