//! Guessing: attempts against the error rate of a threshold, over all slots.

use neural_vault_core::wire::*;
use neural_vault_token_simulator::*;

/// An administrator's command to enrol under these false matches.
fn enrol(
    client: &mut crate::changes::Host<'_>,
    slot: u8,
    threshold: f32,
    false_matches: FalseMatches,
    accepted_risk: Option<AcceptedRisk>,
) -> Result<(), Refusal> {
    client.scan(Purpose::Enrol, DIMS.features, &genuine(0)).unwrap();
    let EnrolmentProgress { scans, prototype } = client.call::<EnrolScan>(&EnrolmentScan { first: true }).unwrap();
    let label = Label::new("alice").unwrap();
    let enrolment = Enrolment { slot, label, scans, threshold, frames: 0, prototype, false_matches, accepted_risk };
    client.admin::<Enrol, _>(&ADMIN, enrolment).map(drop)
}

/// The shipped model's false matches at its threshold, and those of one that was never seen to accept another.
const SHIPPED: FalseMatches = FalseMatches { matches: 5, trials: 56, persons: 8, bound: 0.1963 };
const NONE_OF_224: FalseMatches = FalseMatches { matches: 0, trials: 224, persons: 8, bound: 0.0164 };

#[test]
fn an_enrolment_that_accepts_strangers_too_often_is_refused() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let before = client.admin::<ListSlots, _>(&ADMIN, ()).unwrap();
        let risk = |attempts, chance| Some(AcceptedRisk { attempts, chance });
        for (false_matches, accepted_risk) in [
            (SHIPPED, None),
            (FalseMatches::UNKNOWN, None),
            // Figures that contradict each other, or a risk that does not cover the attempts that it names.
            (FalseMatches { bound: 0.0001, ..SHIPPED }, None),
            (FalseMatches { bound: f32::NAN, ..NONE_OF_224 }, None),
            (FalseMatches { bound: -1.0, ..NONE_OF_224 }, None),
            (SHIPPED, risk(5, 0.5)),
            (SHIPPED, risk(0, 1.0)),
            (SHIPPED, risk(51, 1.0)),
            (SHIPPED, risk(5, f32::NAN)),
        ] {
            let refused = enrol(client, SLOT, -1.0, false_matches, accepted_risk);
            assert_eq!(refused, Err(Fault::Budget.into()), "{false_matches:?} {accepted_risk:?}");
        }
        assert_eq!(client.admin::<ListSlots, _>(&ADMIN, ()).unwrap(), before);
    });
}

#[test]
fn four_slots_together_give_no_more_attempts_than_the_smallest_budget() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = enrolled_board(model);
    session(board.clone(), model, |client| {
        for slot in 0..SLOTS as u8 {
            enrol(client, slot, THRESHOLD, NONE_OF_224, None).unwrap();
        }
        assert_eq!(client.call::<Info>(&()).unwrap().budget, 1);
        assert_eq!(verify(client, 0, &impostor(1)), Err(Fault::Rejected.into()));
    });
    session(board, model, |client| {
        for slot in 0..SLOTS as u8 {
            for scan in [genuine(9), impostor(2)] {
                assert_eq!(verify(client, slot, &scan), Err(Fault::BudgetUsedUp.into()), "slot {slot}");
            }
        }
        client.admin::<ResetAttempts, _>(&ADMIN, ()).unwrap();
        verify(client, 0, &genuine(9)).unwrap();
    });
}

#[test]
fn an_accepted_risk_is_shown_to_everyone() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let risk = AcceptedRisk { attempts: 3, chance: 0.6 };
        enrol(client, EMPTY, THRESHOLD, SHIPPED, Some(risk)).unwrap();
        let info = client.call::<Info>(&()).unwrap();
        assert_eq!((info.budget, info.accepted_risk), (3, Some(risk)));
    });
}

#[test]
fn a_token_that_does_not_measure_tells_no_cycle_and_none_without_the_administrator() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let without_tag = Authorised { tag: [0; TAG_LENGTH], command: () };
        assert_eq!(client.call::<Measure>(&without_tag).err(), Some(Fault::NotAuthorised.into()));
        assert_eq!(client.admin::<Measure, _>(&ADMIN, ()).err(), Some(Fault::Unsupported.into()));
    });
}
