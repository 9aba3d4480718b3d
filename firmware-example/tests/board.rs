//! What a token says of its board, and what there is memory for.
#![allow(clippy::unwrap_used)]

use neural_vault_core::encoder::Dims;
use neural_vault_core::wire::*;
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
