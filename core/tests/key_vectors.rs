//! Keys against vectors: v1 the reference's, v2 an independent program's (`testkit/vectors/make_key_v2.py`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use hkdf::Hkdf;
use neural_vault_core::key::{
    DeviceSecret, KeyBuffer, KeyContext, KeyError, MAX_KEY_LENGTH, MAX_LATENT, derive_v1, derive_v2, derive_v2_into,
};
use neural_vault_core::quantise::{QuantiseError, quantise};
use neural_vault_core::similarity::normalise;
use neural_vault_testkit::vector_path;
use serde_json::Value;
use sha2::Sha256;

fn cases(file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(vector_path(file)).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    document["cases"].as_array().unwrap().clone()
}

fn bytes(case: &Value, field: &str) -> Vec<u8> {
    hex::decode(case[field].as_str().unwrap()).unwrap()
}

fn floats(case: &Value, field: &str) -> Vec<f32> {
    let bytes = bytes(case, field);
    let (words, rest) = bytes.as_chunks::<4>();
    assert!(rest.is_empty());
    words.iter().copied().map(f32::from_le_bytes).collect()
}

fn quantised(case: &Value) -> Vec<i64> {
    case["quantised"].as_array().unwrap().iter().map(|code| code.as_i64().unwrap()).collect()
}

#[test]
fn codes_and_v1_keys_match_the_reference() {
    for case in cases("key_v1.json") {
        let name = &case["name"];
        let embedding = floats(&case, "embedding_le_hex");
        let mut codes = vec![0; embedding.len()];
        let mut key = vec![0; case["bits"].as_u64().unwrap() as usize / 8];
        quantise(&embedding, &mut codes).unwrap();
        assert!(codes.iter().map(|&code| i64::from(code)).eq(quantised(&case)), "{name}");
        derive_v1(&embedding, &mut key).unwrap();
        assert_eq!(hex::encode(key), case["key_hex"].as_str().unwrap(), "{name}");
    }
}

#[test]
fn codes_and_v2_keys_match_an_independent_program() {
    let cases = cases("key_v2.json");
    assert!(cases.len() > 10);
    for case in cases {
        let name = &case["name"];
        let mut prototype = floats(&case, "prototype_le_hex");
        let expected = bytes(&case, "key_hex");
        let fixed = |field| bytes(&case, field);
        let (digest, id) = (fixed("model_digest_hex"), fixed("enrolment_id_hex"));
        let secret = DeviceSecret::from_bytes(fixed("device_secret_hex")[..].try_into().unwrap());
        let context = KeyContext {
            model_digest: digest[..].try_into().unwrap(),
            enrolment_id: id[..].try_into().unwrap(),
            application: &fixed("application_hex"),
        };
        let mut key = vec![0; expected.len()];
        derive_v2_into(&prototype, &secret, &context, &mut key).unwrap();
        assert_eq!(key, expected, "{name}");
        if key.len() == 32 {
            let mut buffer = KeyBuffer::empty();
            let whole = derive_v2(&prototype, &secret, &context, &mut buffer).ok().unwrap();
            assert_eq!(&whole.expose_secret()[..], key, "{name}");
        }

        normalise(&mut prototype).unwrap();
        let mut codes = vec![0; prototype.len()];
        quantise(&prototype, &mut codes).unwrap();
        assert!(codes.iter().map(|&code| i64::from(code)).eq(quantised(&case)), "{name}");
    }
}

const CONTEXT: KeyContext<'_> =
    KeyContext { model_digest: &[0xd1; 32], enrolment_id: &[0xe2; 16], application: b"door" };

