//! A token for connectome models: how the regions of a whole scan covary, in thousands of components.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "connectome")]

#[path = "support/secret_bytes.rs"]
mod secret_bytes;

use neural_vault_core::bundle::Bundle;
use neural_vault_core::challenge::{ChallengeKeyBuffer, derive_challenge_key};
use neural_vault_core::key::{DeviceSecret, KeyBuffer, KeyContext, derive_v2};
use neural_vault_core::wire::*;
use neural_vault_token::memory::Memory;
use neural_vault_token::token::Token;
use neural_vault_token_simulator::client::Client;
use neural_vault_token_simulator::connectome::{LEAST, bundle, embedding, prototype, scan, spread};
use neural_vault_token_simulator::flash::Flash;
use neural_vault_token_simulator::{ADMIN, EMPTY, SECRET, SLOT, SimBoard, misses, provisioning, rates, session};

use secret_bytes::{bytes_of, copies, session_keys};

type Host<'m> = Client<Token<'m, SimBoard>>;

const REGIONS: usize = 94;

/// Frames of a probe, and of an enrolment.
const PROBE: usize = LEAST as usize;
const ENROLMENT: usize = 400;

/// Between the scores of one person's scans and of two persons'.
const THRESHOLD: f32 = 0.3;

fn fault<T>(reply: Result<T, Refusal>) -> Fault {
    reply.err().expect("refused").fault().expect("known")
}

fn probe(person: u32, take: u32) -> Vec<f32> {
    scan(person, take, REGIONS, PROBE)
}

fn enrolled_scan() -> Vec<f32> {
    scan(1, 0, REGIONS, ENROLMENT)
}

fn provision(client: &mut Host<'_>, model: &[u8]) -> Result<(), Refusal> {
    client.call::<Provision>(&Provisioning { window: LEAST, ..provisioning(model) })
}

/// Enrols one scan for probes of so many frames.
fn enrol(client: &mut Host<'_>, features: usize, scan: &[f32], frames: u32) -> Result<Enrolled, Refusal> {
    client.scan(Purpose::Enrol, features, scan)?;
    let EnrolmentProgress { scans, prototype } = client.call::<EnrolScan>(&EnrolmentScan { first: true })?;
    let label = Label::new("alice").unwrap();
    let enrolment = Enrolment { label, scans, threshold: THRESHOLD, frames, prototype, ..rates() };
    client.admin::<Enrol, _>(&ADMIN, enrolment)
}

/// A board whose token has one enrolment in [`SLOT`].
fn enrolled_board(model: &[u8], frames: u32) -> SimBoard {
    let board = SimBoard::new(Flash::new());
    session(board.clone(), model, |client| {
        provision(client, model).unwrap();
        enrol(client, REGIONS, &enrolled_scan(), frames).unwrap();
    });
    board
}

fn verify(client: &mut Host<'_>, slot: u8, scan: &[f32]) -> Result<(), Refusal> {
    neural_vault_token_simulator::verify_of(client, slot, REGIONS, scan)
}

#[test]
fn a_token_accepts_the_enrolled_person_and_rejects_another() {
    let aligned = bundle(REGIONS, REGIONS);
    let model = aligned.bytes();
    let board = enrolled_board(model, PROBE as u32);
    session(board, model, |client| {
        for take in 1..6 {
            verify(client, SLOT, &probe(1, take)).unwrap();
            assert_eq!(fault(verify(client, SLOT, &probe(2 + take, take))), Fault::Rejected);
            assert_eq!(misses(client), 1);
        }
        let info = client.call::<Info>(&()).unwrap();
        assert_eq!((info.latent, info.window, info.whole_scans), (4371, LEAST, true));
        let slots = client.admin::<ListSlots, _>(&ADMIN, ()).unwrap();
        assert_eq!(slots[usize::from(SLOT)].map(|slot| slot.frames), Some(PROBE as u32));
    });
}

