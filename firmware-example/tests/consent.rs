//! Consent at the token: what counts as a press, and what does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use neural_vault_core::wire::*;
use neural_vault_token::board::Action;
use neural_vault_token::token::Token;
use neural_vault_token_simulator::client::Client;
use neural_vault_token_simulator::flash::Flash;
use neural_vault_token_simulator::*;

/// What provisioning a blank token answers when its button is pressed at these times, in milliseconds since the question.
fn provision(finger: fn(u64) -> bool) -> Result<(), Fault> {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = SimBoard { finger: Some(finger), ..SimBoard::new(Flash::new()) };
    let asked = board.asked.clone();
    let outcome = session(board, model, |client| client.call::<Provision>(&provisioning(model)));
    assert_eq!(*asked.borrow(), [Action::Provision]);
    outcome.map_err(|refusal| refusal.fault().expect("known"))
}

#[test]
fn a_press_that_begins_and_ends_after_the_question_consents() {
    assert_eq!(provision(|since| (500..700).contains(&since)), Ok(()));
    assert_eq!(provision(|since| (50..90).contains(&since)), Ok(()), "a short one");
    assert_eq!(provision(|since| (29_000..29_900).contains(&since)), Ok(()), "a late one");
    assert_eq!(provision(|since| since < 400 || (1000..1200).contains(&since)), Ok(()), "after an earlier one");
}

#[test]
fn a_held_or_stuck_button_consents_to_nothing() {
    assert_eq!(provision(|_| true), Err(Fault::ButtonStuck));
    assert_eq!(provision(|since| since > 1000), Err(Fault::ButtonStuck), "pressed and never released");
    assert_eq!(provision(|since| since < 10_000), Err(Fault::NotConfirmed), "held when asked, then released");
}

#[test]
fn no_press_or_only_a_bouncing_contact_is_no_consent() {
    assert_eq!(provision(|_| false), Err(Fault::NotConfirmed));
    assert_eq!(provision(|since| since > 1000 && since % 20 < 10), Err(Fault::NotConfirmed));
    assert_eq!(provision(|since| (1000..1025).contains(&since)), Err(Fault::NotConfirmed), "too short");
    assert_eq!(provision(|since| since > 40_000), Err(Fault::NotConfirmed), "too late");
}

#[test]
fn the_watchdog_is_fed_while_a_token_waits_unless_its_clock_stands_still() {
    static LOOKS: AtomicU32 = AtomicU32::new(0);
    let aligned = bundle();
    let model = aligned.bytes();
    let asked_of = |tick, finger: fn(u64) -> bool| {
        let board = SimBoard { finger: Some(finger), ..SimBoard::new(Flash::new()) };
        let fed = board.fed.clone();
        let ask = || {
            session(board, model, |client| {
                client.transport.board().tick = tick;
                fed.set(0);
                client.call::<Provision>(&provisioning(model)).map_err(|refusal| refusal.fault().unwrap())
            })
        };
        (catch_unwind(AssertUnwindSafe(ask)).ok(), fed.get())
    };
    let (outcome, fed) = asked_of(1, |_| false);
    assert!(outcome == Some(Err(Fault::NotConfirmed)) && fed > 29_000, "{outcome:?}, fed {fed} times");
    // The clock is not seen at every millisecond, and not at the last one.
    let (outcome, fed) = asked_of(7, |_| false);
    assert!(outcome == Some(Err(Fault::NotConfirmed)) && fed > 29_000 / 7, "{outcome:?}, fed {fed} times");
    // Such a wait has no end, but for the watchdog.
    let endless = |_| {
        assert!(LOOKS.fetch_add(1, Relaxed) < 100_000, "waits on");
        false
    };
    let (outcome, fed) = asked_of(0, endless);
    assert!(outcome.is_none() && fed == 0, "{outcome:?}, fed {fed} times");
}

#[test]
fn a_contact_that_bounces_at_first_still_presses() {
    assert_eq!(
        provision(|since| (1000..1020).contains(&since) && since % 4 < 2 || (1020..1200).contains(&since)),
        Ok(())
    );
}

#[test]
fn each_action_asks_for_a_press_of_its_own() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = enrolled_board(model);
    board.asked.borrow_mut().clear();
    session(board.clone(), model, |client| {
        export(client, SLOT, b"door", &genuine(9)).unwrap();
        client.admin::<Wipe, _>(&ADMIN, ()).unwrap();
        client.handshake().unwrap();
        assert_eq!(*board.asked.borrow(), [Action::ExportKey, Action::Wipe]);
        // The press for the wipe is over: held since then, the button agrees to nothing more.
        client.transport.board().finger = Some(|_| true);
        let refused = client.call::<Provision>(&provisioning(model)).unwrap_err();
        assert_eq!(refused.fault(), Some(Fault::ButtonStuck));
    });
}

#[test]
fn verifications_and_challenges_ask_where_the_policy_says_so() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = enrolled_board(model);
    session(board.clone(), model, |client| {
        let question = Question { slot: SLOT, nonce: [1; 32], application: b"door" };
        let asked = |client: &mut Client<Token<'_, SimBoard>>, confirm_verify, confirm_challenge| {
            let policy = Policy { confirm_verify, confirm_challenge, ..provisioning(model).policy };
            client.admin::<SetPolicy, _>(&ADMIN, policy).unwrap();
            board.asked.borrow_mut().clear();
            verify(client, SLOT, &genuine(9)).unwrap();
            challenge(client, question, &genuine(9)).unwrap();
            board.asked.borrow().clone()
        };
        assert_eq!(asked(client, false, false), []);
        assert_eq!(asked(client, true, false), [Action::Verify]);
        assert_eq!(asked(client, false, true), [Action::Challenge]);
        assert_eq!(asked(client, true, true), [Action::Verify, Action::Challenge]);
        // Nobody presses: no attempt is counted, and nothing is compared.
        client.transport.board().consents = false;
        assert_eq!(verify(client, SLOT, &genuine(9)), Err(Fault::NotConfirmed.into()));
        assert_eq!(challenge(client, question, &genuine(9)), Err(Fault::NotConfirmed.into()));
        assert_eq!(misses(client), 0);
    });
}
