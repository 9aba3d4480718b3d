//! Values that cannot be compared, from the link and from records: each has its refusal, no key, no free attempt.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::borrow::Cow;
use std::ops::Range;

use ascon_aead::AsconAead128;
use ascon_aead::aead::{AeadInOut, KeyInit};
use hkdf::Hkdf;
use neural_vault_core::bundle::{Bundle, tensor_names_and_shapes, write};
use neural_vault_core::encoder::{Dims, WeightFormat};
use neural_vault_core::key::DeviceSecret;
use neural_vault_core::testing::{Aligned, Random, described_bundle};
use neural_vault_core::wire::*;
use neural_vault_token::store::BANK;
use neural_vault_token::token::Token;
use neural_vault_token_simulator::client::Client;
use neural_vault_token_simulator::flash::Flash;
use neural_vault_token_simulator::*;
use sha2::Sha256;

const LINEAR: Dims = Dims::linear(DIMS.features, DIMS.latent, DIMS.positions);

fn fault<T>(reply: Result<T, Refusal>) -> Fault {
    reply.err().expect("refused").fault().expect("known")
}

fn slots(client: &mut Client<Token<'_, SimBoard>>) -> [SlotInfo; SLOTS] {
    client.admin::<ListSlots, _>(&ADMIN, ()).unwrap()
}

/// A linear model without offsets: the embedding of `-x` is the negative of that of `x`.
fn odd_model() -> Aligned {
    let shapes = tensor_names_and_shapes(&LINEAR).unwrap();
    let mut random = Random(3);
    let tensor = |name: &str| {
        let (_, shape) = shapes.iter().find(|(other, _)| other == name)?;
        let count = shape.iter().product();
        let values = match (name, shape.len()) {
            ("standardiser.inv_std", _) => vec![1.0; count],
            (_, 2) => random.floats(count, 0.1),
            _ => vec![0.0; count],
        };
        Some(Cow::Owned(values))
    };
    Aligned::new(&write(&LINEAR, WeightFormat::F32, None, tensor, None).unwrap())
}

/// Two windows whose embeddings cancel each other out.
fn scan_without_direction() -> Vec<f32> {
    let window = &genuine(1)[..usize::from(WINDOW) * DIMS.features];
    window.iter().copied().chain(window.iter().map(|value| -value)).collect()
}

#[test]
fn a_probe_without_direction_is_rejected_and_costs_an_attempt() {
    let aligned = odd_model();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        verify(client, SLOT, &genuine(9)).unwrap();
        client.scan(Purpose::Embed, DIMS.features, &scan_without_direction()).unwrap();
        assert_eq!(client.embedding().unwrap(), [0.0; DIMS.latent], "a zero probe");
        for (count, slot) in [(1, SLOT), (2, EMPTY), (3, SLOT)] {
            assert_eq!(fault(verify(client, slot, &scan_without_direction())), Fault::Rejected);
            assert_eq!(misses(client), count);
        }
    });
}

#[test]
fn a_scan_with_a_frame_that_says_nothing_is_refused_and_costs_no_attempt() {
    let mut one = vec![f32::NAN; DIMS.features];
    one[3] = 1.0;
    let frames = [vec![f32::NAN; DIMS.features], vec![0.0; DIMS.features], vec![-7.5; DIMS.features], one];
    for aligned in [bundle(), described_bundle(None, WeightFormat::F32, &DIMS, 5, None).unwrap()] {
        let model = aligned.bytes();
        session(enrolled_board(model), model, |client| {
            let before = slots(client);
            for empty in &frames {
                for place in [0, 1, 2 * usize::from(WINDOW) - 1] {
                    let mut scan = genuine(9);
                    scan[place * DIMS.features..][..DIMS.features].copy_from_slice(empty);
                    let refused = Err(Fault::Degenerate.with(place as u32 + 1));
                    assert_eq!(verify(client, SLOT, &scan), refused);
                    // No part of it is left to be compared.
                    assert_eq!(fault(client.call::<Verify>(&())), Fault::NoScan);
                    assert_eq!(client.enrol(&ADMIN, SLOT, DIMS.features, &[scan], THRESHOLD).map(|_| ()), refused);
                }
            }
            assert_eq!(slots(client), before);
            verify(client, SLOT, &genuine(9)).unwrap();
        });
    }
}

