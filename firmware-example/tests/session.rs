//! A token from blank to wiped, and what each state refuses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use neural_vault_core::bundle::Bundle;
use neural_vault_core::key::{DeviceSecret, KeyBuffer, KeyContext, derive_v2};
use neural_vault_core::wire::*;
use neural_vault_token::limits::{MISSES_IN_A_ROW, MISSES_IN_ALL};
use neural_vault_token_simulator::flash::Flash;
use neural_vault_token_simulator::*;
use sha2::{Digest, Sha256};

fn fault<T>(reply: Result<T, Refusal>) -> Fault {
    reply.err().expect("refused").fault().expect("known")
}

/// The v2 key that the host derives for the enrolment `id`, made from [`enrolled_scans`].
fn host_key(model: &[u8], id: [u8; 16], application: &[u8]) -> [u8; 32] {
    let model_digest = Bundle::open(model).unwrap().digest();
    let context = KeyContext { model_digest, enrolment_id: &id, application };
    *derive_v2(&prototype(model), &DeviceSecret::from_bytes(&SECRET), &context, &mut KeyBuffer::empty())
        .unwrap()
        .expose_secret()
}

#[test]
fn a_blank_token_has_one_key_until_it_is_restarted() {
    start(SimBoard::new(Flash::new()), bundle().bytes(), |mut client| {
        client.handshake().unwrap();
        let first = client.token;
        client.handshake().unwrap();
        assert_eq!(client.token, first);
    });
}

#[test]
fn a_token_goes_from_blank_to_wiped() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(SimBoard::new(Flash::new()), model, |client| {
        assert_eq!(client.call::<Info>(&()).unwrap().state, State::Blank);
        client.call::<Provision>(&provisioning(model)).unwrap();
        assert_eq!(client.call::<Info>(&()).unwrap().state, State::Provisioned);
        let enrolled = client.enrol(&ADMIN, SLOT, DIMS.features, &enrolled_scans(), THRESHOLD);
        let Enrolled { id, challenge_key } = enrolled.unwrap();
        assert_eq!(client.call::<Info>(&()).unwrap().state, State::Enrolled);
        verify(client, SLOT, &genuine(9)).unwrap();
        assert_eq!(fault(verify(client, SLOT, &impostor(9))), Fault::Rejected);

        let question = Question { slot: SLOT, nonce: [3; 32], application: b"door" };
        let answer = challenge(client, question, &genuine(10)).unwrap();
        assert_eq!(answer, challenge_key.answer(b"door", &[3; 32]).unwrap());

        assert_eq!(export(client, SLOT, b"door", &genuine(11)), Ok(host_key(model, id, b"door")));
        let rotated = client.admin::<Rotate, _>(&ADMIN, SlotNumber { slot: SLOT }).unwrap();
        assert_ne!(rotated.id, id);
        assert_ne!(rotated.challenge_key.expose_secret(), challenge_key.expose_secret());
        assert_eq!(export(client, SLOT, b"door", &genuine(12)), Ok(host_key(model, rotated.id, b"door")));
        let answer = challenge(client, question, &genuine(13)).unwrap();
        assert_eq!(answer, rotated.challenge_key.answer(b"door", &[3; 32]).unwrap());

        let without = Policy { allow_export: false, ..provisioning(model).policy };
        client.admin::<SetPolicy, _>(&ADMIN, without).unwrap();
        assert_eq!(fault(export(client, SLOT, b"door", &genuine(11))), Fault::ExportForbidden);
        let again = client.admin::<SetPolicy, _>(&ADMIN, provisioning(model).policy);
        assert_eq!(fault(again), Fault::ExportGivenUp);

        client.admin::<Revoke, _>(&ADMIN, SlotNumber { slot: SLOT }).unwrap();
        assert_eq!(client.call::<Info>(&()).unwrap().state, State::Provisioned);
        assert_eq!(fault(verify(client, SLOT, &genuine(12))), Fault::Rejected);
        let before = client.token;
        client.admin::<Wipe, _>(&ADMIN, ()).unwrap();
        assert_eq!(fault(client.call::<Info>(&())), Fault::HandshakeNeeded, "a wipe ends the session");
        client.handshake().unwrap();
        assert_eq!(client.call::<Info>(&()).unwrap().state, State::Blank);
        assert_ne!(client.token, before, "a wiped token has another key");
        client.call::<Provision>(&provisioning(model)).unwrap();
    });
}

