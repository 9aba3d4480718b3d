//! Challenge keys and answers against those of an independent program (`testkit/vectors/make_challenge_v2.py`).
#![allow(clippy::unwrap_used)]

use neural_vault_core::challenge::{
    ChallengeKey, ChallengeKeyBuffer, LabelTooLong, MAX_LABEL, NONCE_LENGTH, derive_challenge_key,
};
use neural_vault_core::key::{DeviceSecret, KeyBuffer, KeyContext, KeyError, MAX_LATENT, derive_v2};
use neural_vault_testkit::vector_path;
use serde_json::Value;

fn bytes(case: &Value, field: &str) -> Vec<u8> {
    hex::decode(case[field].as_str().unwrap()).unwrap()
}

#[test]
fn keys_and_answers_match_an_independent_program() {
    let text = std::fs::read_to_string(vector_path("challenge_v2.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let cases = document["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 8);
    for case in cases {
        let name = &case["name"];
        let components = bytes(case, "prototype_le_hex");
        let prototype: Vec<f32> = components.as_chunks::<4>().0.iter().copied().map(f32::from_le_bytes).collect();
        let secret = DeviceSecret::from_bytes(bytes(case, "device_secret_hex")[..].try_into().unwrap());
        let (digest, id) = (bytes(case, "model_digest_hex"), bytes(case, "enrolment_id_hex"));
        let mut buffer = ChallengeKeyBuffer::empty();
        let (digest, id) = (digest[..].try_into().unwrap(), id[..].try_into().unwrap());
        let key = derive_challenge_key(&prototype, &secret, digest, id, &mut buffer).ok().unwrap();
        assert_eq!(key.expose_secret()[..], bytes(case, "key_hex"), "{name}");
        let nonce = bytes(case, "nonce_hex")[..].try_into().unwrap();
        let answer = key.answer(&bytes(case, "application_hex"), &nonce).unwrap();
        assert_eq!(answer[..], bytes(case, "answer_hex"), "{name}");
    }
}

const PROTOTYPE: [f32; 3] = [0.5, -0.5, 0.7];

fn key(prototype: &[f32], secret: u8, digest: u8, id: u8) -> Result<[u8; 32], KeyError> {
    let mut buffer = ChallengeKeyBuffer::empty();
    let secret = DeviceSecret::from_bytes(&[secret; 32]);
    derive_challenge_key(prototype, &secret, &[digest; 32], &[id; 16], &mut buffer).map(|key| *key.expose_secret())
}

#[test]
fn the_challenge_key_depends_on_every_input_and_is_no_v2_key() {
    let base = key(&PROTOTYPE, 1, 2, 3).unwrap();
    let others = [
        key(&[0.5, -0.5, 0.702], 1, 2, 3),
        key(&PROTOTYPE, 9, 2, 3),
        key(&PROTOTYPE, 1, 9, 3),
        key(&PROTOTYPE, 1, 2, 9),
    ];
    assert!(others.iter().all(|other| other.unwrap() != base));

    // Not even for an application whose label begins as the challenge key's does.
    for application in [&b""[..], b"neural-vault/challenge/v2", b"challenge"] {
        let context = KeyContext { model_digest: &[2; 32], enrolment_id: &[3; 16], application };
        let mut buffer = KeyBuffer::empty();
        let v2 = derive_v2(&PROTOTYPE, &DeviceSecret::from_bytes(&[1; 32]), &context, &mut buffer);
        assert_ne!(*v2.ok().unwrap().expose_secret(), base);
    }
}

#[test]
fn an_answer_tells_where_the_label_ends_and_the_nonce_begins() {
    let key = ChallengeKey::from_bytes(&[4; 32]);
    let (mut nonce, mut shifted) = ([5; NONCE_LENGTH], [5; NONCE_LENGTH]);
    (nonce[0], shifted[NONCE_LENGTH - 1]) = (b'x', b'y');
    let answers = [key.answer(b"door", &nonce), key.answer(b"doorx", &shifted), key.answer(b"doo", &nonce)];
    assert!(answers[0] != answers[1] && answers[0] != answers[2] && answers[1] != answers[2]);
}

#[test]
fn what_has_no_key_or_answer_is_refused() {
    assert_eq!(key(&[1.0; MAX_LATENT + 1], 1, 2, 3), Err(KeyError::PrototypeLength { given: MAX_LATENT + 1 }));
    assert!(key(&[0.0; 3], 1, 2, 3).is_err() && key(&[], 1, 2, 3).is_err() && key(&[f32::NAN], 1, 2, 3).is_err());
    let given = MAX_LABEL + 1;
    let refused = ChallengeKey::from_bytes(&[4; 32]).answer(&vec![0; given], &[0; NONCE_LENGTH]);
    assert_eq!(refused, Err(LabelTooLong { given }));
}
