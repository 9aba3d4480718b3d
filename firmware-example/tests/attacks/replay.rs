//! Frames recorded from a session, sent again: later, elsewhere, in another order, cut or mixed with another session's.

use std::cell::RefCell;
use std::rc::Rc;

use neural_vault_core::wire::*;
use neural_vault_token_simulator::client::{Client, Transport, hello};
use neural_vault_token_simulator::*;

/// Records what the host sends.
struct Tap<T>(T, Rc<RefCell<Vec<Vec<u8>>>>);

impl<T: Transport> Transport for Tap<T> {
    fn exchange(&mut self, frame: &[u8]) -> Vec<u8> {
        self.1.borrow_mut().push(frame.to_vec());
        self.0.exchange(frame)
    }
}

/// What the token says in clear to a frame, if it does.
fn refusal_in_clear(transport: &mut impl Transport, frame: &[u8]) -> Option<Fault> {
    let mut answer = transport.exchange(frame);
    assert_eq!(answer.pop(), Some(0));
    let Frame { kind, payload, .. } = decode(&mut answer).unwrap();
    (kind == Kind::Refusal).then(|| read::<Refusal>(payload).unwrap().fault().unwrap())
}

/// The frames of a host that verifies a genuine scan: a handshake, the scan, the question.
fn recorded(board: &SimBoard, model: &[u8]) -> Vec<Vec<u8>> {
    let heard = Rc::default();
    start(board.clone(), model, |client| {
        let mut client = Client::new(Tap(client.transport, Rc::clone(&heard)));
        client.handshake().unwrap();
        client.scan(Purpose::Verify { slot: SLOT }, DIMS.features, &genuine(9)).unwrap();
        client.call::<Verify>(&()).unwrap();
    });
    heard.take()
}

#[test]
fn a_recorded_scan_is_refused_after_a_power_cycle_whatever_is_asked_of_it() {
    let aligned = bundle();
    let model = aligned.bytes();
    let mut board = enrolled_board(model);
    let heard = recorded(&board, model);
    // A simulated board draws the same bytes after each start; a real one never does.
    board.reseed(2);
    start(board, model, |mut client| {
        for frame in &heard[1..] {
            assert_eq!(refusal_in_clear(&mut client.transport, frame), Some(Fault::HandshakeNeeded));
        }
        // Its handshake is answered, and opens a session that only the recorded host could go on with.
        assert_eq!(refusal_in_clear(&mut client.transport, &heard[0]), None);
        for frame in &heard[1..] {
            assert_eq!(refusal_in_clear(&mut client.transport, frame), Some(Fault::NotInSession));
        }
        client.handshake().unwrap();
        for frame in &heard[1..] {
            assert_eq!(refusal_in_clear(&mut client.transport, frame), Some(Fault::NotInSession));
        }
        assert_eq!(client.call::<Verify>(&()).err(), Some(Fault::NoScan.into()));
        assert_eq!(client.call::<Challenge>(&()).err(), Some(Fault::NoScan.into()));
        assert_eq!(client.call::<ExportKey>(&()).err(), Some(Fault::NoScan.into()));
        assert_eq!(misses(&mut client), 0);
    });
}

#[test]
fn frames_repeated_left_out_reordered_or_cut_change_nothing() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let frames: Vec<Vec<u8>> = (0..4).map(|_| client.sealed::<Info>(&())).collect();
        let mut say = |frame: &[u8]| refusal_in_clear(&mut client.transport, frame);
        // From the middle, or in another order.
        for number in [1, 3, 2] {
            assert_eq!(say(&frames[number]), Some(Fault::NotInSession), "{number}");
        }
        assert_eq!(say(&frames[0]), None);
        assert_eq!(say(&frames[0]), None, "at once, a repetition gets the same answer");
        assert_eq!(say(&frames[1]), None);
        assert_eq!(say(&frames[0]), Some(Fault::NotInSession), "later, it is refused");
        // Cut, and framed anew with a right check value.
        let mut frame = frames[2].clone();
        frame.pop();
        let payload = decode(&mut frame).unwrap().payload.to_vec();
        for length in 0..payload.len() {
            let cut = client::framed(Kind::Session, 2, &payload[..length]);
            assert_eq!(say(&cut), Some(Fault::NotInSession), "{length} bytes");
        }
        assert_eq!(say(&frames[2]), None);
    });
}

#[test]
fn a_second_host_in_the_middle_of_a_scan_gets_none_of_it() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let purpose = Purpose::Export(KeyRequest { slot: SLOT, application: b"door" });
        client.scan(purpose, DIMS.features, &genuine(9)).unwrap();
        let export = client.sealed::<ExportKey>(&());
        // The other's handshake ends the session, and its scan with it.
        let (other, _) = hello(None, 99);
        assert_eq!(refusal_in_clear(&mut client.transport, &other), None);
        assert_eq!(refusal_in_clear(&mut client.transport, &export), Some(Fault::NotInSession));
        client.handshake().unwrap();
        assert_eq!(client.call::<ExportKey>(&()).err(), Some(Fault::NoScan.into()));
    });
}

#[test]
fn frames_of_two_sessions_do_not_mix() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let first: Vec<Vec<u8>> = (0..3).map(|_| client.sealed::<Info>(&())).collect();
        client.handshake().unwrap();
        let second: Vec<Vec<u8>> = (0..3).map(|_| client.sealed::<Info>(&())).collect();
        for (old, new) in first.iter().zip(&second) {
            assert_eq!(refusal_in_clear(&mut client.transport, old), Some(Fault::NotInSession));
            assert_eq!(refusal_in_clear(&mut client.transport, new), None);
        }
    });
}

#[test]
fn an_exported_key_is_sent_once() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let purpose = Purpose::Export(KeyRequest { slot: SLOT, application: b"disk" });
        client.scan(purpose, DIMS.features, &genuine(9)).unwrap();
        let frame = client.sealed::<ExportKey>(&());
        assert_eq!(refusal_in_clear(&mut client.transport, &frame), None);
        client.transport.board().consents = false;
        for _ in 0..2 {
            assert_eq!(refusal_in_clear(&mut client.transport, &frame), Some(Fault::AnswerGone));
        }
    });
}
