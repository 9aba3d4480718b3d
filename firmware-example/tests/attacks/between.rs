//! Somebody between host and token, who reads and changes all that passes.

use std::cell::RefCell;
use std::rc::Rc;

use neural_vault_core::wire::*;
use neural_vault_token_simulator::client::{Client, Transport};
use neural_vault_token_simulator::*;

/// Records both directions.
struct Listener<T>(T, Rc<RefCell<Vec<u8>>>);

impl<T: Transport> Transport for Listener<T> {
    fn exchange(&mut self, frame: &[u8]) -> Vec<u8> {
        let answer = self.0.exchange(frame);
        // Without the stuffing, which would break up what is looked for.
        for frame in [frame, &answer] {
            let mut plain = frame[..frame.len() - 1].to_vec();
            self.1.borrow_mut().extend_from_slice(decode(&mut plain).unwrap().payload);
        }
        answer
    }
}

fn holds(heard: &[u8], secret: &[u8]) -> bool {
    heard.windows(secret.len()).any(|window| window == secret)
}

#[test]
fn a_listener_reads_no_secret_no_scan_and_no_answer() {
    let aligned = bundle();
    let model = aligned.bytes();
    let heard = Rc::default();
    let board = SimBoard::new(flash::Flash::new());
    start(board, model, |client| {
        let mut client = Client::new(Listener(client.transport, Rc::clone(&heard)));
        client.handshake().unwrap();
        client.call::<Provision>(&provisioning(model)).unwrap();
        let enrolled = client.enrol(&ADMIN, SLOT, DIMS.features, &enrolled_scans(), THRESHOLD).unwrap();
        let purpose = Purpose::Export(KeyRequest { slot: SLOT, application: b"an application" });
        client.scan(purpose, DIMS.features, &genuine(9)).unwrap();
        let key = *client.call::<ExportKey>(&()).unwrap().expose_secret();
        let question = Question { slot: SLOT, nonce: [0x3c; 32], application: b"an application" };
        client.scan(Purpose::Challenge(question), DIMS.features, &genuine(9)).unwrap();
        let answer = client.call::<Challenge>(&()).unwrap();

        let heard = heard.borrow();
        let scan: Vec<u8> = genuine(9)[..4].iter().flat_map(|value| value.to_le_bytes()).collect();
        let secrets: [&[u8]; 9] = [
            &SECRET[..16],
            &ADMIN[..16],
            &key[..16],
            &answer[..16],
            &enrolled.challenge_key.expose_secret()[..16],
            &enrolled.id,
            &scan,
            b"an application",
            &Verify::KEY.to_bytes(),
        ];
        for (index, secret) in secrets.into_iter().enumerate() {
            assert!(!holds(&heard, secret), "secret {index}");
        }
        assert!(!holds(&heard, client.token.unwrap().as_bytes()), "nor which token it is");
    });
}

#[test]
fn a_rejection_cannot_be_turned_into_an_accept() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let ask = |client: &mut Host<'_>, scan: &[f32]| {
            client.scan(Purpose::Verify { slot: SLOT }, DIMS.features, scan).unwrap();
            let frame = client.sealed::<Verify>(&());
            client.exchange(&frame).unwrap()
        };
        let mut yes = ask(client, &genuine(9));
        let accepted = yes.clone();
        let opened = client.session().open(&mut yes).unwrap();
        assert!(Packet::split(opened).unwrap().read::<Reply<'_, Verify>>().unwrap().is_ok());
        let no = ask(client, &impostor(9));
        // The earlier yes in its place, and the no with any bit changed.
        assert!(client.session().open(&mut accepted.clone()).is_err());
        for bit in 0..8 * no.len() {
            let mut altered = no.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(client.session().open(&mut altered).is_err(), "bit {bit}");
        }
        let mut no = no;
        let opened = client.session().open(&mut no).expect("the host still takes the real answer");
        let reply = Packet::split(opened).unwrap().read::<Reply<'_, Verify>>().unwrap();
        assert_eq!(reply.err(), Some(Fault::Rejected.into()));
    });
}

type Host<'m> = Client<neural_vault_token::token::Token<'m, SimBoard>>;
