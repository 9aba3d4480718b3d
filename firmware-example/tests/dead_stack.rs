//! A request that uses a secret leaves no copy of it on the dead stack below the caller, or in a buffer.
//!
//! Stack frames of this machine differ from those of a Cortex-M4. These tests check that the stack is cleared, and as deep
//! as copies of secrets reach.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use hkdf::Hkdf;
use neural_vault_core::bundle::Bundle;
use neural_vault_core::key::{DeviceSecret, KeyBuffer, KeyContext, derive_v2};
use neural_vault_core::wire::*;
use neural_vault_session::Session;
use neural_vault_testkit::dead_stack::{DEPTH, copy_stack, dead_stack, on_a_large_stack, paint};
use neural_vault_token::memory::Memory;
use neural_vault_token::store::BANK;
use neural_vault_token::token::Token;
use neural_vault_token_simulator::client::{Client, hello};
use neural_vault_token_simulator::flash::Flash;
use neural_vault_token_simulator::*;
use sha2::Sha256;

const DEVICE: [u8; 32] = *b"device secret, as nobody else is";
const KEY: [u8; 32] = *b"administrator's key, some others";
const BOARD: [u8; 32] = *b"BOARD'S OWN, BURNT INTO ITS CHIP";

/// How many eight-byte pieces of a secret are on the stack: plain, under HMAC's two pads, or as words of SHA-256.
fn pieces(stack: &[u8], secret: &[u8]) -> usize {
    let padded = [0, 0x36, 0x5c].map(|pad| secret.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>());
    let swapped = padded.each_ref().map(|bytes| bytes.chunks(4).flat_map(|word| word.iter().rev().copied()).collect());
    let forms = padded.into_iter().chain(swapped);
    let is_there = |piece: &[u8]| stack.windows(piece.len()).any(|window| window == piece);
    forms.map(|form| form.chunks(8).filter(|piece| is_there(piece)).count()).sum()
}

/// Sends a request, and fails if it is refused or leaves a piece of a secret; returns the message of the answer.
fn leaves_nothing<E: Endpoint>(
    client: &mut Client<Token<'_, SimBoard>>,
    secrets: &[&[u8]],
    request: &E::Request<'_>,
) -> Vec<u8> {
    let frame = client.sealed::<E>(request);
    let mut payload = answer_leaves_nothing(&mut client.transport, secrets, &frame, E::NAME);
    let opened = client.session().open(&mut payload).unwrap();
    let message = Packet::split(opened).unwrap().message.to_vec();
    assert_eq!(message[0], 0, "{} is refused", E::NAME);
    message
}

/// Sends a frame, and fails if it is refused in clear or leaves a piece of a secret; returns the answer's payload.
fn answer_leaves_nothing(token: &mut Token<'_, SimBoard>, secrets: &[&[u8]], frame: &[u8], name: &str) -> Vec<u8> {
    let mut answer = Vec::with_capacity(MAX_FRAME);
    let ((), stack) = dead_stack(|| {
        for &byte in frame {
            if let Some(bytes) = token.receive(byte) {
                answer.extend_from_slice(bytes);
            }
        }
    });
    answer.pop();
    for (index, secret) in secrets.iter().enumerate() {
        assert_eq!(pieces(&stack, secret), 0, "{name} leaves pieces of secret {index}");
    }
    let Frame { kind, payload, .. } = decode(&mut answer).unwrap();
    assert_ne!(kind, Kind::Refusal, "{name} is refused");
    payload.to_vec()
}

/// The key that records of a generation are sealed under.
fn sealing_key(generation: u32) -> [u8; 16] {
    let mut key = [0; 16];
    let info = [&b"neural-vault/token/seal/v2"[..], &generation.to_le_bytes()];
    Hkdf::<Sha256>::from_prk(&BOARD).unwrap().expand_multi_info(&info, &mut key).unwrap();
    key
}

/// Starts a token, and fails if that leaves a piece of a secret.
#[inline(never)]
fn start_leaves_nothing<'m>(board: SimBoard, model: &'m [u8], memory: &'m mut Memory) -> Token<'m, SimBoard> {
    let mut stack = Box::new([0; DEPTH]);
    paint();
    let token = Token::start(board, model, memory);
    copy_stack(&mut stack);
    for (index, secret) in [&BOARD[..], &DEVICE, &KEY, &sealing_key(1), &sealing_key(2)].into_iter().enumerate() {
        assert_eq!(pieces(&stack[..], secret), 0, "the start leaves pieces of secret {index}");
    }
    token
}

#[test]
fn the_search_finds_what_is_left() {
    on_a_large_stack(|| {
        let (_, stack) = dead_stack(|| {
            std::hint::black_box([DEVICE; 4]);
        });
        assert!(pieces(&stack, &DEVICE) > 0);
        let (_, stack) = dead_stack(|| ());
        assert_eq!(pieces(&stack, &DEVICE), 0);
    });
}

