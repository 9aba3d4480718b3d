//! The conformance checks pass on a sound board, and each finds a board that breaks its part of the contract.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use neural_vault_token::conformance::{Allowed, run};
use neural_vault_token_simulator::flash::Flash;
use neural_vault_token_simulator::*;

const ALL: Allowed = Allowed { erase: true, count: true, press: true };

/// Whether no check failed, and the report.
fn report(mut board: SimBoard, allowed: Allowed) -> (bool, String) {
    let aligned = bundle();
    let sound = run(&mut board, aligned.bytes(), allowed);
    let sent = board.sent.borrow();
    (sound, String::from_utf8_lossy(&sent).replace("\r\n", "\n"))
}

fn with_bytes(board: SimBoard) -> SimBoard {
    board.received.borrow_mut().extend(0..=255);
    board
}

#[test]
fn a_sound_board_passes_every_check() {
    let board = with_bytes(SimBoard::with_counter(Flash::new()));
    let (sound, report) = report(board.clone(), ALL);
    assert!(sound, "{report}");
    for what in ["flash", "random generator", "secret", "clock", "counter of generations", "model", "button", "link"] {
        assert!(report.contains(&format!("\n{what}: passed\n")), "{what}: {report}");
    }
    let bytes: String = (0..=255).map(|byte: u8| format!("{byte:02x}")).collect();
    assert!(report.contains(&format!("\n{bytes}\n")), "the bytes come back");
    assert!(board.flash.content().iter().all(|byte| *byte == 0xff), "nothing is left on the flash");
}

#[test]
fn nothing_is_erased_or_used_up_unless_allowed() {
    let board = SimBoard::with_counter(Flash::new());
    board.flash.set(7, 0x12);
    let (content, counter) = (board.flash.content(), board.generation.clone().unwrap());
    let (sound, report) = report(board.clone(), Allowed { erase: false, count: false, press: false });
    assert!(sound, "{report}");
    for line in [
        "flash: not tried, it would erase the records",
        "counter of generations: not tried, it would use up a generation",
        "button: not tried, nobody is there to press it",
        "link: not tried, no byte arrived",
    ] {
        assert!(report.contains(line), "{line}: {report}");
    }
    assert_eq!((board.flash.content(), counter.get()), (content, 0));
}

#[test]
fn a_broken_part_fails_its_check_alone() {
    type Breakage = (&'static str, fn(&mut SimBoard));
    let broken: [Breakage; 6] = [
        ("flash: FAILED", |board| board.flash.set_broken(true)),
        ("random generator: FAILED", |board| board.random.set(Generator::Poor(3))),
        ("secret: FAILED", |board| board.secret = [0xff; 32]),
        ("counter of generations: FAILED", |board| board.counter_fails = true),
        ("button: FAILED", |board| board.finger = Some(|_| true)),
        ("link: FAILED, a byte was lost", |board| {
            board.received.borrow_mut().pop_front();
        }),
    ];
    for (line, break_it) in broken {
        let mut board = with_bytes(SimBoard::with_counter(Flash::new()));
        break_it(&mut board);
        let (sound, report) = report(board, ALL);
        assert!(!sound && report.contains(line), "{line}: {report}");
        assert_eq!(report.matches("FAILED").count(), 1, "{report}");
    }
}
