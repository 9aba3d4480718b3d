//! An administrator's command on another token, in another session, at another place, or later.

use neural_vault_core::wire::*;
use neural_vault_session::Session;
use neural_vault_token_simulator::client::hello;
use neural_vault_token_simulator::flash::Flash;
use neural_vault_token_simulator::*;

/// The administrator's command to revoke, as the next request of a session.
fn revocation(session: &Session) -> Authorised<SlotNumber> {
    let place = SessionPlace { session: session.hash(), number: session.sealed() };
    authorise::<Revoke, _>(&AdminKey::from_bytes(&ADMIN), place, SlotNumber { slot: SLOT }).unwrap()
}

/// An enrolled board with another key than those of other seeds.
fn another_board(model: &[u8], seed: u64) -> SimBoard {
    let mut board = SimBoard::new(Flash::new());
    board.reseed(seed);
    enrol_on(&board, model);
    board
}

#[test]
fn a_revoke_meant_for_one_token_does_nothing_on_another_with_the_same_administrator() {
    let aligned = bundle();
    let model = aligned.bytes();
    let (a, b) = (another_board(model, 1), another_board(model, 2));
    session(a, model, |to_a| {
        session(b, model, |to_b| {
            assert_ne!(to_a.token, to_b.token, "each token has a key of its own");
            // The administrator speaks to B; somebody who has A seals the same tag in a session with it.
            let meant_for_b = revocation(to_b.session());
            assert_eq!(to_a.call::<Revoke>(&meant_for_b), Err(Fault::NotAuthorised.into()));
            assert_eq!(to_a.call::<Info>(&()).unwrap().state, State::Enrolled);
            to_b.call::<Revoke>(&meant_for_b).unwrap();
            assert_eq!(to_b.call::<Info>(&()).unwrap().state, State::Provisioned);
        });
    });
}

#[test]
fn a_host_that_has_pinned_a_token_opens_no_session_with_another() {
    let aligned = bundle();
    let model = aligned.bytes();
    let pinned = session(another_board(model, 1), model, |to_a| to_a.token).unwrap();
    start(another_board(model, 2), model, |mut to_b| {
        assert_eq!(to_b.handshake_with(Some(&pinned)), Err(Fault::HandshakeFailed.into()));
        to_b.handshake().unwrap();
        assert_ne!(to_b.token, Some(pinned));
    });
}

#[test]
fn a_token_shows_at_first_contact_the_fingerprint_that_its_host_sees() {
    let aligned = bundle();
    let model = aligned.bytes();
    start(another_board(model, 1), model, |mut client| {
        client.handshake().unwrap();
        let key = client.token.unwrap();
        assert_eq!(client.transport.board().shown.take(), Some(key.fingerprint()));
        client.handshake_with(Some(&key)).unwrap();
        assert_eq!(client.transport.board().shown, None, "with a pinned key there is nothing to compare");
    });
}

#[test]
fn a_withheld_command_ends_with_its_session() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let command = revocation(client.session());
        let withheld = client.sealed::<Revoke>(&command);
        client.handshake().unwrap();
        assert_eq!(client.exchange(&withheld).err(), Some(Fault::NotInSession.with(0)));
        assert_eq!(
            client.call::<Revoke>(&command),
            Err(Fault::NotAuthorised.into()),
            "nor is its tag good for another"
        );
        assert_eq!(client.call::<Info>(&()).unwrap().state, State::Enrolled);
    });
}

#[test]
fn a_handshake_that_was_altered_on_the_way_opens_nothing() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let pinned = client.token.unwrap();
        let (frame, _) = hello(Some(&pinned), 5);
        let mut plain = frame[..frame.len() - 1].to_vec();
        let payload = decode(&mut plain).unwrap().payload.to_vec();
        let before = client.sealed::<Info>(&());
        for bit in 0..8 * payload.len() {
            let mut altered = payload.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            let outcome = client.exchange(&client::framed(Kind::Handshake, 0, &altered));
            // NX instead of NK takes a shorter message.
            let fault = outcome.err().and_then(|refusal| refusal.fault());
            let allowed = [Fault::HandshakeFailed, Fault::Malformed, Fault::VersionMismatch];
            assert!(fault.is_some_and(|fault| allowed.contains(&fault)), "bit {bit}: {fault:?}");
        }
        client.exchange(&before).expect("the open session goes on");
    });
}