#[test]
fn v2_key_depends_on_every_input() {
    let prototype = [0.5, -0.5, 0.7];
    let secret = || DeviceSecret::from_bytes(&[7; 32]);
    let key = |prototype: &[f32], secret: DeviceSecret, context: KeyContext<'_>| {
        *derive_v2(prototype, &secret, &context, &mut KeyBuffer::empty()).ok().unwrap().expose_secret()
    };
    let base = key(&prototype, secret(), CONTEXT);
    let mut other_secret = [7; 32];
    other_secret[31] ^= 1;
    let others = [
        key(&[0.5, -0.5, 0.702], secret(), CONTEXT),
        key(&prototype, DeviceSecret::from_bytes(&other_secret), CONTEXT),
        key(&prototype, secret(), KeyContext { model_digest: &[0; 32], ..CONTEXT }),
        key(&prototype, secret(), KeyContext { enrolment_id: &[0; 16], ..CONTEXT }),
        key(&prototype, secret(), KeyContext { application: b"", ..CONTEXT }),
    ];
    assert!(others.iter().all(|other| *other != base));
    // The same direction, four times as long, is the same prototype.
    assert_eq!(key(&prototype.map(|c| c * 4.0), secret(), CONTEXT), base);
}

#[test]
fn a_longer_key_starts_with_the_shorter_one() {
    let secret = DeviceSecret::from_bytes(&[7; 32]);
    let mut buffer = KeyBuffer::empty();
    let short = derive_v2(&[0.6, 0.8], &secret, &CONTEXT, &mut buffer).ok().unwrap();
    let mut long = [0; 80];
    derive_v2_into(&[0.6, 0.8], &secret, &CONTEXT, &mut long).unwrap();
    assert_eq!(&long[..32], short.expose_secret());
    assert_ne!(long[32..64], long[..32]);
}

#[test]
fn refuses_impossible_lengths_and_leaves_a_zero_key() {
    let mut longest = vec![0xaa; MAX_KEY_LENGTH];
    derive_v1(&[1.0], &mut longest).unwrap();
    let mut too_long = vec![0xaa; MAX_KEY_LENGTH + 1];
    let refused = Err(KeyError::KeyLength { given: MAX_KEY_LENGTH + 1 });
    assert_eq!(derive_v1(&[1.0], &mut too_long), refused);
    assert!(too_long.iter().all(|&byte| byte == 0));
    let refused = Err(KeyError::KeyLength { given: 0 });
    assert_eq!(derive_v1(&[1.0], &mut []), refused);

    let mut key = [0xaa; 32];
    derive_v1(&[1.0; MAX_LATENT], &mut key).unwrap();
    let refused = Err(KeyError::PrototypeLength { given: MAX_LATENT + 1 });
    assert_eq!(derive_v1(&[1.0; MAX_LATENT + 1], &mut key), refused);
    assert_eq!(key, [0; 32]);

    let mut key = [0xaa; 32];
    let secret = DeviceSecret::from_bytes(&[7; 32]);
    assert!(derive_v2_into(&[0.0; 4], &secret, &CONTEXT, &mut key).is_err());
    assert_eq!(key, [0; 32]);
    let mut key = [0xaa; 32];
    assert!(derive_v1(&[1.0, f32::NAN], &mut key).is_err());
    assert_eq!(key, [0; 32]);
}

/// Codes are hashed a block at a time; neither the key nor a refusal shows where one ends.
#[test]
fn prototypes_of_every_length_have_the_key_of_all_their_codes() {
    for length in 1..=130 {
        let mut prototype: Vec<f32> = (0..length).map(|k| k as f32 * 0.017 - 1.1).collect();
        let mut codes = vec![0; length];
        quantise(&prototype, &mut codes).unwrap();
        let material: Vec<u8> = codes.iter().flat_map(|code| code.to_le_bytes()).collect();
        let (mut expected, mut key) = ([0; 32], [0; 32]);
        Hkdf::<Sha256>::new(None, &material).expand(b"neural-vault-few-shot-v1", &mut expected).unwrap();
        derive_v1(&prototype, &mut key).unwrap();
        assert_eq!(key, expected, "{length} components");

        prototype[length - 1] = 40.0;
        let refused = Err(KeyError::Quantise(QuantiseError::OutOfRange { index: length - 1 }));
        assert_eq!(derive_v1(&prototype, &mut key), refused);
    }
}
