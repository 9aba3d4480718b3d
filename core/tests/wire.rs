//! The protocol: frames come back whole or not at all, and its keys and bytes do not drift.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "wire")]

use std::collections::HashSet;

use neural_vault_core::wire::*;
use proptest::prelude::*;

/// The frame of a payload.
fn frame(kind: Kind, number: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = [0; MAX_FRAME];
    let length = encode(kind, number, payload, &mut out).unwrap();
    out[..length].to_vec()
}

/// The packet of a request.
fn packet<E: Endpoint>(request: &E::Request<'_>) -> Vec<u8> {
    let mut out = [0; MAX_PACKET];
    let length = write_packet(&E::KEY, request, &mut out).unwrap();
    out[..length].to_vec()
}

/// A frame's kind, number and payload.
type Received = (Kind, u32, Vec<u8>);

/// Gives `bytes` to a receiver one by one and decodes what it gathers.
fn received(bytes: &[u8]) -> Vec<Result<Received, FrameError>> {
    let mut receiver = Receiver::new();
    let mut frames = Vec::new();
    for &byte in bytes {
        if let Some(gathered) = receiver.push(byte) {
            let decoded = gathered.and_then(decode);
            frames.push(decoded.map(|Frame { kind, number, payload, .. }| (kind, number, payload.to_vec())));
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
        (3, "cd83e2becf143a94"),
        "a change of any message asks for a new VERSION"
    );
}

#[test]
fn a_frame_has_the_bytes_the_documentation_says() {
    for (code, kind) in [(0, Kind::Handshake), (1, Kind::Session), (2, Kind::Refusal)] {
        let mut bytes = frame(kind, 0x0102_0304, &[9, 0]);
        assert_eq!(bytes.pop(), Some(0));
        let plain = cobs::decode_in_place(&mut bytes).map(|length| bytes[..length].to_vec()).unwrap();
        assert_eq!(plain[..7], [code, 4, 3, 2, 1, 9, 0]);
        // The check value of CRC-32/ISO-HDLC, computed bit by bit.
        let crc = plain[..7].iter().fold(!0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
        });
        assert_eq!(plain[7..], (!crc).to_le_bytes());
    }
}

#[test]
fn a_packet_is_the_endpoints_key_and_the_message() {
    let packet = packet::<Revoke>(&Authorised { tag: [7; TAG_LENGTH], command: SlotNumber { slot: 3 } });
    assert_eq!(packet[..KEY_LENGTH], Revoke::KEY.to_bytes());
    assert_eq!(packet[KEY_LENGTH..], [&[7; TAG_LENGTH][..], &[3]].concat());
}

#[test]
fn a_frame_of_an_unknown_kind_is_damaged() {
    let sealed = frame(Kind::Session, 7, &[1, 2, 3]);
    let plain = |kind: u8| {
        let mut content = vec![kind, 7, 0, 0, 0, 1, 2, 3];
        let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&content);
        content.extend(crc.to_le_bytes());
        let mut frame = [0; 32];
        let length = cobs::encode(&content, &mut frame);
        frame[..=length].to_vec()
    };
    assert_eq!(plain(1), sealed);
    for kind in 3..=u8::MAX {
        assert_eq!(received(&plain(kind)), [Err(FrameError::Damaged)], "{kind}");
    }
}

#[test]
fn a_full_chunk_fits_and_costs_little_more_than_its_values() {
    let values = [0xa5; 4 * CHUNK];
    let mut request = packet::<ScanChunk>(&Chunk { number: u32::MAX, values: &values });
    request.resize(request.len() + SEAL, 0x5a);
    let request = frame(Kind::Session, u32::MAX, &request);
    let mut answer = [0; MAX_PACKET];
    let reply: Reply<'_, ScanChunk> = Ok(Progress { next: u32::MAX, complete: false });
    let answer = write_packet(&ScanChunk::KEY, &reply, &mut answer).unwrap();
    let answer = frame(Kind::Session, u32::MAX, &[0x5a; MAX_PACKET][..answer + SEAL]);
    assert!(request.len() <= MAX_FRAME);
    let ratio = (request.len() + answer.len()) as f64 / values.len() as f64;
    assert!(ratio <= 1.09, "{ratio}");
}

#[test]
fn the_longest_packet_and_the_longest_frame_fit_their_buffers_exactly() {
    let values = [0xa5; 4 * CHUNK];
    assert_eq!(packet::<ScanChunk>(&Chunk { number: u32::MAX, values: &values }).len(), MAX_PACKET);
    // No zero, so that the stuffing is longest; not even in the CRC.
    let payload = [1; MAX_PACKET + SEAL];
    assert_eq!(frame(Kind::Session, 0x0101_0101, &payload).len(), MAX_FRAME);
    let too_long = [&payload[..], &[1]].concat();
    let refused = encode(Kind::Session, 0x0101_0101, &too_long, &mut [0; MAX_FRAME]);
    assert_eq!(refused, Err(FrameError::TooLong));
}

#[test]
fn the_version_of_a_greeting_is_read_whatever_follows() {
    for version in [0, 1, 2, 300, u16::MAX] {
        let mut greeting = [0xff; 8];
        let length = postcard::to_slice(&version, &mut greeting).map(|encoded| encoded.len()).unwrap();
        assert_eq!(Hello::version_of(&greeting), Ok(version));
        assert_eq!(Hello::version_of(&greeting[..length - 1]), Err(FrameError::Malformed));
    }
}