#[test]
fn a_token_embeds_whole_scans_as_its_host_does_in_every_word() {
    for (features, regions) in [(94, 94), (3, 3), (100, 100), (1_030, 36)] {
        let aligned = bundle(features, regions);
        let model = aligned.bytes();
        session(SimBoard::new(Flash::new()), model, |client| {
            provision(client, model).unwrap();
            for (take, frames) in (0..).zip([25, 26, 101]) {
                let mut scan = scan(4, take, regions, frames);
                if features > regions {
                    scan = spread(&scan, regions, features);
                }
                client.scan(Purpose::Embed, features, &scan).unwrap();
                let found = client.embedding().unwrap();
                assert_eq!(found.len(), regions * (regions - 1) / 2);
                assert_eq!(found, embedding(model, &scan), "{features} features, {regions} regions, {frames} frames");
            }
        });
    }
}

#[test]
fn features_are_averaged_to_regions_on_the_token() {
    let (features, regions) = (20_484, 100);
    let aligned = bundle(features, regions);
    let model = aligned.bytes();
    session(SimBoard::new(Flash::new()), model, |client| {
        provision(client, model).unwrap();
        let wide = |person, take, frames| spread(&scan(person, take, regions, frames), regions, features);
        enrol(client, features, &wide(1, 0, 120), 0).unwrap();
        let mut verify = |scan: &[f32]| neural_vault_token_simulator::verify_of(client, SLOT, features, scan);
        verify(&wide(1, 1, 40)).unwrap();
        assert_eq!(fault(verify(&wide(2, 1, 40))), Fault::Rejected);
    });
}

#[test]
fn one_enrolment_has_one_key_on_host_and_token() {
    let aligned = bundle(REGIONS, REGIONS);
    let model = aligned.bytes();
    let board = SimBoard::new(Flash::new());
    let own = prototype(model, &enrolled_scan());
    let digest = *Bundle::open(model).unwrap().digest();
    let secret = DeviceSecret::from_bytes(&SECRET);
    session(board, model, |client| {
        provision(client, model).unwrap();
        let enrolled = enrol(client, REGIONS, &enrolled_scan(), 0).unwrap();
        let check = |client: &mut Host<'_>, enrolled: &Enrolled| {
            let mut buffer = ChallengeKeyBuffer::empty();
            let key = derive_challenge_key(&own, &secret, &digest, &enrolled.id, &mut buffer).ok().unwrap();
            assert_eq!(enrolled.challenge_key.expose_secret(), key.expose_secret());
            let question = Question { slot: SLOT, nonce: [7; 32], application: b"door" };
            client.scan(Purpose::Challenge(question), REGIONS, &probe(1, 1)).unwrap();
            let answer = client.call::<Challenge>(&()).unwrap();
            assert_eq!(answer, key.answer(b"door", &[7; 32]).unwrap());
            client
                .scan(Purpose::Export(KeyRequest { slot: SLOT, application: b"door" }), REGIONS, &probe(1, 2))
                .unwrap();
            let exported = *client.call::<ExportKey>(&()).unwrap().expose_secret();
            let context = KeyContext { model_digest: &digest, enrolment_id: &enrolled.id, application: b"door" };
            let mut buffer = KeyBuffer::empty();
            assert_eq!(&exported, derive_v2(&own, &secret, &context, &mut buffer).ok().unwrap().expose_secret());
        };
        check(client, &enrolled);
        let rotated = client.admin::<Rotate, _>(&ADMIN, SlotNumber { slot: SLOT }).unwrap();
        check(client, &rotated);
    });
}

#[test]
fn an_enrolment_is_made_of_one_scan() {
    let aligned = bundle(REGIONS, REGIONS);
    let model = aligned.bytes();
    session(SimBoard::new(Flash::new()), model, |client| {
        provision(client, model).unwrap();
        client.scan(Purpose::Enrol, REGIONS, &enrolled_scan()).unwrap();
        let taken = client.call::<EnrolScan>(&EnrolmentScan { first: true }).unwrap();
        client.scan(Purpose::Enrol, REGIONS, &scan(2, 0, REGIONS, ENROLMENT)).unwrap();
        let refused = client.call::<EnrolScan>(&EnrolmentScan { first: false });
        assert_eq!(refused.err(), Some(Fault::EnrolmentScans.with(1)));
        // The one that was taken is there still.
        let label = Label::new("alice").unwrap();
        let enrolment = Enrolment { label, scans: 1, threshold: THRESHOLD, prototype: taken.prototype, ..rates() };
        client.admin::<Enrol, _>(&ADMIN, enrolment).unwrap();
        verify(client, SLOT, &probe(1, 1)).unwrap();
        assert_eq!(fault(verify(client, SLOT, &probe(2, 1))), Fault::Rejected);
    });
}

