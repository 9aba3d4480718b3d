//! A hostile or broken host, flash or generator gets a numbered error; nothing is changed, and the next command works.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use neural_vault_core::similarity::cosine;
use neural_vault_core::wire::*;
use neural_vault_token::token::Token;
use neural_vault_token_simulator::client::{Client, Transport, framed};
use neural_vault_token_simulator::flash::Flash;
use neural_vault_token_simulator::*;

type Host<'m> = Client<Token<'m, SimBoard>>;

const FRAMES: usize = 100_000;

fn fault<T>(reply: Result<T, Refusal>) -> Fault {
    reply.err().expect("refused").fault().expect("known")
}

/// A generator of hostile frames (xorshift64, Marsaglia 2003).
struct Hostile(u64);

impl Hostile {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most + 1)).map(|_| self.next() as u8).collect()
    }

    /// What a host in a session may send: a packet of one of the kinds below.
    fn packet(&mut self) -> Vec<u8> {
        let (_, key) = ENDPOINTS[self.below(ENDPOINTS.len())];
        let under = |key: [u8; KEY_LENGTH], message: Vec<u8>| [&key[..], &message].concat();
        match self.below(6) {
            // A known endpoint with a random message.
            0 | 1 => under(key.to_bytes(), self.bytes(80)),
            // A length that is longer than the message.
            2 => under(key.to_bytes(), [&[0xff; 5][..], &self.bytes(20)].concat()),
            // A chunk out of order, or of the wrong length, with any values.
            3 => {
                let values = self.bytes(4 * CHUNK);
                let chunk = Chunk { number: self.below(4) as u32, values: &values };
                under(ScanChunk::KEY.to_bytes(), postcard::to_allocvec(&chunk).unwrap())
            }
            // A scan of any width that is never continued.
            4 => {
                let features = if self.below(2) == 0 { DIMS.features as u64 } else { self.next() };
                let purpose = match self.below(3) {
                    0 => Purpose::Verify { slot: self.next() as u8 },
                    1 => Purpose::Export(KeyRequest { slot: SLOT, application: &[9; 64] }),
                    _ => Purpose::Enrol,
                };
                let head = ScanHead { features: features as u32, frames: self.next() as u32, purpose };
                under(ScanBegin::KEY.to_bytes(), postcard::to_allocvec(&head).unwrap())
            }
            // An unknown endpoint, or no whole key.
            _ => {
                let bytes = self.bytes(20);
                if bytes.starts_with(&Wipe::KEY.to_bytes()) { Vec::new() } else { bytes }
            }
        }
    }

    /// What somebody on the line may send: bytes of one of the kinds below, none of which the session's host sealed.
    fn frame(&mut self, sealed: &[u8]) -> Vec<u8> {
        let number = self.next() as u32;
        match self.below(5) {
            // Random bytes of any length.
            0 => [self.bytes(3 * MAX_FRAME), vec![0]].concat(),
            // A frame of any kind with random bytes. A handshake that succeeds is left out: it opens another session.
            1 | 2 => {
                let kind = [Kind::Handshake, Kind::Session, Kind::Refusal][self.below(3)];
                framed(kind, number, &self.bytes(MAX_PACKET))
            }
            // The host's own frame under another number.
            3 => {
                let mut frame = sealed.to_vec();
                frame.pop();
                let payload = decode(&mut frame).unwrap().payload.to_vec();
                framed(Kind::Session, number, &payload)
            }
            // The host's own frame, altered under a right CRC.
            _ => {
                let mut frame = sealed.to_vec();
                frame.pop();
                let Frame { number, payload, .. } = decode(&mut frame).unwrap();
                let mut payload = payload.to_vec();
                let place = self.below(payload.len());
                payload[place] ^= 1 << self.below(8);
                framed(Kind::Session, number, &payload)
            }
        }
    }
}

/// Epoch and slots, which no refused request changes.
fn records(client: &mut Host<'_>) -> (u32, [SlotInfo; SLOTS]) {
    let epoch = client.call::<Info>(&()).unwrap().epoch;
    (epoch, client.admin::<ListSlots, _>(&ADMIN, ()).unwrap())
}