#[test]
fn a_frame_that_is_too_long_is_an_error_and_the_next_is_read() {
    let good = frame(Kind::Session, 7, &[5]);
    let bytes = [vec![1; 3 * MAX_FRAME], vec![0, 0], good].concat();
    assert_eq!(received(&bytes), [Err(FrameError::TooLong), Ok((Kind::Session, 7, vec![5]))]);
}

#[test]
fn bytes_left_over_are_refused() {
    let mut out = [0; MAX_PACKET];
    let length = write_packet(&Verify::KEY, &(SlotNumber { slot: 3 }, 0u8), &mut out).unwrap();
    assert_eq!(Packet::split(&out[..length]).unwrap().read::<SlotNumber>(), Err(FrameError::Malformed));
    assert_eq!(Packet::split(&out[..KEY_LENGTH - 1]), Err(FrameError::Malformed));
}

#[test]
fn a_refusal_reads_as_the_reply_of_any_endpoint() {
    let mut out = [0; MAX_PACKET];
    let length = write_refusal([9; 8], Fault::UnknownEndpoint.into(), &mut out).unwrap();
    let packet = Packet::split(&out[..length]).unwrap();
    assert_eq!(packet.key, [9; 8]);
    assert_eq!(packet.read::<Reply<'_, Info>>().unwrap(), Err(Fault::UnknownEndpoint.into()));
    assert_eq!(packet.read::<Reply<'_, Embed>>().unwrap(), Err(Fault::UnknownEndpoint.into()));
}

#[test]
fn a_refusal_in_clear_comes_back() {
    let mut out = [0; MAX_FRAME];
    let refusal = Fault::OutOfOrder.with(u32::MAX);
    let length = encode_refusal(8, refusal, &mut out).unwrap();
    let Frame { kind, number, payload, .. } = decode(&mut out[..length - 1]).unwrap();
    assert_eq!((kind, number, read::<Refusal>(payload)), (Kind::Refusal, 8, Ok(refusal)));
}

#[test]
fn a_tag_is_bound_to_key_session_place_endpoint_and_command() {
    let (key, session) = (AdminKey::from_bytes(&[1; 32]), [2; 32]);
    let place = SessionPlace { session: &session, number: 5 };
    let tag = |key: &AdminKey, place, slot| authorise::<Revoke, _>(key, place, SlotNumber { slot }).unwrap().tag;
    let original = tag(&key, place, 3);
    let tags = [
        original,
        tag(&AdminKey::from_bytes(&[0; 32]), place, 3),
        tag(&key, SessionPlace { session: &[0; 32], number: 5 }, 3),
        tag(&key, SessionPlace { session: &session, number: 6 }, 3),
        tag(&key, place, 0),
        authorise::<Rotate, _>(&key, place, SlotNumber { slot: 3 }).unwrap().tag,
    ];
    assert_eq!(HashSet::from(tags).len(), tags.len());
    assert_eq!(original, command_tag(&key, &Revoke::KEY, place, &[3]));
}

#[test]
fn answers_with_keys_are_known_as_such() {
    let with_a_key: Vec<&str> =
        ENDPOINTS.iter().filter(|(_, key)| answers_with_a_key(key.to_bytes())).map(|(name, _)| *name).collect();
    assert_eq!(with_a_key, ["enrol", "export-key", "rotate"]);
}

#[test]
fn labels_hold_what_fits() {
    assert_eq!(Label::new("sixteen bytes: é").map(|label| label.to_string()), None);
    assert_eq!(Label::new("fifteen bytes:é").unwrap().to_string(), "fifteen bytes:é");
    assert_eq!(Label::new("a\0b"), None);
    assert_eq!(Label::new("").unwrap().as_str(), "");
    assert_eq!(format!("{:?}", Label::new("a \"b\"").unwrap()), r#""a \"b\"""#);
}

proptest! {
    #[test]
    fn a_damaged_frame_is_never_taken_for_another(
        number: u32, payload in proptest::collection::vec(any::<u8>(), 0..80), at in any::<prop::sample::Index>(), flip in 1u8..,
    ) {
        let mut bytes = frame(Kind::Session, number, &payload);
        let at = at.index(bytes.len() - 1);
        bytes[at] ^= flip;
        for frame in received(&bytes) {
            prop_assert!(frame.is_err());
        }
    }

    #[test]
    fn payloads_come_back(number: u32, payload in proptest::collection::vec(any::<u8>(), 0..=MAX_PACKET + SEAL)) {
        let bytes = frame(Kind::Handshake, number, &payload);
        prop_assert_eq!(received(&bytes), [Ok((Kind::Handshake, number, payload))]);
    }

    #[test]
    fn messages_come_back(chunk: u32, values in proptest::collection::vec(any::<u8>(), 0..=4 * CHUNK)) {
        let bytes = packet::<ScanChunk>(&Chunk { number: chunk, values: &values });
        let packet = Packet::split(&bytes).unwrap();
        prop_assert_eq!(packet.key, ScanChunk::KEY.to_bytes());
        prop_assert_eq!(packet.read::<Chunk<'_>>().unwrap(), Chunk { number: chunk, values: &values });
    }

    #[test]
    fn random_bytes_never_pass_for_a_frame(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        for frame in received(&bytes) {
            prop_assert!(frame.is_err());
        }
    }
}