#[test]
fn a_scan_of_another_length_is_compared_with_nothing_and_costs_a_miss() {
    let aligned = bundle(REGIONS, REGIONS);
    let model = aligned.bytes();
    let board = enrolled_board(model, PROBE as u32);
    session(board.clone(), model, |client| {
        for (miss, frames) in (1..).zip([PROBE + 1, 100, ENROLMENT]) {
            // Of the enrolled scan itself, which any comparison would accept.
            let scan = &enrolled_scan()[..frames * REGIONS];
            assert_eq!(fault(verify(client, SLOT, scan)), Fault::Rejected, "{frames} frames");
            assert_eq!(misses(client), miss);
        }
        verify(client, SLOT, &probe(1, 1)).unwrap();
        assert_eq!(misses(client), 0);
    });
    // An empty slot costs the same writes, so that a host cannot tell it from a slot with a length.
    let operations = |slot, frames| {
        let board = board.copy();
        session(board.clone(), model, |client| {
            client.scan(Purpose::Verify { slot }, REGIONS, &scan(1, 1, REGIONS, frames)).unwrap();
            board.flash.count();
            assert_eq!(fault(client.call::<Verify>(&())), Fault::Rejected);
            board.flash.count()
        })
    };
    assert_eq!(operations(SLOT, PROBE + 1), operations(EMPTY, PROBE + 1));
    assert_eq!(operations(EMPTY, PROBE), operations(EMPTY, PROBE + 1));
}

#[test]
fn a_scan_that_says_nothing_is_refused_by_its_frame_or_region_and_costs_no_attempt() {
    let aligned = bundle(REGIONS, REGIONS);
    let model = aligned.bytes();
    session(enrolled_board(model, 0), model, |client| {
        let mut refused = |change: &dyn Fn(&mut Vec<f32>)| {
            let mut scan = probe(1, 1);
            change(&mut scan);
            let refusal = client.scan(Purpose::Verify { slot: SLOT }, REGIONS, &scan).unwrap_err();
            assert_eq!(fault(client.call::<Verify>(&())), Fault::NoScan);
            assert_eq!(misses(client), 0);
            refusal
        };
        assert_eq!(refused(&|scan| scan[3 * REGIONS..][..REGIONS].fill(f32::NAN)), Fault::Degenerate.with(4));
        assert_eq!(refused(&|scan| scan[7 * REGIONS..][..REGIONS].fill(1.0)), Fault::Degenerate.with(8));
        assert_eq!(refused(&|scan| scan[9 * REGIONS + 5] = f32::INFINITY), Fault::Degenerate.with(10), "one region");
        let constant = |scan: &mut Vec<f32>| scan.iter_mut().skip(41).step_by(REGIONS).for_each(|value| *value = 2.5);
        assert_eq!(refused(&constant), Fault::ConstantRegion.with(42));
        assert_eq!(refused(&|scan| scan.truncate((PROBE - 1) * REGIONS)), Fault::TooShort.with(PROBE as u32));
        assert_eq!(refused(&|scan| scan.truncate(REGIONS)), Fault::TooShort.with(PROBE as u32));
        verify(client, SLOT, &probe(1, 1)).unwrap();
    });
}

#[test]
fn a_model_of_more_regions_than_there_is_memory_for_is_refused() {
    for (regions, fits) in [(100, true), (101, false), (128, false)] {
        let aligned = bundle(regions, regions);
        let model = aligned.bytes();
        session(SimBoard::new(Flash::new()), model, |client| {
            let provisioned = provision(client, model);
            if fits {
                provisioned.unwrap();
            } else {
                assert_eq!(fault(provisioned), Fault::ModelTooLarge, "{regions} regions");
                assert_eq!(client.call::<Info>(&()).unwrap().features, 0);
            }
        });
    }
}

