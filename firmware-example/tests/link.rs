//! The line between host and token: repetitions, noise, chunks out of order, and what a scan costs on it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use neural_vault_core::testing::Random;
use neural_vault_core::wire::*;
use neural_vault_token_simulator::*;

fn fault<T>(reply: Result<T, Refusal>) -> Fault {
    reply.err().expect("refused").fault().expect("known")
}

#[test]
fn a_repeated_request_is_answered_alike_and_acts_once() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        client.scan(Purpose::Verify { slot: SLOT }, DIMS.features, &impostor(1)).unwrap();
        let frame = client.sealed::<Verify>(&());
        let first = client.exchange(&frame).unwrap();
        for _ in 0..9 {
            assert_eq!(client.exchange(&frame), Ok(first.clone()));
        }
        let mut answer = first;
        let opened = client.session().open(&mut answer).unwrap();
        assert_eq!(fault(Packet::split(opened).unwrap().read::<Reply<'_, Verify>>().unwrap()), Fault::Rejected);
        assert_eq!(misses(client), 1);
    });
}

#[test]
fn a_host_on_a_bad_line_gets_its_scan_through() {
    /// Loses, damages and repeats frames in both directions.
    struct BadLine<T>(T, Random);
    impl<T: client::Transport> client::Transport for BadLine<T> {
        fn exchange(&mut self, frame: &[u8]) -> Vec<u8> {
            let mut chance = || self.1.float();
            let mut sent = frame.to_vec();
            let (lost, damaged, doubled) = (chance() > 0.8, chance() > 0.8, chance() > 0.8);
            if lost {
                return Vec::new();
            }
            if damaged {
                let place = sent.len() / 2;
                sent[place] ^= 0x10;
            }
            let mut answer = self.0.exchange(&sent);
            if doubled {
                answer = self.0.exchange(frame);
            }
            if chance() > 0.8 { Vec::new() } else { answer }
        }
    }

    let aligned = bundle();
    let model = aligned.bytes();
    start(enrolled_board(model), model, |client| {
        let mut client = client::Client::new(BadLine(client.transport, Random(3)));
        client.handshake().unwrap();
        for take in 0..10 {
            client.scan(Purpose::Verify { slot: SLOT }, DIMS.features, &genuine(take)).unwrap();
            client.call::<Verify>(&()).unwrap();
        }
        assert_eq!(client.call::<Info>(&()).unwrap().misses, 0);
    });
}

#[test]
fn a_missing_or_repeated_chunk_is_refused_and_the_scan_continues() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let bytes: Vec<u8> = genuine(4).iter().flat_map(|value| value.to_le_bytes()).collect();
        let frames = bytes.len() as u32 / (4 * DIMS.features as u32);
        let chunks: Vec<&[u8]> = bytes.chunks(4 * CHUNK).collect();
        let send = |client: &mut client::Client<_>, number: usize| {
            client.call::<ScanChunk>(&Chunk { number: number as u32, values: chunks[number] })
        };
        assert_eq!(fault(send(client, 0)), Fault::NoScanOpen);
        let purpose = Purpose::Verify { slot: SLOT };
        client.call::<ScanBegin>(&ScanHead { features: DIMS.features as u32, frames, purpose }).unwrap();
        assert_eq!(send(client, 1), Err(Fault::OutOfOrder.with(0)));
        for number in 0..chunks.len() {
            assert!(send(client, number).is_ok());
            if number + 1 < chunks.len() {
                assert_eq!(send(client, number), Err(Fault::OutOfOrder.with(number as u32 + 1)));
                let short = Chunk { number: number as u32 + 1, values: &[0; 8] };
                assert_eq!(fault(client.call::<ScanChunk>(&short)), Fault::ChunkLength);
            }
        }
        client.call::<Verify>(&()).unwrap();
    });
}

#[test]
fn streaming_costs_little_more_than_the_values() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        client.traffic = 0;
        let scan = genuine(1);
        client.scan(Purpose::Embed, DIMS.features, &scan).unwrap();
        let ratio = client.traffic as f64 / (4 * scan.len()) as f64;
        assert!(ratio < 1.2, "{ratio}");
    });
}

#[test]
fn a_host_of_another_version_is_told_the_tokens_whatever_else_it_sends() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        for version in [0, 1, 2, 4, u16::MAX] {
            for more in [&[][..], &[1, 2, 3], &[0xff; 100]] {
                let greeting = [&postcard::to_allocvec(&version).unwrap()[..], more].concat();
                let refused = client.exchange(&client::framed(Kind::Handshake, 0, &greeting));
                assert_eq!(refused, Err(Fault::VersionMismatch.with(3)));
            }
        }
        assert_eq!(client.call::<Info>(&()).unwrap().state, State::Enrolled, "the open session goes on");
    });
}