#[test]
fn no_request_leaves_a_secret() {
    on_a_large_stack(|| {
        let aligned = bundle();
        let model = aligned.bytes();
        let board = SimBoard { secret: BOARD, ..SimBoard::new(Flash::new()) };
        let mut memory = Box::new(Memory::new());
        let mut token = start_leaves_nothing(board.clone(), model, &mut memory);
        let sealing_keys = [1, 2].map(sealing_key);
        let secrets = [&BOARD[..], &DEVICE, &KEY, &sealing_keys[0], &sealing_keys[1]];
        let provision = Provisioning {
            device_secret: Some(DeviceSecret::from_bytes(&DEVICE)),
            admin_key: AdminKey::from_bytes(&KEY),
            ..provisioning(model)
        };
        let (hello, _) = hello(None, 77);
        answer_leaves_nothing(&mut token, &secrets, &hello, "handshake");
        let mut client = Client::new(token);
        client.handshake().unwrap();
        leaves_nothing::<Provision>(&mut client, &secrets, &provision);

        let id = client.enrol(&KEY, SLOT, DIMS.features, &enrolled_scans(), THRESHOLD).unwrap().id;
        let context =
            KeyContext { model_digest: Bundle::open(model).unwrap().digest(), enrolment_id: &id, application: b"x" };
        let key = *derive_v2(&prototype(model), &DeviceSecret::from_bytes(&DEVICE), &context, &mut KeyBuffer::empty())
            .unwrap()
            .expose_secret();
        let secrets = [&BOARD[..], &DEVICE, &KEY, &sealing_keys[0], &sealing_keys[1], &key];

        let admin = AdminKey::from_bytes(&KEY);
        fn place<'s>(session: &'s Session) -> SessionPlace<'s> {
            SessionPlace { session: session.hash(), number: session.sealed() }
        }
        let command = authorise::<ListSlots, _>(&admin, place(client.session()), ()).unwrap();
        leaves_nothing::<ListSlots>(&mut client, &secrets, &command);
        let policy = Policy { allow_export: true, confirm_verify: false, confirm_challenge: false };
        let command = authorise::<SetPolicy, _>(&admin, place(client.session()), policy).unwrap();
        leaves_nothing::<SetPolicy>(&mut client, &secrets, &command);

        client.scan(Purpose::Verify { slot: SLOT }, DIMS.features, &genuine(9)).unwrap();
        leaves_nothing::<Verify>(&mut client, &secrets, &());
        let question = Question { slot: SLOT, nonce: [0; 32], application: b"x" };
        client.scan(Purpose::Challenge(question), DIMS.features, &genuine(9)).unwrap();
        leaves_nothing::<Challenge>(&mut client, &secrets, &());
        let request = KeyRequest { slot: SLOT, application: b"x" };
        client.scan(Purpose::Export(request), DIMS.features, &genuine(9)).unwrap();
        let answer = leaves_nothing::<ExportKey>(&mut client, &secrets, &());
        assert_eq!(answer[1..], key);
        start_leaves_nothing(board.copy(), model, &mut Box::new(Memory::new()));

        // Each of these begins a new generation, with a sealing key of its own.
        let sealing_keys = [2, 3, 4, 5].map(sealing_key);
        let new: Vec<&[u8]> = secrets.into_iter().chain(sealing_keys.iter().map(|key| &key[..])).collect();
        let command = authorise::<Rotate, _>(&admin, place(client.session()), SlotNumber { slot: SLOT }).unwrap();
        leaves_nothing::<Rotate>(&mut client, &new, &command);
        let command = authorise::<Revoke, _>(&admin, place(client.session()), SlotNumber { slot: SLOT }).unwrap();
        leaves_nothing::<Revoke>(&mut client, &new, &command);
        let command = authorise::<Wipe, _>(&admin, place(client.session()), ()).unwrap();
        leaves_nothing::<Wipe>(&mut client, &new, &command);
    });
}

/// How many copies of a secret are in a token's memory.
fn copies(memory: &Memory, secret: &[u8]) -> usize {
    let start = (&raw const *memory).cast::<u8>();
    // SAFETY: the memory of a live value; its padding is whatever the allocator left there.
    let bytes: Vec<u8> = (0..size_of::<Memory>()).map(|index| unsafe { start.add(index).read_volatile() }).collect();
    bytes.windows(secret.len()).filter(|window| *window == secret).count()
}

