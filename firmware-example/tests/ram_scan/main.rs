//! All memory of a token is searched for each secret after everything that can happen to it.
//!
//! A secret lies where the token that runs must hold it, once, and nowhere else: the device secret, the administrator's key
//! and the static key in the vault, the keys of the open session, and the embedding of a complete scan until it is used. A
//! disabled or wiped token holds none but the keys of the session that says so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/secret_bytes.rs"]
mod secret_bytes;
mod watched;

use neural_vault_core::wire::*;
use neural_vault_token_simulator::client::{Transport, framed};
use neural_vault_token_simulator::flash::TEARS;
use neural_vault_token_simulator::*;

use secret_bytes::{PIECE, copies};
use watched::{
    KEY, RUNNING, RUNNING_NAMES, SESSION, Simulated, Watched, enrolled, floats, purposes, release, watch,
    with_embedding,
};

#[test]
fn every_secret_is_found_where_it_is() {
    let aligned = bundle();
    let (_, secrets) = enrolled(aligned.bytes());
    for (name, secret) in &secrets {
        let mut memory = vec![0x11; 4096];
        assert_eq!(copies(&memory, secret), 0, "{name}");
        memory[1001..][..PIECE].copy_from_slice(&secret[..PIECE]);
        memory[2002..][..secret.len()].copy_from_slice(secret);
        assert_eq!(copies(&memory, secret), 2, "{name}");
    }
}

#[test]
fn a_copy_of_the_flash_holds_no_secret() {
    let aligned = bundle();
    let model = aligned.bytes();
    let (board, secrets) = enrolled(model);
    let holds_none = |event: &str| {
        let content = board.flash.content();
        for (name, secret) in &secrets {
            assert_eq!(copies(&content, secret), 0, "{event}: {name}");
        }
    };
    holds_none("enrolled");
    watch(board.clone(), model, &[], |token| {
        token.client.handshake().unwrap();
        for (purpose, scan) in purposes().into_iter().zip([genuine(9), impostor(1), genuine(9)]) {
            token.client.scan(purpose, DIMS.features, &scan).unwrap();
            release(&mut token.client, purpose);
        }
    });
    holds_none("attempts counted");
}

#[test]
fn a_running_token_holds_each_secret_once_and_no_more_than_it_must() {
    let aligned = bundle();
    let model = aligned.bytes();
    let (board, secrets) = enrolled(model);
    watch(board, model, &secrets, |token| {
        token.holds("started", &RUNNING[..3]);
        token.open_session();
        token.holds("session open", &RUNNING);
        for purpose in purposes() {
            token.client.scan(purpose, DIMS.features, &genuine(9)).unwrap();
            token.holds("scan complete", &with_embedding("genuine embedding"));
            assert!(release(&mut token.client, purpose));
            token.holds("accepted", &RUNNING);
            token.client.scan(purpose, DIMS.features, &impostor(1)).unwrap();
            token.holds("other scan complete", &with_embedding("other embedding"));
            assert!(!release(&mut token.client, purpose));
            token.holds("rejected", &RUNNING);
        }
        token.client.scan(Purpose::Embed, DIMS.features, &genuine(9)).unwrap();
        token.client.embedding().unwrap();
        token.holds("embedded", &with_embedding("genuine embedding"));
        token.client.call::<ScanBegin>(&head(purposes()[0])).unwrap();
        token.holds("scan begun", &RUNNING);
        let chunk = floats(&genuine(9)[..CHUNK]);
        token.client.call::<ScanChunk>(&Chunk { number: 0, values: &chunk }).unwrap();
        token.holds("a part of a scan", &RUNNING);
        let old = token.secrets.iter().find(|(name, _)| *name == SESSION).unwrap().1.clone();
        token.open_session();
        token.secrets.push(("keys of the session before", old));
        token.holds("another session", &RUNNING);

        let slot = SlotNumber { slot: SLOT };
        token.client.admin::<ListSlots, _>(&KEY, ()).unwrap();
        token.client.admin::<ResetAttempts, _>(&KEY, ()).unwrap();
        token.holds("attempts reset", &RUNNING);
        let rotated = token.client.admin::<Rotate, _>(&KEY, slot).unwrap();
        token.secrets.push(("rotated challenge key", rotated.challenge_key.expose_secret().to_vec()));
        token.holds("rotated", &RUNNING);
        let policy = Policy { allow_export: false, confirm_verify: false, confirm_challenge: false };
        token.client.admin::<SetPolicy, _>(&KEY, policy).unwrap();
        token.holds("policy set", &RUNNING);
        let enrolled = token.client.enrol(&KEY, SLOT, DIMS.features, &[genuine(9)], THRESHOLD).unwrap();
        token.secrets.push(("new challenge key", enrolled.challenge_key.expose_secret().to_vec()));
        token.holds("enrolled anew", &RUNNING);
        token.client.admin::<Revoke, _>(&KEY, slot).unwrap();
        token.holds("revoked", &RUNNING);
        assert_eq!(token.looks, 23);
    });
}