#[test]
fn every_change_is_counted_and_what_must_not_come_back_begins_a_generation() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(SimBoard::with_counter(Flash::new()), model, |client| {
        let mut counted = vec![];
        let mut count = |info: TokenInfo| counted.push((info.epoch, info.generation));
        count(client.call::<Info>(&()).unwrap());
        client.call::<Provision>(&provisioning(model)).unwrap();
        count(client.call::<Info>(&()).unwrap());
        client.enrol(&ADMIN, SLOT, DIMS.features, &enrolled_scans(), THRESHOLD).unwrap();
        count(client.call::<Info>(&()).unwrap());
        client.admin::<SetPolicy, _>(&ADMIN, provisioning(model).policy).unwrap();
        count(client.call::<Info>(&()).unwrap());
        assert_eq!(counted, [(0, 0), (1, 1), (2, 2), (3, 2)]);
    });
}

#[test]
fn a_token_embeds_as_its_host_does_in_every_word() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        for take in 0..20 {
            let scan = scan(take, take);
            client.scan(Purpose::Embed, DIMS.features, &scan).unwrap();
            assert_eq!(client.embedding().unwrap(), embedding(model, &scan));
        }
        let past_end = client.call::<Embed>(&EmbeddingPart { first: DIMS.latent as u16 + 1 });
        assert_eq!(past_end.unwrap_err(), Fault::NoSuchComponent.with(DIMS.latent as u32));
    });
}

#[test]
fn scans_for_enrolment_are_answered_with_the_digest_of_the_prototype_that_the_host_computes() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let scans = enrolled_scans();
        for (taken, scan) in scans.iter().enumerate() {
            client.scan(Purpose::Enrol, DIMS.features, scan).unwrap();
            let progress = client.call::<EnrolScan>(&EnrolmentScan { first: taken == 0 }).unwrap();
            assert_eq!(usize::from(progress.scans), taken + 1);
            if taken + 1 == scans.len() {
                let floats: Vec<u8> = prototype(model).iter().flat_map(|component| component.to_le_bytes()).collect();
                assert_eq!(progress.prototype[..], Sha256::digest(floats)[..]);
            }
        }
    });
}

#[test]
fn a_restart_loses_the_session_and_nothing_else() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = enrolled_board(model);
    start(board.clone(), model, |mut client| {
        assert_eq!(fault(client.call::<Info>(&())), Fault::HandshakeNeeded);
        client.handshake().unwrap();
        assert_eq!(client.call::<Info>(&()).unwrap().state, State::Enrolled);
        verify(&mut client, SLOT, &genuine(9)).unwrap();
    });
}

#[test]
fn five_misses_in_a_row_ask_for_a_power_cycle_and_fifty_disable_every_slot() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = enrolled_board(model);
    let mut misses = 0;
    while misses < MISSES_IN_ALL {
        session(board.clone(), model, |client| {
            for _ in 0..MISSES_IN_A_ROW {
                assert_eq!(fault(verify(client, SLOT, &impostor(misses.into()))), Fault::Rejected);
                misses += 1;
            }
            assert_eq!(client.call::<Info>(&()).unwrap().state, State::Locked);
            assert_eq!(fault(verify(client, SLOT, &genuine(9))), Fault::PowerCycleNeeded);
        });
    }
    session(board.clone(), model, |client| {
        assert_eq!(fault(verify(client, SLOT, &genuine(9))), Fault::BudgetUsedUp);
        let reset = client.admin::<ResetAttempts, _>(&ADMIN, ()).unwrap();
        assert_eq!(reset, AttemptsReset { misses: MISSES_IN_ALL, locked: false });
        verify(client, SLOT, &genuine(9)).unwrap();
    });
}

#[test]
fn a_reset_says_whether_the_token_is_locked_until_a_power_cycle() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        for take in 0..MISSES_IN_A_ROW {
            assert_eq!(fault(verify(client, SLOT, &impostor(take.into()))), Fault::Rejected);
        }
        let reset = client.admin::<ResetAttempts, _>(&ADMIN, ()).unwrap();
        assert_eq!(reset, AttemptsReset { misses: MISSES_IN_A_ROW, locked: true });
        assert_eq!(fault(verify(client, SLOT, &genuine(9))), Fault::PowerCycleNeeded);
    });
}

#[test]
fn a_success_gives_all_attempts_back_and_ends_the_row() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        for round in 0..3 {
            for take in 0..u32::from(MISSES_IN_A_ROW) - 1 {
                assert_eq!(fault(verify(client, SLOT, &impostor(take))), Fault::Rejected);
            }
            verify(client, SLOT, &genuine(round)).unwrap();
        }
        assert_eq!(misses(client), 0);
    });
}

#[test]
fn an_empty_slot_behaves_like_an_enrolled_one_without_a_tag() {
    let aligned = bundle();
    let model = aligned.bytes();
    // No scan may be accepted by the stand-in of an empty slot.
    for (slot, probe) in [(SLOT, impostor(1)), (EMPTY, impostor(1)), (EMPTY, genuine(1))] {
        let board = enrolled_board(model);
        board.flash.count();
        session(board.clone(), model, |client| {
            assert_eq!(verify(client, slot, &probe), Err(Fault::Rejected.into()));
            assert_eq!(board.flash.count(), (36, 18), "the same writes for every slot");
            for take in 1..MISSES_IN_A_ROW {
                assert_eq!(fault(verify(client, slot, &impostor(take.into()))), Fault::Rejected);
            }
            assert_eq!(fault(verify(client, slot, &probe)), Fault::PowerCycleNeeded);
        });
    }
}