#[test]
fn secrets_lie_in_the_vault_and_in_no_buffer() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = SimBoard { secret: BOARD, ..SimBoard::new(Flash::new()) };
    let in_memory = |use_it: &dyn Fn(&mut Client<Token<'_, SimBoard>>)| {
        let mut memory = Box::new(Memory::new());
        let mut client = Client::new(Token::start(board.clone(), model, &mut memory));
        client.handshake().unwrap();
        use_it(&mut client);
        drop(client);
        [&BOARD[..], &DEVICE, &KEY, &sealing_key(1), &sealing_key(2)].map(|secret| copies(&memory, secret))
    };
    let provision = |client: &mut Client<Token<'_, SimBoard>>| {
        let (device_secret, admin_key) = (Some(DeviceSecret::from_bytes(&DEVICE)), AdminKey::from_bytes(&KEY));
        client.call::<Provision>(&Provisioning { device_secret, admin_key, ..provisioning(model) }).unwrap();
    };
    assert_eq!(in_memory(&provision), [0, 1, 1, 0, 0], "provisioned");
    assert_eq!(in_memory(&|_| ()), [0, 1, 1, 0, 0], "started");
    let wipe = |client: &mut Client<Token<'_, SimBoard>>| client.admin::<Wipe, _>(&KEY, ()).unwrap();
    assert_eq!(in_memory(&wipe), [0; 5], "wiped");
}

#[test]
fn a_token_without_sound_records_keeps_no_secret() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = SimBoard { secret: BOARD, ..SimBoard::with_counter(Flash::new()) };
    session(board.clone(), model, |client| {
        let (device_secret, admin_key) = (Some(DeviceSecret::from_bytes(&DEVICE)), AdminKey::from_bytes(&KEY));
        client.call::<Provision>(&Provisioning { device_secret, admin_key, ..provisioning(model) }).unwrap();
        client.enrol(&KEY, SLOT, DIMS.features, &enrolled_scans(), THRESHOLD).unwrap();
    });
    let prototype: Vec<u8> = prototype(model).into_iter().flat_map(f32::to_le_bytes).collect();
    let bank = if board.flash.content()[0] == 0xff { BANK as usize } else { 0 };
    // Copies of each secret, once the token is disabled at its start or by what `use_it` does.
    let disabled = |board: SimBoard, use_it: &dyn Fn(&mut Client<Token<'_, SimBoard>>)| {
        let mut memory = Box::new(Memory::new());
        let mut client = Client::new(Token::start(board, model, &mut memory));
        client.handshake().unwrap();
        use_it(&mut client);
        assert_eq!(client.call::<Info>(&()).unwrap().state, State::Disabled);
        drop(client);
        [&BOARD[..], &DEVICE, &KEY, &sealing_key(2), &sealing_key(3), &prototype[..16]].map(|it| copies(&memory, it))
    };
    let flipped = |place: usize| {
        let board = board.copy();
        board.flash.set(place, board.flash.content()[place] ^ 1);
        disabled(board, &|_| ())
    };
    // The snapshot; its log, after the snapshot was opened; the prototype, after both.
    for place in [bank + 40, bank + 576 + 40, 2 * BANK as usize + 40] {
        assert_eq!(flipped(place), [0; 6], "damaged at {place}");
    }
    let rolled_back = board.copy();
    rolled_back.generation.as_ref().unwrap().set(3);
    assert_eq!(disabled(rolled_back, &|_| ()), [0; 6], "rolled back");
    let revoke = |client: &mut Client<Token<'_, SimBoard>>| {
        let refused = client.admin::<Revoke, _>(&KEY, SlotNumber { slot: SLOT }).unwrap_err();
        assert_eq!(refused.fault(), Some(Fault::StorageFailed));
    };
    let stuck = board.copy();
    let in_use = |client: &mut Client<Token<'_, SimBoard>>| {
        verify(client, SLOT, &genuine(9)).unwrap();
        client.transport.board().flash.set_stuck(true);
        revoke(client);
    };
    assert_eq!(disabled(stuck, &in_use), [0; 6], "an erasure that fails");
    let counter_fails = SimBoard { counter_fails: true, ..board.copy() };
    assert_eq!(disabled(counter_fails, &revoke), [0; 6], "a counter that fails");
}

#[test]
fn an_exported_key_lies_in_no_buffer() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = enrolled_board(model);
    let mut memory = Box::new(Memory::new());
    let mut client = Client::new(Token::start(board, model, &mut memory));
    client.handshake().unwrap();
    let key = export(&mut client, SLOT, b"x", &genuine(9)).unwrap();
    drop(client);
    assert_eq!(copies(&memory, &key[..16]), 0);
}

#[test]
fn a_prototype_is_in_memory_only_while_it_is_compared() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = enrolled_board(model);
    let prototype: Vec<u8> = prototype(model).into_iter().flat_map(f32::to_le_bytes).collect();
    let copies_of_prototype = |revoke: bool| {
        let mut memory = Box::new(Memory::new());
        let mut client = Client::new(Token::start(board.clone(), model, &mut memory));
        client.handshake().unwrap();
        verify(&mut client, SLOT, &genuine(9)).unwrap();
        if revoke {
            client.admin::<Revoke, _>(&ADMIN, SlotNumber { slot: SLOT }).unwrap();
        }
        drop(client);
        copies(&memory, &prototype[..32])
    };
    assert_eq!([false, true].map(copies_of_prototype), [0, 0]);
}
