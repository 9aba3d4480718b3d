//! Longer probes than the threshold was measured with, whose scores are higher, a stranger's too.

use neural_vault_core::wire::*;
use neural_vault_token_simulator::*;

const ANOTHER_LENGTH: usize = WINDOW as usize;

/// Enrols for probes of as many frames as [`scan`] has.
fn enrol(client: &mut crate::changes::Host<'_>) {
    client.scan(Purpose::Enrol, DIMS.features, &genuine(0)).unwrap();
    let EnrolmentProgress { scans, prototype } = client.call::<EnrolScan>(&EnrolmentScan { first: true }).unwrap();
    let (label, frames) = (Label::new("alice").unwrap(), 2 * u32::from(WINDOW));
    client.admin::<Enrol, _>(&ADMIN, Enrolment { label, scans, frames, prototype, ..rates() }).unwrap();
}

/// The scan with another number of frames: fewer, and more.
fn of_other_lengths(scan: &[f32]) -> [Vec<f32>; 2] {
    [scan[..ANOTHER_LENGTH * DIMS.features].to_vec(), [scan, &scan[..ANOTHER_LENGTH * DIMS.features]].concat()]
}

#[test]
fn a_scan_of_another_length_is_rejected_whatever_it_holds_and_costs_an_attempt() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = enrolled_board(model);
    session(board.clone(), model, |client| {
        enrol(client);
        assert_eq!(client.call::<Info>(&()).unwrap().frames, 2 * u32::from(WINDOW));
        // The scan that was enrolled itself.
        for scan in of_other_lengths(&genuine(0)) {
            assert_eq!(verify(client, SLOT, &scan).unwrap_err().fault(), Some(Fault::Rejected));
            assert_eq!(misses(client), 1);
            let question = Question { slot: SLOT, nonce: [0; 32], application: b"door" };
            assert_eq!(challenge(client, question, &scan).unwrap_err().fault(), Some(Fault::Rejected));
            let exported = export(client, SLOT, b"door", &scan);
            assert_eq!(exported.unwrap_err().fault(), Some(Fault::Rejected));
            assert_eq!(misses(client), 3);
            verify(client, SLOT, &genuine(1)).unwrap();
            assert_eq!(misses(client), 0);
        }
    });
}

#[test]
fn a_length_does_not_tell_an_enrolled_slot_from_an_empty_one() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = enrolled_board(model);
    session(board.clone(), model, enrol);
    // Answers, and what is done to the flash, with scans of every length.
    let seen = |slot: u8, scan: &[f32]| {
        let board = board.copy();
        session(board.clone(), model, |client| {
            client.scan(Purpose::Verify { slot }, DIMS.features, scan).unwrap();
            board.flash.count();
            let answer = client.call::<Verify>(&()).unwrap_err();
            (answer, misses(client), board.flash.count())
        })
    };
    let [short, long] = of_other_lengths(&genuine(0));
    let empty = seen(EMPTY, &genuine(0));
    for scan in [&short, &long, &impostor(1)] {
        assert_eq!(seen(SLOT, scan), empty);
        assert_eq!(seen(EMPTY, scan), empty);
    }
}