#[test]
fn commands_in_the_wrong_state_are_refused_and_change_nothing() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(SimBoard::new(Flash::new()), model, |client| {
        assert_eq!(fault(verify(client, SLOT, &genuine(0))), Fault::NotProvisioned);
        assert_eq!(fault(client.call::<Verify>(&())), Fault::NoScan);
        assert_eq!(fault(client.admin::<Wipe, _>(&ADMIN, ())), Fault::NotProvisioned);
        for window in [0, 9] {
            let given = Provisioning { window, ..provisioning(model) };
            assert_eq!(client.call::<Provision>(&given), Err(Fault::Window.with(8)));
        }
        let given = Provisioning { model: [0; 32], ..provisioning(model) };
        assert_eq!(fault(client.call::<Provision>(&given)), Fault::ModelMismatch);
        client.transport.board().consents = false;
        assert_eq!(fault(client.call::<Provision>(&provisioning(model))), Fault::NotConfirmed);
        client.transport.board().consents = true;
        client.transport.board().random.set(Generator::Fails);
        assert_eq!(fault(client.call::<Provision>(&provisioning(model))), Fault::Entropy);
        client.transport.board().random.set(Generator::Sound);
        assert_eq!(client.call::<Info>(&()).unwrap().state, State::Blank);
    });
    session(enrolled_board(model), model, |client| {
        assert_eq!(fault(client.call::<Provision>(&provisioning(model))), Fault::NotBlank);
        assert_eq!(fault(client.call::<Verify>(&())), Fault::NoScan);
        assert_eq!(verify(client, 4, &genuine(9)), Err(Fault::NoSuchSlot.with(4)));
        assert_eq!(fault(client.admin::<Rotate, _>(&ADMIN, SlotNumber { slot: EMPTY })), Fault::SlotEmpty);
        assert_eq!(fault(client.admin::<Revoke, _>(&ADMIN, SlotNumber { slot: 255 })), Fault::NoSuchSlot);
        let features = 299;
        assert_eq!(client.scan(Purpose::Embed, features, &vec![0.0; features]), Err(Fault::Width.with(300)));
        let head = |frames| ScanHead { features: 300, frames, purpose: Purpose::Embed };
        for frames in [0, 65_537, u32::MAX] {
            assert_eq!(fault(client.call::<ScanBegin>(&head(frames))), Fault::Frames, "{frames}");
        }
        client.call::<ScanBegin>(&head(65_536)).unwrap();
        let long = [0; MAX_APPLICATION + 1];
        let question = Question { slot: SLOT, nonce: [0; 32], application: &long };
        assert_eq!(fault(challenge(client, question, &genuine(9))), Fault::Application);
        verify(client, SLOT, &genuine(9)).unwrap();
        assert_eq!(fault(client.call::<Verify>(&())), Fault::NoScan, "a scan is used once");
    });
}

#[test]
fn a_scan_serves_the_purpose_it_was_begun_for_and_no_other() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let question = Question { slot: SLOT, nonce: [1; 32], application: b"door" };
        let request = KeyRequest { slot: SLOT, application: b"door" };
        let purposes = [
            Purpose::Enrol,
            Purpose::Embed,
            Purpose::Verify { slot: SLOT },
            Purpose::Challenge(question),
            Purpose::Export(request),
        ];
        for (index, purpose) in purposes.into_iter().enumerate() {
            client.scan(purpose, DIMS.features, &genuine(9)).unwrap();
            let mut refusals = [
                client.call::<EnrolScan>(&EnrolmentScan { first: true }).err(),
                client.embedding().err(),
                client.call::<Verify>(&()).err(),
                client.call::<Challenge>(&()).err(),
                client.call::<ExportKey>(&()).err(),
            ];
            // The one that fits uses the scan up; those after it find none.
            assert_eq!(refusals[index].take(), None);
            for refusal in refusals.into_iter().flatten() {
                assert!(matches!(refusal.fault(), Some(Fault::OtherPurpose | Fault::NoScan)), "{refusal}");
            }
            assert_eq!(misses(client), 0);
        }
    });
}

