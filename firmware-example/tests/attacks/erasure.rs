//! An erasure or a counter that fails is no success, and the next start finishes the work before anything else.
//!
//! The defence: every step of a change is read back, and the mark that it is settled is the last one.

use neural_vault_core::wire::*;
use neural_vault_token_simulator::flash::Flash;
use neural_vault_token_simulator::seen::seen;
use neural_vault_token_simulator::*;

use crate::changes::{CHANGES, live_bank};

/// Whether a piece of the live snapshot of `old`, or of its prototype, is still on the flash.
fn is_left(board: &SimBoard, old: &[u8], prototype: bool) -> bool {
    let snapshot = &old[live_bank(old)..][..64];
    let prototype = prototype.then(|| &old[2 * 8192..][..64]);
    let content = board.flash.content();
    [Some(snapshot), prototype].into_iter().flatten().any(|piece| content.windows(64).any(|window| window == piece))
}

#[test]
fn a_change_whose_flash_fails_is_not_reported_as_done() {
    let aligned = bundle();
    let model = aligned.bytes();
    let blank = SimBoard::with_counter(Flash::new());
    enrol_on(&blank, model);
    let (old, content) = (seen(&blank, model), blank.flash.content());
    for change in &CHANGES {
        let done = blank.copy();
        session(done.clone(), model, |client| {
            done.flash.count();
            (change.make)(client).unwrap();
        });
        let (operations, new) = (done.flash.count().1, seen(&done, model));
        let destroys_prototype = ["enrol over an enrolment", "revoke", "wipe"].contains(&change.name);
        assert!(!is_left(&done, &content, destroys_prototype), "{}: everything old is erased", change.name);
        let (mut found_old, mut found_new) = (0, 0);
        for left in 0..operations {
            let board = blank.copy();
            session(board.clone(), model, |client| {
                board.flash.break_after(left);
                let answer = (change.make)(client);
                assert_eq!(answer, Err(Fault::StorageFailed.into()), "{}: {left} operations", change.name);
                board.flash.set_broken(false);
            });
            let found = seen(&board, model);
            if found == old {
                found_old += 1;
            } else {
                assert_eq!(found, new, "{}: {left} operations", change.name);
                // A start has finished the erasure.
                session(board.clone(), model, |_| ());
                assert!(!is_left(&board, &content, destroys_prototype), "{}: {left} operations", change.name);
                found_new += 1;
            }
        }
        assert!(found_old > 0 && found_new > 0, "{}: {found_old} and {found_new}", change.name);
    }
}

#[test]
fn an_erasure_that_does_nothing_is_noticed() {
    let aligned = bundle();
    let model = aligned.bytes();
    for change in &CHANGES {
        let board = enrolled_board(model);
        let content = board.flash.content();
        let new = seen(&crate::changes::after(&board, model, change), model);
        session(board.clone(), model, |client| {
            board.flash.set_stuck(true);
            assert_eq!((change.make)(client), Err(Fault::StorageFailed.into()), "{}", change.name);
            // The token does nothing until the old records are gone, and nobody wipes it without a tag.
            client.handshake().unwrap();
            board.flash.set_stuck(false);
            let without_tag = Authorised { tag: [0; TAG_LENGTH], command: () };
            assert_eq!(client.call::<Wipe>(&without_tag), Err(Fault::StorageFailed.into()), "{}", change.name);
            board.flash.set_stuck(true);
            client.handshake().unwrap();
            assert_eq!(client.call::<Info>(&()).unwrap().state, State::Disabled);
        });
        session(board.clone(), model, |client| {
            client.handshake().unwrap();
            assert_eq!(client.call::<Info>(&()).unwrap().state, State::Disabled);
        });
        board.flash.set_stuck(false);
        session(board.clone(), model, |_| ());
        assert!(!is_left(&board, &content, false), "{}", change.name);
        assert_eq!(seen(&board, model), new, "{}", change.name);
    }
}

#[test]
fn a_counter_that_does_not_rise_stops_the_token_until_it_does() {
    let aligned = bundle();
    let model = aligned.bytes();
    let blank = SimBoard::with_counter(Flash::new());
    enrol_on(&blank, model);
    for change in CHANGES.iter().filter(|change| change.renews) {
        let board = blank.copy();
        let (counter, content) = (board.generation.clone().unwrap(), board.flash.content());
        let new = seen(&crate::changes::after(&board, model, change), model);
        let broken = SimBoard { counter_fails: true, ..board.clone() };
        session(broken, model, |client| {
            assert_eq!((change.make)(client), Err(Fault::StorageFailed.into()), "{}", change.name);
            client.handshake().unwrap();
            assert_eq!(client.call::<Info>(&()).unwrap().state, State::Disabled);
        });
        assert_eq!(counter.get(), 2);
        session(board.clone(), model, |_| ());
        assert_eq!(counter.get(), 3, "{}", change.name);
        assert!(!is_left(&board, &content, false), "{}", change.name);
        assert_eq!(seen(&board, model), new, "{}", change.name);
    }
}

#[test]
fn a_failing_flash_releases_no_verdict_on_an_attempt_that_is_not_counted() {
    let aligned = bundle();
    let model = aligned.bytes();
    let blank = enrolled_board(model);
    for (scan, accepted) in [(genuine(7), true), (impostor(7), false)] {
        for left in 0..36 {
            let board = blank.copy();
            session(board.clone(), model, |client| {
                client.scan(Purpose::Verify { slot: SLOT }, DIMS.features, &scan).unwrap();
                board.flash.break_after(left);
                let verdict = client.call::<Verify>(&()).map_err(|refusal| refusal.fault());
                let counted = left >= 18;
                let expected = if counted && !accepted { Fault::Rejected } else { Fault::StorageFailed };
                assert_eq!(verdict.err(), Some(Some(expected)), "{left} operations");
            });
            board.flash.set_broken(false);
            let misses = seen(&board, model).misses;
            // The second operation is the record's commit, the twentieth that of the count of an accepted attempt.
            let counted = u8::from(left >= 2 && !(accepted && left >= 20));
            assert_eq!(misses, counted, "{left} operations");
        }
    }
}
