//! A random generator that breaks: the token draws nothing from it, and says so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use neural_vault_core::wire::*;
use neural_vault_token_simulator::*;

fn fault<T>(reply: Result<T, Refusal>) -> Fault {
    reply.err().expect("refused").fault().expect("known")
}

#[test]
fn a_generator_that_is_broken_at_the_start_disables_the_token_until_a_start_with_a_sound_one() {
    let aligned = bundle();
    let model = aligned.bytes();
    for broken in [
        Generator::Fails,
        Generator::Repeats,
        Generator::Stuck(0),
        Generator::Stuck(0xff),
        Generator::Poor(1),
        Generator::Poor(4),
    ] {
        let board = enrolled_board(model);
        board.random.set(broken);
        start(board.clone(), model, |mut client| {
            board.random.set(Generator::Sound);
            if matches!(broken, Generator::Fails | Generator::Repeats) {
                // It works again, but this start failed its self-test.
                client.handshake().unwrap();
                assert_eq!(client.call::<Info>(&()).unwrap().disabled, Fault::Entropy.number());
                assert_eq!(fault(verify(&mut client, SLOT, &genuine(1))), Fault::Entropy);
                assert_eq!(fault(client.admin::<Wipe, _>(&ADMIN, ())), Fault::Entropy);
            } else {
                // After a failed health test not even a session opens, and the refusal says so in clear.
                assert_eq!(fault(client.handshake()), Fault::Entropy);
            }
        });
        session(board, model, |client| verify(client, SLOT, &genuine(1)).unwrap());
    }
}

#[test]
fn a_generator_that_breaks_while_the_token_runs_gives_nothing_more_until_the_next_start() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = enrolled_board(model);
    session(board.clone(), model, |client| {
        board.random.set(Generator::Stuck(9));
        assert_eq!(fault(client.handshake()), Fault::Entropy);
        board.random.set(Generator::Sound);
        assert_eq!(fault(client.handshake()), Fault::Entropy);
        assert_eq!(fault(verify(client, SLOT, &genuine(1))), Fault::Entropy);
    });
    session(board, model, |client| verify(client, SLOT, &genuine(1)).unwrap());
}

#[test]
fn a_board_without_a_secret_is_disabled_and_cannot_be_provisioned() {
    let aligned = bundle();
    let model = aligned.bytes();
    for unwritten in [0x00, 0xff] {
        let board = SimBoard { secret: [unwritten; 32], ..SimBoard::new(flash::Flash::new()) };
        session(board, model, |client| {
            assert_eq!(client.call::<Info>(&()).unwrap().state, State::Disabled);
            assert_eq!(fault(client.call::<Provision>(&provisioning(model))), Fault::NoSecret);
        });
    }
}