#[test]
fn transformers_work_beside_connectomes() {
    let aligned = neural_vault_token_simulator::bundle();
    let model = aligned.bytes();
    session(neural_vault_token_simulator::enrolled_board(model), model, |client| {
        neural_vault_token_simulator::verify(client, SLOT, &neural_vault_token_simulator::genuine(9)).unwrap();
        let other = neural_vault_token_simulator::verify(client, SLOT, &neural_vault_token_simulator::impostor(9));
        assert_eq!(fault(other), Fault::Rejected);
        assert!(!client.call::<Info>(&()).unwrap().whole_scans);
    });
}

#[test]
fn enrolments_outlive_the_power() {
    let aligned = bundle(REGIONS, REGIONS);
    let model = aligned.bytes();
    let board = enrolled_board(model, PROBE as u32);
    for _ in 0..2 {
        session(board.clone(), model, |client| {
            verify(client, SLOT, &probe(1, 3)).unwrap();
            assert_eq!(fault(verify(client, EMPTY, &probe(1, 3))), Fault::Rejected);
        });
    }
    // Damage in the middle of the prototype.
    let place = 2 * neural_vault_token::store::BANK as usize + 2000;
    board.flash.set(place, board.flash.content()[place] ^ 1);
    session(board, model, |client| {
        assert_eq!(client.call::<Info>(&()).unwrap().disabled, Fault::StorageDamaged.number());
    });
}

#[test]
fn neither_embedding_nor_prototype_is_in_memory_but_for_the_scan_that_waits() {
    let aligned = bundle(REGIONS, REGIONS);
    let model = aligned.bytes();
    let board = enrolled_board(model, 0);
    let bytes = |components: &[f32]| components.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let own = embedding(model, &enrolled_scan());
    let mut codes = vec![0; own.len()];
    neural_vault_core::prototype::round(&own, &mut codes).unwrap();
    let codes: Vec<u8> = codes.iter().map(|code| *code as u8).collect();
    let secrets =
        [codes, bytes(&prototype(model, &enrolled_scan())), bytes(&own), bytes(&embedding(model, &probe(1, 1)))];

    let mut memory = Box::new(Memory::new());
    let place: *const Memory = &raw const *memory;
    let mut client = Client::new(Token::start(board, model, &mut memory));
    client.handshake().unwrap();
    // Copies of the prototype's codes, of its components, of the embedding before rounding, and of the probe's.
    let found = || secrets.each_ref().map(|secret| copies(&bytes_of(place), secret));
    assert_eq!(copies(&bytes_of(place), &session_keys(client.session())), 1, "what is there is found");
    assert_eq!(found(), [0; 4], "started");
    client.scan(Purpose::Verify { slot: SLOT }, REGIONS, &probe(1, 1)).unwrap();
    assert_eq!(found(), [0, 0, 0, 1], "a complete scan");
    client.call::<Verify>(&()).unwrap();
    assert_eq!(found(), [0; 4], "verified");
    assert_eq!(fault(verify(&mut client, SLOT, &probe(2, 1))), Fault::Rejected);
    assert_eq!(found(), [0; 4], "rejected");
    client.admin::<Rotate, _>(&ADMIN, SlotNumber { slot: SLOT }).unwrap();
    assert_eq!(found(), [0; 4], "rotated");
    client.scan(Purpose::Enrol, REGIONS, &enrolled_scan()).unwrap();
    assert_eq!(found(), [0, 0, 1, 0], "a complete scan to enrol");
    client.call::<EnrolScan>(&EnrolmentScan { first: true }).unwrap();
    assert_eq!(found(), [1, 0, 0, 0], "taken, as it is stored");
    client.handshake().unwrap();
    assert_eq!(found(), [0; 4], "another session");
    enrol(&mut client, REGIONS, &enrolled_scan(), 0).unwrap();
    assert_eq!(found(), [0; 4], "enrolled");
}