#[test]
fn a_prototype_without_direction_is_not_enrolled() {
    let aligned = odd_model();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let before = slots(client);
        let scans = [scan_without_direction()];
        assert_eq!(fault(client.enrol(&ADMIN, SLOT, DIMS.features, &scans, THRESHOLD)), Fault::Degenerate);
        assert_eq!(slots(client), before);
        verify(client, SLOT, &genuine(9)).unwrap();
    });
}

#[test]
fn a_threshold_that_is_no_cosine_is_not_enrolled() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let before = slots(client);
        for threshold in [f32::NAN, 1.5, -1.5, 1f32.next_up(), f32::INFINITY, f32::NEG_INFINITY] {
            let enrolled = client.enrol(&ADMIN, SLOT, DIMS.features, &enrolled_scans(), threshold);
            assert_eq!(fault(enrolled), Fault::Threshold, "{threshold}");
        }
        assert_eq!(slots(client), before);
        verify(client, SLOT, &genuine(9)).unwrap();
    });
}

/// Bytes of the snapshot of [`enrolled_board`], whose slot 0 is empty and slot 1 taken.
mod place {
    use super::Range;

    pub const DEVICE_SECRET: Range<usize> = 1..33;
    pub const ADMIN_KEY: Range<usize> = 33..65;
    pub const MODEL: Range<usize> = 65..97;
    pub const LABEL: Range<usize> = 133..149;
    pub const THRESHOLD: Range<usize> = 165..169;
    pub const FRAMES: usize = 169;
    /// Matches, trials and persons, their bound, the budget, no accepted risk.
    pub const ERROR_RATE: Range<usize> = 170..185;
    /// Place, bytes, generation.
    pub const PROTOTYPE: Range<usize> = 185..188;
    pub const PROTOTYPE_TAG: Range<usize> = 188..204;
}

/// Bytes of a snapshot's content, and offset of the log behind it.
const TEXT: usize = 496;
const LOG: usize = 576;

/// The bank with a committed snapshot.
fn bank(flash: &[u8]) -> usize {
    let sound = |bank: &usize| flash[bank + 32 + TEXT + 16..][..16] == [0; 16];
    [0, BANK as usize].into_iter().find(sound).expect("a committed snapshot")
}

/// Opens a record on a flash by the table in `store.rs`, applies `change` and seals it again; returns its tag.
fn reseal(board: &SimBoard, place: usize, length: usize, parent: [u8; 16], change: impl FnOnce(&mut [u8])) -> [u8; 16] {
    let flash = board.flash.content();
    let record = &flash[place..][..32 + length + 16];
    assert_eq!(record[28..32], (place as u32).to_le_bytes(), "it names its place");
    let associated = [&record[16..32], &parent[..]].concat();
    let mut key = [0; 32];
    let info = [&b"neural-vault/token/seal/v2"[..], &record[20..24]];
    Hkdf::<Sha256>::from_prk(&board.secret).unwrap().expand_multi_info(&info, &mut key).unwrap();
    let cipher = AsconAead128::new(key[..16].try_into().unwrap());
    let nonce = record[..16].try_into().unwrap();
    let mut text = record[32..][..length].to_vec();
    let tag = record[32 + length..].try_into().unwrap();
    cipher.decrypt_inout_detached(nonce, &associated, text.as_mut_slice().into(), tag).expect("sealed so");
    change(&mut text);
    let tag = cipher.encrypt_inout_detached(nonce, &associated, text.as_mut_slice().into()).unwrap();
    for (index, byte) in text.into_iter().chain(tag).enumerate() {
        board.flash.set(place + 32 + index, byte);
    }
    tag.into()
}

