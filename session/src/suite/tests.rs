//! The vectors of Noise's `cacophony`, whose first messages carry a payload, and the primitives' refusals.

extern crate std;

use noise_protocol::patterns::{noise_nk, noise_nx};
use noise_protocol::{CipherState, HandshakeState};
use serde_json::Value;
use std::vec;
use std::vec::Vec;

use super::*;

type State = HandshakeState<X25519, ChaChaPoly, Sha>;

const VECTORS: &str = include_str!("../../tests/vectors/cacophony.json");

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn key(value: &Value) -> Option<SecretBytes<32>> {
    value.is_string().then(|| SecretBytes::from_slice(&bytes(value)))
}

/// Both sides of a vector, before their first message.
fn peers(vector: &Value) -> [State; 2] {
    let pattern = match vector["protocol_name"].as_str().unwrap() {
        "Noise_NK_25519_ChaChaPoly_SHA256" => noise_nk(),
        "Noise_NX_25519_ChaChaPoly_SHA256" => noise_nx(),
        other => unreachable!("{other}"),
    };
    let pinned = vector["init_remote_static"].as_str().map(|text| <[u8; 32]>::from_slice(&hex::decode(text).unwrap()));
    let (prologue, ephemeral) = (bytes(&vector["init_prologue"]), key(&vector["init_ephemeral"]));
    let host = State::new(pattern.clone(), true, prologue, None, ephemeral, pinned, None);
    let (prologue, ephemeral) = (bytes(&vector["resp_prologue"]), key(&vector["resp_ephemeral"]));
    let token = State::new(pattern, false, prologue, key(&vector["resp_static"]), ephemeral, None, None);
    [host, token]
}

#[test]
fn both_sides_reproduce_the_vectors_of_cacophony() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let vectors = vectors["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 2);
    for vector in vectors {
        let [mut host, mut token] = peers(vector);
        let messages = vector["messages"].as_array().unwrap();
        let (handshake, transport) = messages.split_at(2);
        for (turn, message) in handshake.iter().enumerate() {
            let (payload, expected) = (bytes(&message["payload"]), bytes(&message["ciphertext"]));
            let [from, to] = if turn == 0 { [&mut host, &mut token] } else { [&mut token, &mut host] };
            let mut sent = vec![0; expected.len()];
            from.write_message(&payload, &mut sent).unwrap();
            assert_eq!(sent, expected);
            let mut read = vec![0; payload.len()];
            to.read_message(&sent, &mut read).unwrap();
            assert_eq!(read, payload);
        }
        assert_eq!(host.get_hash(), bytes(&vector["handshake_hash"]));
        assert_eq!(token.get_hash(), host.get_hash());
        let (mut to_token, mut to_host) = host.get_ciphers();
        let (mut from_host, mut from_token) = token.get_ciphers();
        assert_eq!(transport.len(), 4);
        for (turn, message) in transport.iter().enumerate() {
            let (seal, open) =
                if turn % 2 == 0 { (&mut to_token, &mut from_host) } else { (&mut to_host, &mut from_token) };
            transfer(seal, open, &bytes(&message["payload"]), &bytes(&message["ciphertext"]));
        }
    }
}

fn transfer(seal: &mut CipherState<ChaChaPoly>, open: &mut CipherState<ChaChaPoly>, plain: &[u8], expected: &[u8]) {
    let mut buffer = [plain, &[0; TAG_LENGTH]].concat();
    assert_eq!(seal.encrypt_in_place(&mut buffer, plain.len()), expected.len());
    assert_eq!(buffer, expected);
    assert_eq!(open.decrypt_in_place(&mut buffer, expected.len()), Ok(plain.len()));
    assert_eq!(&buffer[..plain.len()], plain);
}

/// The points of small order on the curve and its twist (<https://cr.yp.to/ecdh.html#validate>).
const WEAK: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

#[test]
fn a_point_of_small_order_gives_no_shared_secret() {
    let key = SecretBytes::from_bytes(&[0x5a; 32]);
    for point in WEAK {
        let public = <[u8; 32]>::from_slice(&hex::decode(point).unwrap());
        assert!(X25519::dh(&key, &public).is_err(), "{point}");
    }
    assert!(X25519::dh(&key, &X25519_BASEPOINT_BYTES).is_ok());
}

#[test]
fn lengths_that_do_not_fit_send_nothing_and_open_nothing() {
    let key = SecretBytes::from_bytes(&[1; 32]);
    for room in [3, 4, 19] {
        let mut out = vec![9; room];
        ChaChaPoly::encrypt(&key, 0, &[], b"abcd", &mut out);
        assert!(out.iter().all(|byte| *byte == 0), "{room}");
    }
    let mut sealed = [0; 20];
    ChaChaPoly::encrypt(&key, 0, &[], b"abcd", &mut sealed);
    assert_eq!(ChaChaPoly::decrypt(&key, 0, &[], &sealed, &mut [0; 3]), Err(()));
    assert_eq!(ChaChaPoly::decrypt(&key, 0, &[], &sealed[..15], &mut []), Err(()));
    assert_eq!(ChaChaPoly::decrypt_in_place(&key, 0, &[], &mut sealed, 21), Err(()));
    assert_eq!(ChaChaPoly::decrypt_in_place(&key, 0, &[], &mut sealed, 20), Ok(4));
}