#[test]
fn a_hundred_thousand_hostile_frames_change_nothing() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = enrolled_board(model);
    let flash = board.flash.content();
    let mut hostile = Hostile(2026);
    let (mut answered, mut refused, mut silent) = (0, 0, 0);
    session(board.clone(), model, |client| {
        let before = records(client);
        for count in 1..=FRAMES {
            if count % 2 == 0 {
                // A hostile host, in a session.
                let packet = hostile.packet();
                let length = packet.len();
                let frame = client.sealed_packet(packet, length);
                let mut payload = client.exchange(&frame).expect("what a session sealed is answered in it");
                let opened = client.session().open(&mut payload).expect("the answer opens");
                answered += 1;
                let message = Packet::split(opened).unwrap().message;
                match message.first() {
                    Some(1) => {
                        refused += 1;
                        let refusal = read::<Reply<'_, ScanBegin>>(message).unwrap().unwrap_err();
                        assert!(refusal.fault().is_some(), "{refusal}");
                    }
                    first => assert_eq!(first, Some(&0), "an answer or a refusal"),
                }
            } else {
                // Somebody else on the line, who knows the host's next frame.
                let mut next = client.session().sealed().to_le_bytes().to_vec();
                next.resize(40, 0x5a);
                let sealed = framed(Kind::Session, client.session().sealed(), &next);
                let mut answer = client.transport.exchange(&hostile.frame(&sealed));
                silent += usize::from(answer.is_empty());
                // Random bytes may end several frames, each with its answer, or none.
                for answer in answer.split_mut(|&byte| byte == 0).filter(|answer| !answer.is_empty()) {
                    answered += 1;
                    let Frame { kind, payload, .. } = decode(answer).expect("every answer is a frame");
                    assert_eq!(kind, Kind::Refusal, "nothing but the session's own frames is answered in it");
                    let refusal: Refusal = read(payload).unwrap();
                    assert!(refusal.fault().is_some(), "{refusal}");
                    refused += 1;
                }
            }
            if count % 1000 == 0 {
                // If the bytes ended within a frame, this zero ends it.
                client.transport.exchange(&[0]);
                assert_eq!(records(client), before, "after {count} frames");
                assert!(board.flash.content() == flash, "after {count} frames");
                client.scan(Purpose::Embed, DIMS.features, &genuine(1)).unwrap();
            }
        }
    });
    println!("{FRAMES} hostile frames: {answered} answers, {refused} of them refusals, {silent} unanswered");
    assert!(refused > FRAMES / 2);
    session(board, model, |client| verify(client, SLOT, &genuine(9)).unwrap());
}

#[test]
fn a_scan_of_any_floats_gets_the_verdict_that_its_host_computes() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = enrolled_board(model);
    let prototype = prototype(model);
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN_POSITIVE, -0.0] {
        let mut scan = genuine(9);
        scan.iter_mut().step_by(3).for_each(|place| *place = value);
        let verdict = session(board.clone(), model, |client| verify(client, SLOT, &scan));
        let expected = match try_embedding(model, &scan) {
            Err(_) => Err(Fault::Degenerate.into()),
            Ok(probe) if cosine(&prototype, &probe).unwrap() < THRESHOLD => Err(Fault::Rejected.into()),
            Ok(_) => Ok(()),
        };
        assert_eq!(verdict, expected, "{value}");
    }
    session(board, model, |client| {
        // Values that are not numbers become the training mean: a few of them do not change the verdict.
        let mut scan = genuine(9);
        scan[7] = f32::NAN;
        verify(client, SLOT, &scan).unwrap();
    });
}

#[test]
fn a_host_that_vanishes_in_the_middle_of_a_scan_leaves_no_trace() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let before = records(client);
        let head = ScanHead { features: DIMS.features as u32, frames: 4, purpose: Purpose::Embed };
        client.call::<ScanBegin>(&head).unwrap();
        client.call::<ScanChunk>(&Chunk { number: 0, values: &[0x41; 4 * CHUNK] }).unwrap();
        client.transport.exchange(&[5; 100]);
        // The rest of the old frame costs the next host one retry.
        client.handshake().unwrap();
        assert_eq!(fault(client.embedding()), Fault::NoScan);
        assert_eq!(records(client), before);
        verify(client, SLOT, &genuine(9)).unwrap();
    });
}