/// [`reseal`] of the snapshot and of the log that is bound to it, whose only record is its first.
fn reseal_snapshot(board: &SimBoard, change: impl FnOnce(&mut [u8])) {
    let flash = board.flash.content();
    let bank = bank(&flash);
    let old: [u8; 16] = flash[bank + 32 + TEXT..][..16].try_into().unwrap();
    let mut misses = [0; 16];
    reseal(board, bank + LOG, 16, old, |text| misses.copy_from_slice(text));
    let tag = reseal(board, bank, TEXT, [0; 16], change);
    // A record under another parent: opened as if it had this one, it is not sound, so it is written anew.
    reseal_log(board, bank + LOG, tag, misses);
}

/// Seals a record of the log under another snapshot.
fn reseal_log(board: &SimBoard, place: usize, parent: [u8; 16], mut text: [u8; 16]) {
    let flash = board.flash.content();
    let record = &flash[place..][..64];
    let mut key = [0; 32];
    let info = [&b"neural-vault/token/seal/v2"[..], &record[20..24]];
    Hkdf::<Sha256>::from_prk(&board.secret).unwrap().expand_multi_info(&info, &mut key).unwrap();
    let associated = [&record[16..32], &parent[..]].concat();
    let cipher = AsconAead128::new(key[..16].try_into().unwrap());
    let nonce = record[..16].try_into().unwrap();
    let tag = cipher.encrypt_inout_detached(nonce, &associated, text.as_mut_slice().into()).unwrap();
    for (index, byte) in text.into_iter().chain(tag).enumerate() {
        board.flash.set(place + 32 + index, byte);
    }
}

/// Seals another prototype in the place of the enrolled one, and names it in the snapshot.
fn reseal_prototype(board: &SimBoard, components: &[f32; DIMS.latent]) {
    let (mut place, mut tag) = (0, [0; 16]);
    reseal_snapshot(board, |text| place = text[place::PROTOTYPE.start]);
    let at = 2 * BANK as usize + 4096 * usize::from(place);
    let bytes: Vec<u8> = components.iter().flat_map(|value| value.to_le_bytes()).collect();
    tag.copy_from_slice(&reseal(board, at, bytes.len(), [0; 16], |text| text.copy_from_slice(&bytes)));
    reseal_snapshot(board, |text| text[place::PROTOTYPE_TAG].copy_from_slice(&tag));
}

#[test]
fn the_layout_of_a_sealed_snapshot_does_not_change() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = enrolled_board(model);
    let flash = board.flash.content();
    reseal_snapshot(&board, |text| {
        assert_eq!(text[0], 1, "provisioned");
        assert_eq!(text[place::DEVICE_SECRET], SECRET);
        assert_eq!(text[place::ADMIN_KEY], ADMIN);
        assert_eq!(text[place::MODEL], *Bundle::open(model).unwrap().digest());
        assert_eq!(text[97..99], [WINDOW, 1], "window, and the policy's bit for export");
        assert_ne!(text[99..131], [0; 32], "the static key");
        assert_eq!(text[131..133], [0, 1], "slot 0 empty, slot 1 taken");
        assert_eq!(text[place::LABEL], *b"alice\0\0\0\0\0\0\0\0\0\0\0");
        assert_eq!(text[place::THRESHOLD], THRESHOLD.to_le_bytes());
        assert_eq!(text[place::FRAMES], 0, "probes of any length");
        let bound = rates().false_matches.bound.to_le_bytes();
        assert_eq!(text[place::ERROR_RATE], [&[0, 0xa0, 0x8d, 6, 100][..], &bound, &[50], &[0; 5]].concat());
        assert_eq!(text[place::PROTOTYPE], [0, 4 * DIMS.latent as u8, 2], "in its place of the second generation");
        assert_eq!(text[place::PROTOTYPE_TAG], flash[2 * BANK as usize + 32 + 4 * DIMS.latent..][..16]);
        assert!(text[place::PROTOTYPE_TAG.end..].iter().all(|byte| *byte == 0), "no other slot, then zeros");
    });
    assert_eq!(board.flash.content(), flash, "sealed as it was");
    reseal(&board, 2 * BANK as usize, 4 * DIMS.latent, [0; 16], |text| {
        assert_eq!(*text, *prototype(model).iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>());
    });
    session(board, model, |client| verify(client, SLOT, &genuine(9)).unwrap());
}

