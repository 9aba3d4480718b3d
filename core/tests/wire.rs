//! The protocol: frames come back whole or not at all, and its keys and bytes do not drift.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "wire")]

use std::collections::HashSet;

use neural_vault_core::wire::*;
use proptest::prelude::*;

fn frame<E: Endpoint>(number: u32, request: &E::Request<'_>) -> Vec<u8> {
    let mut out = [0; MAX_FRAME];
    let length = encode(&E::KEY, number, request, &mut out).unwrap();
    out[..length].to_vec()
}

/// Gives `bytes` to a receiver one by one and decodes what it gathers.
fn received(bytes: &[u8]) -> Vec<Result<(u32, Vec<u8>), FrameError>> {
    let mut receiver = Receiver::new();
    let mut frames = Vec::new();
    for &byte in bytes {
        if let Some(gathered) = receiver.push(byte) {
            frames.push(gathered.and_then(decode).map(|frame| (frame.number, frame.message.to_vec())));
        }
    }
    frames
}

#[test]
fn every_endpoint_has_a_key_and_a_name_of_its_own() {
    let names: HashSet<_> = ENDPOINTS.iter().map(|(name, _)| name).collect();
    let keys: HashSet<_> = ENDPOINTS.iter().map(|(_, key)| key.to_bytes()).collect();
    assert_eq!((names.len(), keys.len()), (ENDPOINTS.len(), ENDPOINTS.len()));
}

#[test]
fn the_table_of_this_version_is_pinned() {
    assert_eq!(
        (VERSION, format!("{TABLE:016x}").as_str()),
        (1, "6787fcf66024a20d"),
        "a change of any message asks for a new VERSION"
    );
}

#[test]
fn a_request_has_the_bytes_the_documentation_says() {
    let mut bytes = frame::<Handshake>(0x0102_0304, &Hello { version: 1 });
    assert_eq!(bytes.pop(), Some(0));
    let plain = cobs::decode_in_place(&mut bytes).map(|length| bytes[..length].to_vec()).unwrap();
    assert_eq!(plain[..8], Handshake::KEY.to_bytes());
    assert_eq!(plain[8..13], [4, 3, 2, 1, 1]);
    // The check value of CRC-32/ISO-HDLC, computed bit by bit.
    let crc = plain[..13].iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    });
    assert_eq!(plain[13..], (!crc).to_le_bytes());
}

#[test]
fn a_full_chunk_fits_and_costs_little_more_than_its_values() {
    let values = [0xa5; 4 * CHUNK];
    let request = frame::<ScanChunk>(u32::MAX, &Chunk { number: u32::MAX, values: &values });
    let mut answer = [0; MAX_FRAME];
    let reply: Reply<'_, ScanChunk> = Ok(Progress { next: u32::MAX, complete: false });
    let answer = encode(&ScanChunk::KEY, u32::MAX, &reply, &mut answer).unwrap();
    assert!(request.len() <= MAX_FRAME);
    assert!((request.len() + answer) as f64 <= 1.06 * values.len() as f64, "{} + {answer}", request.len());
}

#[test]
fn a_frame_that_is_too_long_is_an_error_and_the_next_is_read() {
    let good = frame::<Info>(7, &());
    let bytes = [vec![1; 3 * MAX_FRAME], vec![0, 0], good].concat();
    assert_eq!(received(&bytes), [Err(FrameError::TooLong), Ok((7, vec![]))]);
}

#[test]
fn bytes_left_over_are_refused() {
    let mut out = [0; MAX_FRAME];
    let length = encode(&Verify::KEY, 1, &(SlotNumber { slot: 3 }, 0u8), &mut out).unwrap();
    let frame = decode(&mut out[..length - 1]).unwrap();
    assert_eq!(frame.read::<SlotNumber>(), Err(FrameError::Malformed));
}

#[test]
fn a_refusal_reads_as_the_reply_of_any_endpoint() {
    let mut out = [0; MAX_FRAME];
    let length = encode_refusal([9; 8], 5, Fault::UnknownEndpoint.into(), &mut out).unwrap();
    let frame = decode(&mut out[..length - 1]).unwrap();
    assert_eq!((frame.key, frame.number), ([9; 8], 5));
    assert_eq!(frame.read::<Reply<'_, Info>>().unwrap(), Err(Fault::UnknownEndpoint.into()));
    assert_eq!(frame.read::<Reply<'_, Embed>>().unwrap(), Err(Fault::UnknownEndpoint.into()));
}

#[test]
fn a_tag_is_bound_to_key_nonce_endpoint_and_command() {
    let tag = |key, nonce, slot| {
        authorise::<Revoke, _>(&AdminKey::from_bytes(&key), &nonce, SlotNumber { slot }).unwrap().tag
    };
    let original = tag([1; 32], [2; 32], 3);
    let other = authorise::<Rotate, _>(&AdminKey::from_bytes(&[1; 32]), &[2; 32], SlotNumber { slot: 3 }).unwrap().tag;
    let tags = [original, tag([0; 32], [2; 32], 3), tag([1; 32], [0; 32], 3), tag([1; 32], [2; 32], 0), other];
    assert_eq!(HashSet::from(tags).len(), tags.len());
    assert_eq!(original, command_tag(&AdminKey::from_bytes(&[1; 32]), &Revoke::KEY, &[2; 32], &[3]));
}

#[test]
fn labels_hold_what_fits() {
    assert_eq!(Label::new("sixteen bytes: é").map(|label| label.to_string()), None);
    assert_eq!(Label::new("fifteen bytes:é").unwrap().to_string(), "fifteen bytes:é");
    assert_eq!(Label::new("a\0b"), None);
    assert_eq!(Label::new("").unwrap().as_str(), "");
}

proptest! {
    #[test]
    fn a_damaged_frame_is_never_taken_for_another(
        number: u32, slot: u8, nonce: [u8; 32], at in any::<prop::sample::Index>(), flip in 1u8..,
    ) {
        let question = Question { slot, nonce, application: b"door" };
        let mut bytes = frame::<Challenge>(number, &question);
        let at = at.index(bytes.len() - 1);
        bytes[at] ^= flip;
        for frame in received(&bytes) {
            prop_assert!(frame.is_err());
        }
    }

    #[test]
    fn messages_come_back(number: u32, chunk: u32, values in proptest::collection::vec(any::<u8>(), 0..=4 * CHUNK)) {
        let mut bytes = frame::<ScanChunk>(number, &Chunk { number: chunk, values: &values });
        bytes.pop();
        let frame = decode(&mut bytes).unwrap();
        prop_assert_eq!(frame.number, number);
        prop_assert_eq!(frame.read::<Chunk<'_>>().unwrap(), Chunk { number: chunk, values: &values });
    }

    #[test]
    fn random_bytes_never_pass_for_a_frame(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        for frame in received(&bytes) {
            prop_assert!(frame.is_err());
        }
    }
}