#[test]
fn every_slot_can_be_enrolled_anew_when_all_are_occupied() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = SimBoard::new(Flash::new());
    session(board.clone(), model, |client| {
        client.call::<Provision>(&provisioning(model)).unwrap();
        for person in [genuine, impostor] {
            for slot in 0..SLOTS as u8 {
                client.enrol(&ADMIN, slot, DIMS.features, &[person(0), person(1)], THRESHOLD).unwrap();
            }
        }
    });
    session(board, model, |client| {
        for slot in 0..SLOTS as u8 {
            assert_eq!(fault(verify(client, slot, &genuine(9))), Fault::Rejected);
            verify(client, slot, &impostor(9)).unwrap();
        }
    });
}

#[test]
fn an_enrolment_takes_only_the_scans_it_was_authorised_for() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        client.scan(Purpose::Enrol, DIMS.features, &impostor(1)).unwrap();
        let progress = client.call::<EnrolScan>(&EnrolmentScan { first: true }).unwrap();
        let EnrolmentProgress { scans, prototype } = progress;
        let label = Label::new("mallory").unwrap();
        let enrolment = Enrolment { slot: SLOT, label, scans, threshold: 0.5, prototype, ..rates() };
        let given = Enrolment { scans: 2, ..enrolment };
        assert_eq!(client.admin::<Enrol, _>(&ADMIN, given).err(), Some(Fault::EnrolmentScans.with(1)));
        let given = Enrolment { prototype: [0; 32], ..enrolment };
        assert_eq!(fault(client.admin::<Enrol, _>(&ADMIN, given)), Fault::PrototypeMismatch);
        for threshold in [f32::NAN, 1.5, f32::INFINITY] {
            let given = Enrolment { threshold, ..enrolment };
            assert_eq!(fault(client.admin::<Enrol, _>(&ADMIN, given)), Fault::Threshold);
        }
        verify(client, SLOT, &genuine(9)).unwrap();
    });
}

#[test]
fn a_replayed_or_altered_admin_command_is_refused() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let command = SlotNumber { slot: SLOT };
        fn sign(session: [u8; 32], number: u32, key: [u8; 32], command: SlotNumber) -> Authorised<SlotNumber> {
            let place = SessionPlace { session: &session, number };
            authorise::<Revoke, _>(&AdminKey::from_bytes(&key), place, command).unwrap()
        }
        let hash = *client.session().hash();
        let next = |client: &mut client::Client<_>| client.session().sealed();
        // Another session, another place in this one, another key, another command, another endpoint.
        let tag = sign([0; 32], next(client), ADMIN, command);
        assert_eq!(fault(client.call::<Revoke>(&tag)), Fault::NotAuthorised);
        let tag = sign(hash, next(client) + 1, ADMIN, command);
        assert_eq!(fault(client.call::<Revoke>(&tag)), Fault::NotAuthorised);
        let tag = sign(hash, next(client), [1; 32], command);
        assert_eq!(fault(client.call::<Revoke>(&tag)), Fault::NotAuthorised);
        let altered = Authorised { command: SlotNumber { slot: EMPTY }, ..sign(hash, next(client), ADMIN, command) };
        assert_eq!(fault(client.call::<Revoke>(&altered)), Fault::NotAuthorised);
        let tag = sign(hash, next(client), ADMIN, command);
        assert_eq!(fault(client.call::<Rotate>(&tag)), Fault::NotAuthorised);
        let place = SessionPlace { session: &hash, number: next(client) };
        let reset = authorise::<ResetAttempts, _>(&AdminKey::from_bytes(&ADMIN), place, ()).unwrap();
        client.call::<ResetAttempts>(&reset).unwrap();
        assert_eq!(fault(client.call::<ResetAttempts>(&reset)), Fault::NotAuthorised, "a replay");
        verify(client, SLOT, &genuine(9)).unwrap();
    });
}

#[test]
fn another_model_or_none_disables_a_provisioned_token() {
    let aligned = bundle();
    let other = neural_vault_core::testing::bundle(&DIMS, 6, None).unwrap();
    let board = enrolled_board(aligned.bytes());
    for (memory, expected) in
        [(other.bytes(), Fault::ModelMismatch), (&[0xff; 4096], Fault::Model), (&[], Fault::Model)]
    {
        session(board.clone(), memory, |client| {
            assert_eq!(client.call::<Info>(&()).unwrap().state, State::Disabled);
            assert_eq!(client.call::<Info>(&()).unwrap().disabled, expected.number());
            assert_eq!(fault(verify(client, SLOT, &genuine(0))), expected);
            assert_eq!(client.call::<SelfTest>(&()), Err(Fault::SelfTest.with(part::MODEL)));
        });
    }
    session(board, aligned.bytes(), |client| verify(client, SLOT, &genuine(9)).unwrap());
}

#[test]
fn a_sound_token_passes_its_self_test() {
    let aligned = bundle();
    session(enrolled_board(aligned.bytes()), aligned.bytes(), |client| {
        assert_eq!(client.call::<SelfTest>(&()), Ok(SelfTestReport { passed: 63 }));
    });
}
