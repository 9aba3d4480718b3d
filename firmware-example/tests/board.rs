//! What a token says of its board, and what there is memory for.
#![allow(clippy::unwrap_used)]

use neural_vault_core::encoder::Dims;
use neural_vault_core::wire::*;
use neural_vault_token::board::{Action, Board, BoardSecret, CounterFailed, NoSecret};
use neural_vault_token::entropy::Entropy;
use neural_vault_token_simulator::flash::Flash;
use neural_vault_token_simulator::*;

#[test]
fn a_welcome_says_what_the_board_can_do() {
    let aligned = bundle();
    let capabilities = |board| start(board, aligned.bytes(), |mut client| client.handshake().unwrap().capabilities);
    let buttons = capability::CONFIRMATION | capability::FINGERPRINT;
    assert_eq!(capabilities(SimBoard::new(Flash::new())), buttons);
    assert_eq!(capabilities(SimBoard::with_counter(Flash::new())), buttons | capability::ROLLBACK_COUNTER);
}

#[test]
fn a_board_that_measures_says_how_long_the_parts_of_a_verification_take() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = SimBoard { ticks: Some(0), ..enrolled_board(model) };
    session(board, model, |client| {
        verify(client, SLOT, &genuine(9)).unwrap();
        let measured = client.admin::<Measure, _>(&ADMIN, ()).unwrap();
        // Five chunks, of which two end a window; what is measured takes one look at the clock.
        let (project, encode, verify) = (3 * SimBoard::LOOK, 2 * SimBoard::LOOK, SimBoard::LOOK);
        let expected = Measurement {
            per_tick: 1,
            receive: 0,
            project: project.into(),
            encode: encode.into(),
            verify: verify.into(),
            memory: 2,
            stack: 3,
        };
        assert_eq!(measured, expected);
        assert_eq!(client.handshake().unwrap().capabilities & capability::MEASURE, capability::MEASURE);
    });
}

#[test]
fn a_model_that_there_is_no_memory_for_is_refused() {
    for (d_model, latent) in [(16, 144), (512, 128)] {
        let dims = Dims { d_model, heads: 8, feed_forward: 4096, latent, ..DIMS };
        let aligned = neural_vault_core::testing::bundle(&dims, 5, None).unwrap();
        session(SimBoard::new(Flash::new()), aligned.bytes(), |client| {
            let refused = client.call::<Provision>(&provisioning(aligned.bytes()));
            assert_eq!(refused, Err(Fault::ModelTooLarge.into()), "{dims:?}");
        });
    }
}

#[test]
fn windows_are_as_long_as_there_is_memory_for() {
    let largest = Dims { d_model: 128, feed_forward: 512, latent: 128, layers: 2, heads: 8, positions: 9, ..DIMS };
    let wider = Dims { d_model: 160, ..largest };
    for (dims, window, outcome) in [(largest, 9, Ok(())), (wider, 9, Err(Fault::Window.with(9))), (wider, 1, Ok(()))] {
        let aligned = neural_vault_core::testing::bundle(&dims, 5, None).unwrap();
        let given = Provisioning { window, ..provisioning(aligned.bytes()) };
        session(SimBoard::new(Flash::new()), aligned.bytes(), |client| {
            assert_eq!(client.call::<Provision>(&given), outcome, "{dims:?}");
        });
    }
}

/// A board that has only what every board must have.
struct Plain(SimBoard);

impl Board for Plain {
    type Flash = Flash;
    type Random = SimRandom;
    const NAME: [u8; 16] = SimBoard::NAME;
    const CONFIRMS: bool = false;

    fn receive(&mut self) -> Option<u8> {
        self.0.receive()
    }

    fn send(&mut self, bytes: &[u8]) {
        self.0.send(bytes);
    }

    fn flash(&mut self) -> &mut Flash {
        self.0.flash()
    }

    fn entropy(&mut self) -> &mut Entropy<SimRandom> {
        self.0.entropy()
    }

    fn secret(&mut self) -> Result<BoardSecret, NoSecret> {
        self.0.secret()
    }

    fn uptime(&mut self) -> u64 {
        self.0.uptime()
    }

    fn button(&mut self) -> bool {
        self.0.button()
    }

    fn ask(&mut self, action: Option<Action>) {
        self.0.ask(action);
    }
}

#[test]
fn a_board_that_says_nothing_of_them_has_no_counter_and_no_clock_for_measurements() {
    let mut board = Plain(SimBoard::new(Flash::new()));
    assert_eq!((board.generation(), board.ticks(), board.footprint()), (None, None, None));
    assert_eq!(board.raise_generation(1), Err(CounterFailed));
}