#[test]
fn a_record_whose_enrolment_is_unusable_releases_nothing() {
    let aligned = bundle();
    let model = aligned.bytes();
    let boards = [f32::NAN, 1.5, -1.5, f32::NEG_INFINITY].map(|threshold| {
        let board = enrolled_board(model);
        reseal_snapshot(&board, |text| text[place::THRESHOLD].copy_from_slice(&threshold.to_le_bytes()));
        board
    });
    let prototypes = [0.0, f32::NAN, f32::INFINITY, f32::MAX].map(|component| {
        let board = enrolled_board(model);
        reseal_prototype(&board, &[component; DIMS.latent]);
        board
    });
    for board in boards.into_iter().chain(prototypes) {
        session(board, model, |client| {
            for probe in [genuine(9), impostor(9)] {
                assert_eq!(fault(verify(client, SLOT, &probe)), Fault::StorageDamaged);
                let question = Question { slot: SLOT, nonce: [0; 32], application: b"" };
                assert_eq!(fault(challenge(client, question, &probe)), Fault::StorageDamaged);
            }
            client.enrol(&ADMIN, SLOT, DIMS.features, &enrolled_scans(), THRESHOLD).unwrap();
            verify(client, SLOT, &genuine(9)).unwrap();
        });
    }
}

#[test]
fn a_count_of_misses_beyond_all_disables_every_slot() {
    let aligned = bundle();
    let model = aligned.bytes();
    for misses in [50, 51, 255] {
        let board = enrolled_board(model);
        let flash = board.flash.content();
        let bank = bank(&flash);
        let parent = flash[bank + 32 + TEXT..][..16].try_into().unwrap();
        reseal(&board, bank + LOG, 16, parent, |text| text[0] = misses);
        session(board, model, |client| {
            for slot in [SLOT, EMPTY] {
                assert_eq!(fault(verify(client, slot, &genuine(9))), Fault::BudgetUsedUp);
            }
            assert_eq!(self::misses(client), misses);
        });
    }
}

#[test]
fn a_wipe_without_randomness_leaves_the_damage_detectable() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = SimBoard { secret: [8; 32], ..enrolled_board(model) };
    session(board, model, |client| {
        client.transport.board().random.set(Generator::Fails);
        let wipe = |client: &mut Client<Token<'_, SimBoard>>| {
            client.call::<Wipe>(&Authorised { tag: [0; TAG_LENGTH], command: () })
        };
        assert_eq!(fault(wipe(client)), Fault::Entropy);
        assert_eq!(client.call::<Info>(&()).unwrap().state, State::Disabled);
        client.transport.board().random.set(Generator::Sound);
        wipe(client).unwrap();
        client.handshake().unwrap();
        assert_eq!(client.call::<Info>(&()).unwrap().state, State::Blank);
    });
}

#[test]
fn a_token_draws_a_device_secret_where_none_is_given() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = SimBoard::new(Flash::new());
    session(board.clone(), model, |client| {
        client.call::<Provision>(&Provisioning { device_secret: None, ..provisioning(model) }).unwrap();
    });
    let mut drawn = [0; 32];
    reseal_snapshot(&board, |text| drawn.copy_from_slice(&text[place::DEVICE_SECRET]));
    assert_ne!(drawn, [0; 32]);
    assert_ne!(drawn, *DeviceSecret::from_bytes(&SECRET).expose_secret());
}