#[test]
fn a_flash_that_fails_changes_nothing_and_frees_no_attempt() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = enrolled_board(model);
    session(board.clone(), model, |client| {
        let before = records(client);
        board.flash.set_broken(true);
        for _ in 0..3 {
            assert_eq!(fault(verify(client, SLOT, &genuine(1))), Fault::StorageFailed);
        }
        let rotated = client.admin::<Rotate, _>(&ADMIN, SlotNumber { slot: SLOT });
        assert_eq!(fault(rotated), Fault::StorageFailed);
        assert_eq!(fault(client.admin::<Wipe, _>(&ADMIN, ())), Fault::StorageFailed);
        board.flash.set_broken(false);
        assert_eq!(records(client), before);
        verify(client, SLOT, &genuine(2)).unwrap();
    });
}

#[test]
fn a_generator_that_fails_stops_what_needs_it() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let before = records(client);
        client.transport.board().random.set(Generator::Fails);
        assert_eq!(fault(client.handshake()), Fault::Entropy);
        assert_eq!(fault(verify(client, SLOT, &genuine(1))), Fault::Entropy);
        client.transport.board().random.set(Generator::Sound);
        assert_eq!(records(client), before);
        verify(client, SLOT, &genuine(2)).unwrap();
    });
}

#[test]
fn a_bit_flipped_anywhere_in_the_records_is_detected_or_without_effect() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = enrolled_board(model);
    session(board.clone(), model, |client| verify(client, SLOT, &impostor(1)).unwrap_err());
    let sound = board.flash.content();
    let before = session(board.clone(), model, records);
    let (mut found, mut without_effect) = (0, 0);
    for (place, byte) in sound.iter().enumerate() {
        // Every bit that was written, and some that were not.
        if *byte == 0xff && place % 61 != 0 {
            continue;
        }
        for bit in 0..8 {
            let damaged = SimBoard::new(board.flash.copy());
            damaged.flash.set(place, byte ^ 1 << bit);
            session(damaged.clone(), model, |client| {
                if client.call::<Info>(&()).unwrap().state == State::Disabled {
                    found += 1;
                    assert_eq!(fault(verify(client, SLOT, &genuine(1))), Fault::StorageDamaged);
                    assert_eq!(client.call::<SelfTest>(&()).unwrap_err().number, Fault::SelfTest.number());
                    // Only a wipe, confirmed at the token, is possible then.
                    client.transport.board().consents = false;
                    assert_eq!(fault(client.admin::<Wipe, _>(&[0; 32], ())), Fault::NotConfirmed);
                    client.transport.board().consents = true;
                    if bit == 0 && place % 16 == 0 {
                        client.admin::<Wipe, _>(&[0; 32], ()).unwrap();
                        client.handshake().unwrap();
                        client.call::<Provision>(&provisioning(model)).unwrap();
                    }
                } else {
                    without_effect += 1;
                    assert_eq!(records(client), before, "bit {bit} of byte {place}");
                }
            });
        }
    }
    println!("{found} flipped bits found, {without_effect} without effect");
    assert!(found > 8 * (448 + 112), "all of the sealed snapshot and the prototype");
}

#[test]
fn rolled_back_records_are_refused_on_a_board_with_a_counter() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = SimBoard::with_counter(Flash::new());
    session(board.clone(), model, |client| client.call::<Provision>(&provisioning(model)).unwrap());
    let earlier = board.flash.content();
    session(board.clone(), model, |client| {
        client.enrol(&ADMIN, SLOT, DIMS.features, &enrolled_scans(), THRESHOLD).unwrap();
    });
    for rolled_back in [earlier, Flash::new().content()] {
        board.flash.set_content(&rolled_back);
        session(board.clone(), model, |client| {
            assert_eq!(client.call::<Info>(&()).unwrap().state, State::Disabled);
            assert_eq!(fault(verify(client, SLOT, &genuine(1))), Fault::StorageRolledBack);
        });
    }
    session(board, model, |client| {
        client.admin::<Wipe, _>(&[0; 32], ()).unwrap();
        client.handshake().unwrap();
        client.call::<Provision>(&provisioning(model)).unwrap();
    });
}

#[test]
fn another_boards_records_do_not_open() {
    let aligned = bundle();
    let model = aligned.bytes();
    let mut board = enrolled_board(model);
    board.secret = [8; 32];
    session(board, model, |client| {
        assert_eq!(client.call::<Info>(&()).unwrap().state, State::Disabled);
        assert_eq!(fault(client.call::<Provision>(&provisioning(model))), Fault::StorageDamaged);
    });
}