fn head(purpose: Purpose<'_>) -> ScanHead<'_> {
    ScanHead { features: DIMS.features as u32, frames: 2 * u32::from(WINDOW), purpose }
}

#[test]
fn no_refusal_leaves_a_secret() {
    let aligned = bundle();
    let model = aligned.bytes();
    let (board, secrets) = enrolled(model);
    let mut refusals = 0;
    for purpose in purposes() {
        let refused = |board: SimBoard, prepare: &dyn Fn(&SimBoard, &mut Watched<'_>), event: &str, used: bool| {
            let board = SimBoard { flash: board.flash.copy(), ..board };
            watch(board.clone(), model, &secrets, |token| {
                token.open_session();
                token.client.scan(purpose, DIMS.features, &genuine(9)).unwrap();
                prepare(&board, token);
                assert!(!release(&mut token.client, purpose), "{event}");
                if used {
                    token.holds(event, &RUNNING)
                } else {
                    token.holds(event, &with_embedding("genuine embedding"))
                }
                // A handshake ends what the session began.
                board.random.set(Generator::Sound);
                token.client.handshake().unwrap();
                token.watch_session();
                token.holds(event, &RUNNING);
            });
        };
        refused(board.clone(), &|board, _| board.random.set(Generator::Fails), "no randomness", true);
        refused(board.clone(), &|board, _| board.flash.set_broken(true), "broken flash", true);
        refused(
            board.clone(),
            &|_, token| {
                for take in 0..5 {
                    token.client.scan(purpose, DIMS.features, &impostor(take)).unwrap();
                    assert!(!release(&mut token.client, purpose));
                }
                token.client.scan(purpose, DIMS.features, &genuine(9)).unwrap();
            },
            "locked",
            true,
        );
        let strict = Policy { allow_export: true, confirm_verify: true, confirm_challenge: true };
        let refuses = SimBoard { consents: false, ..board.clone() };
        refused(
            refuses,
            &|_, token| {
                token.client.admin::<SetPolicy, _>(&KEY, strict).unwrap();
            },
            "no consent",
            false,
        );
        let forbids = Policy { allow_export: false, confirm_verify: false, confirm_challenge: false };
        if matches!(purpose, Purpose::Export(_)) {
            refused(
                board.clone(),
                &|_, token| {
                    token.client.admin::<SetPolicy, _>(&KEY, forbids).unwrap();
                },
                "export forbidden",
                false,
            );
            refusals += 1;
        }
        refusals += 4;
    }
    assert_eq!(refusals, 13);
}

#[test]
fn no_hostile_frame_leaves_a_secret() {
    let aligned = bundle();
    let model = aligned.bytes();
    let (board, secrets) = enrolled(model);
    watch(board, model, &secrets, |token| {
        token.open_session();
        let garbage: Vec<u8> = (0..5000u32).map(|index| (index * 37 % 255 + 1) as u8).chain([0]).collect();
        let wrong_kind = framed(Kind::Refusal, 3, b"x");
        let hello = framed(Kind::Handshake, 0, b"no greeting");
        let sealed = token.client.sealed::<Info>(&());
        let mut altered = sealed.clone();
        altered[9] ^= 1;
        for (event, frame) in [
            ("too long", &garbage[..]),
            ("wrong kind", &wrong_kind),
            ("no handshake", &hello),
            ("altered", &altered),
            ("as it was", &sealed),
            ("repeated", &sealed),
        ] {
            let answer = token.client.transport.exchange(frame);
            assert!(!answer.is_empty(), "{event}");
            token.holds(event, &RUNNING);
        }
        token.open_session();
        let wrong = token.client.admin::<Revoke, _>(&ADMIN, SlotNumber { slot: SLOT });
        assert_eq!(wrong.err().and_then(|refusal| refusal.fault()), Some(Fault::NotAuthorised));
        token.holds("a wrong tag", &RUNNING);

        // An exported key is sent once; the same request again gets a refusal, and neither leaves the key.
        token.client.scan(purposes()[2], DIMS.features, &genuine(9)).unwrap();
        let request = token.client.sealed::<ExportKey>(&());
        for event in ["exported", "asked for the exported key again"] {
            assert!(!token.client.transport.exchange(&request).is_empty());
            token.holds(event, &RUNNING);
        }
        assert_eq!(token.looks, 9);
    });
}

#[test]
fn no_failed_change_leaves_a_secret() {
    let aligned = bundle();
    let model = aligned.bytes();
    let (board, secrets) = enrolled(model);
    type Change = fn(&mut Simulated<'_>) -> bool;
    let changes: [(&str, Change); 6] = [
        ("verify", |client| verify(client, SLOT, &genuine(9)).is_ok()),
        // Scans that were taken stay for another try of the command: the sum of one scan is its embedding.
        ("enrol", |client| client.enrol(&KEY, EMPTY, DIMS.features, &[genuine(9)], THRESHOLD).is_ok()),
        ("rotate", |client| client.admin::<Rotate, _>(&KEY, SlotNumber { slot: SLOT }).is_ok()),
        ("revoke", |client| client.admin::<Revoke, _>(&KEY, SlotNumber { slot: SLOT }).is_ok()),
        ("reset", |client| client.admin::<ResetAttempts, _>(&KEY, ()).is_ok()),
        ("wipe", |client| client.admin::<Wipe, _>(&KEY, ()).is_ok()),
    ];
    let mut tried = 0;
    for (name, change) in changes {
        let fresh = || SimBoard { flash: board.flash.copy(), ..board.clone() };
        let whole = fresh();
        let mut steps = 0;
        watch(whole.clone(), model, &secrets, |token| {
            token.open_session();
            whole.flash.count();
            assert!(change(&mut token.client), "{name}");
            steps = whole.flash.count().0;
        });
        for (cut, tear) in (0..steps).flat_map(|cut| TEARS.map(|tear| (cut, tear))).step_by(7) {
            let board = fresh();
            watch(board.clone(), model, &secrets, |token| {
                token.open_session();
                board.flash.cut_after(cut, tear);
                let _ = change(&mut token.client);
                let allowed = [&RUNNING_NAMES[..], if name == "enrol" { &["genuine embedding"] } else { &[] }].concat();
                token.holds_at_most(&format!("{name}, flash fails after {cut} steps"), &allowed);
                // The power is back: what the flash holds now is what the token goes on with.
                board.flash.restore_power();
            });
            watch(board, model, &secrets, |token| {
                token.holds_at_most(&format!("{name}, started after {cut} steps"), &RUNNING_NAMES[..3]);
            });
            tried += 1;
        }
    }
    assert!(tried > 300, "{tried}");
}

#[test]
fn a_disabled_or_wiped_token_holds_no_secret() {
    let aligned = bundle();
    let model = aligned.bytes();
    let (board, secrets) = enrolled(model);
    let only_session = |board: SimBoard, event: &str, is_disabled: bool| {
        watch(board, model, &secrets, |token| {
            token.holds(event, &[]);
            token.open_session();
            let state = token.client.call::<Info>(&()).unwrap().state;
            assert_eq!(state, if is_disabled { State::Disabled } else { State::Blank }, "{event}");
            token.holds(event, &RUNNING[3..]);
            assert!(token.client.scan(purposes()[0], DIMS.features, &genuine(9)).is_err(), "{event}");
            token.holds(event, &RUNNING[3..]);
        });
    };
    // Every record of the flash, a bit at a time.
    let content = board.flash.content();
    let mut disabled = 0;
    for place in (0..content.len()).filter(|place| content[*place] != 0xff && content[*place] != 0).step_by(41) {
        let damaged = SimBoard { flash: board.flash.copy(), ..board.clone() };
        damaged.flash.set(place, content[place] ^ 1);
        let mut state = None;
        watch(damaged.clone(), model, &[], |token| {
            token.client.handshake().unwrap();
            state = Some(token.client.call::<Info>(&()).unwrap().state);
        });
        if state == Some(State::Disabled) {
            only_session(damaged, &format!("damaged at {place}"), true);
            disabled += 1;
        }
    }
    assert!(disabled > 10, "{disabled}");

    let other_chip = SimBoard { secret: *b"another board's, burnt elsewhere", ..board.clone() };
    only_session(other_chip, "another board's secret", true);

    // Damage that shows while the token runs.
    let damaged = SimBoard { flash: board.flash.copy(), ..board.clone() };
    watch(damaged.clone(), model, &secrets, |token| {
        token.open_session();
        token.client.scan(purposes()[0], DIMS.features, &genuine(9)).unwrap();
        let bytes = content.iter().map(|byte| byte & 0x7e).collect::<Vec<u8>>();
        damaged.flash.set_content(&bytes);
        assert!(!release(&mut token.client, purposes()[0]));
        token.holds_at_most("damaged while it runs", &RUNNING_NAMES);
    });

    watch(board.clone(), model, &secrets, |token| {
        token.open_session();
        token.client.scan(purposes()[0], DIMS.features, &genuine(9)).unwrap();
        token.client.admin::<Wipe, _>(&KEY, ()).unwrap();
        token.holds("wiped", &[]);
    });
    only_session(board, "started after a wipe", false);
}
