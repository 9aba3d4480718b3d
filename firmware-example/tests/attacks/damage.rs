//! A flipped bit in what was just committed takes nothing back.
//!
//! The defence: a committed snapshot that does not open is never passed over for an older one that does.

use neural_vault_core::wire::*;
use neural_vault_token::store::BANK;
use neural_vault_token_simulator::flash::{Flash, Tear};
use neural_vault_token_simulator::seen::{Seen, seen};
use neural_vault_token_simulator::*;

use crate::changes::{CHANGES, Change, after};

/// A board whose power was cut when a change was committed and nothing older was erased yet.
fn cut_after_commit(board: &SimBoard, model: &[u8], change: &Change, new: &Seen) -> SimBoard {
    for steps in 0.. {
        let cut = board.copy();
        session(cut.clone(), model, |client| {
            cut.flash.cut_after(steps, Tear::Before);
            (change.make)(client).unwrap_err();
        });
        cut.flash.restore_power();
        if seen(&cut, model) == *new {
            return cut;
        }
    }
    unreachable!()
}

#[test]
fn no_flipped_bit_takes_a_change_back() {
    let aligned = bundle();
    let model = aligned.bytes();
    let (mut flips, mut disabled) = (0, 0);
    for board in [SimBoard::new(Flash::new()), SimBoard::with_counter(Flash::new())] {
        enrol_on(&board, model);
        for change in &CHANGES {
            let new = seen(&after(&board, model, change), model);
            let cut = cut_after_commit(&board, model, change, &new);
            let content = cut.flash.content();
            let banks = [0, BANK as usize].map(|bank| content[bank..][..512].iter().any(|&byte| byte != 0xff));
            assert_eq!(banks, [true, true], "{}: both banks are written", change.name);
            for place in (0..content.len()).filter(|&place| content[place] != 0xff || place % 512 == 7) {
                for bit in 0..8 {
                    cut.flash.set(place, content[place] ^ 1 << bit);
                    let found = seen(&cut, model);
                    cut.flash.set(place, content[place]);
                    flips += 1;
                    if found.state == State::Disabled {
                        disabled += 1;
                    } else {
                        assert_eq!(found, new, "{}: bit {bit} of {place}", change.name);
                    }
                }
            }
        }
    }
    println!("{flips} flipped bits after a commit: {disabled} disable the token, none takes a change back");
    assert!(disabled > flips / 4);
}

#[test]
fn a_start_that_finds_damage_writes_nothing_though_a_cut_left_work_to_finish() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = SimBoard::with_counter(Flash::new());
    enrol_on(&board, model);
    let accepted = Change { name: "verify", make: |client| verify(client, SLOT, &genuine(9)), renews: false };
    let (mut unfinished, mut disabled) = (0, 0);
    for change in CHANGES.iter().chain([&accepted]) {
        let whole = board.copy();
        whole.flash.count();
        session(whole.clone(), model, |client| (change.make)(client).unwrap());
        for cut in 0..whole.flash.count().0 {
            let left = board.copy();
            session(left.clone(), model, |client| {
                left.flash.cut_after(cut, Tear::After);
                let _ = (change.make)(client);
            });
            left.flash.restore_power();
            unfinished += usize::from(writes(&left, model));
            // Snapshots, logs and the prototype.
            for place in [40, 616, 696, BANK as usize + 40, BANK as usize + 616, 2 * BANK as usize + 40] {
                let damaged = left.copy();
                damaged.flash.flip(place, 2);
                if seen(&damaged, model).state == State::Disabled {
                    assert!(!writes(&damaged, model), "{}: cut after {cut} steps, byte {place}", change.name);
                    disabled += 1;
                }
            }
        }
    }
    println!("{unfinished} cuts leave work to finish; {disabled} starts with damage on top of a cut wrote nothing");
    assert!(unfinished > 20 && disabled > 100, "{unfinished} {disabled}");
}

/// Whether a start writes.
fn writes(board: &SimBoard, model: &[u8]) -> bool {
    let started = board.copy();
    start(started.clone(), model, |_| ());
    started.flash.content() != board.flash.content()
}

#[test]
fn a_token_with_a_damaged_new_bank_can_only_be_wiped_and_is_blank_then() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = enrolled_board(model);
    for change in &CHANGES {
        let new = seen(&after(&board, model, change), model);
        let cut = cut_after_commit(&board, model, change, &new);
        let bank = if board.flash.content()[0] == 0xff { 0 } else { BANK as usize };
        cut.flash.set(bank + 100, cut.flash.content()[bank + 100] ^ 1);
        assert_eq!(crate::changes::reason(&cut, model), Fault::StorageDamaged);
        session(cut.clone(), model, |client| {
            assert_eq!(client.admin::<ListSlots, _>(&ADMIN, ()), Err(Fault::StorageDamaged.into()));
            crate::changes::wipe_unsound(client).unwrap();
            let ended = client.admin::<ListSlots, _>(&ADMIN, ());
            assert_eq!(ended, Err(Fault::HandshakeNeeded.into()), "the session ends with the token's key");
        });
        assert_eq!(seen(&cut, model).state, State::Blank);
    }
}
