//! Whoever writes the flash, but has no old copy of it, cannot lower the count of misses.
//!
//! The defence: a record of the log is destroyed once its successor is committed, and a log without a live record is
//! damaged.

use neural_vault_core::wire::*;
use neural_vault_token::store::BANK;
use neural_vault_token_simulator::flash::Flash;
use neural_vault_token_simulator::seen::{Seen, seen};
use neural_vault_token_simulator::*;

use crate::changes::{WITHOUT_EXPORT, live_bank, reason};

const LOG: usize = 576;
const RECORD: usize = 80;
const MISSES: u8 = 15;

/// An enrolled board with fifteen misses, and the content of its flash after each.
fn missed(model: &[u8]) -> (SimBoard, Vec<Vec<u8>>) {
    let board = SimBoard::new(Flash::new());
    enrol_on(&board, model);
    let mut earlier = Vec::new();
    for _ in 0..MISSES / 5 {
        session(board.clone(), model, |client| {
            for take in 0..5 {
                earlier.push(board.flash.content());
                verify(client, SLOT, &impostor(take)).unwrap_err();
            }
        });
    }
    (board, earlier)
}

fn try_image(board: &SimBoard, model: &[u8], image: &[u8], whole: &Seen, name: &str) -> bool {
    let board = board.copy();
    board.flash.set_content(image);
    let found = seen(&board, model);
    assert!(found.state == State::Disabled || found == *whole, "{name}: {found:?}");
    found.state == State::Disabled
}

#[test]
fn a_cut_log_disables_the_token() {
    let aligned = bundle();
    let model = aligned.bytes();
    let (board, _) = missed(model);
    let whole = seen(&board, model);
    assert_eq!(whole.misses, MISSES);
    let content = board.flash.content();
    let log = live_bank(&content) + LOG;
    let end = live_bank(&content) + BANK as usize;
    for record in 0..=usize::from(MISSES) {
        // The tail from here on, this record alone, and everything up to it, erased or zeros.
        let place = log + record * RECORD;
        for (name, range) in [("tail", place..end), ("record", place..place + RECORD), ("head", log..place + RECORD)] {
            for byte in [0xff, 0] {
                let mut image = content.clone();
                image[range.clone()].fill(byte);
                let disabled = try_image(&board, model, &image, &whole, name);
                let live_is_gone = range.contains(&(log + usize::from(MISSES) * RECORD));
                assert!(disabled || !live_is_gone, "{name} of record {record} filled with {byte}");
            }
        }
        // Without its commit alone.
        let mut image = content.clone();
        image[place + 64..][..16].fill(0xff);
        try_image(&board, model, &image, &whole, "commit");
    }
    let cut = board.copy();
    let mut image = content.clone();
    image[log..end].fill(0xff);
    cut.flash.set_content(&image);
    assert_eq!(reason(&cut, model), Fault::StorageDamaged);
}

#[test]
fn an_earlier_record_of_the_log_does_not_open_where_a_later_one_was() {
    let aligned = bundle();
    let model = aligned.bytes();
    let (board, earlier) = missed(model);
    let whole = seen(&board, model);
    let content = board.flash.content();
    let log = live_bank(&content) + LOG;
    for (count, old) in earlier.iter().enumerate() {
        let record = &old[log + count * RECORD..][..RECORD];
        for place in 0..=usize::from(MISSES) + 1 {
            let mut image = content.clone();
            image[log + place * RECORD..][..RECORD].copy_from_slice(record);
            // Before the live record, whatever does not open is one whose destruction was cut.
            let disabled = try_image(&board, model, &image, &whole, "an earlier record");
            assert!(disabled || place == usize::from(MISSES) - 1, "record {count} in place {place}");
            // In its own place or another, without what came after it.
            image[log + (place + 1) * RECORD..][..20 * RECORD].fill(0xff);
            if place != count {
                assert!(try_image(&board, model, &image, &whole, "and nothing after it"), "{count} in {place}");
            }
        }
    }
}

#[test]
fn a_log_of_another_snapshot_does_not_open_even_of_the_same_change() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = enrolled_board(model);
    // Without a counter outside the flash, an old copy goes on as another history with the same numbers of changes.
    let history = |random| {
        let mut board = board.copy();
        board.reseed(random);
        session(board.clone(), model, |client| {
            client.admin::<SetPolicy, _>(&ADMIN, WITHOUT_EXPORT).unwrap();
        });
        board
    };
    let (fresh, missed) = (history(3), history(4));
    session(missed.clone(), model, |client| verify(client, SLOT, &impostor(1)).unwrap_err());
    let (whole, content, fresh) = (seen(&missed, model), missed.flash.content(), fresh.flash.content());
    let bank = live_bank(&content);
    assert_eq!(live_bank(&fresh), bank);
    let mut image = content;
    image[bank + LOG..bank + BANK as usize].copy_from_slice(&fresh[bank + LOG..bank + BANK as usize]);
    assert!(try_image(&missed, model, &image, &whole, "another log"));
}
