//! Frames and messages: a frame is what a slow reading of it says, and a message that decodes encodes to itself.

use neural_vault_core::wire::*;
use serde::Serialize;

/// Takes `bytes` as what came over a link.
pub fn check(bytes: &[u8]) {
    let mut receiver = Receiver::new();
    for (end, &byte) in bytes.iter().enumerate() {
        let Some(gathered) = receiver.push(byte) else { continue };
        let start = bytes[..end].iter().rposition(|byte| *byte == 0).map_or(0, |zero| zero + 1);
        let gathered = gathered.and_then(decode);
        let content =
            unstuffed(&bytes[start..end]).filter(|_| end - start <= MAX_FRAME).and_then(|plain| content(&plain));
        assert_eq!(gathered.as_ref().ok().map(parts), content, "{:?}", &bytes[start..=end]);
        let frame = match gathered {
            Ok(frame) => frame,
            Err(error) => {
                let fault = if end - start > MAX_FRAME { Fault::TooLong } else { Fault::Damaged };
                assert_eq!(Refusal::from(error).fault(), Some(fault));
                continue;
            }
        };
        let (kind, number, payload) = (frame.kind, frame.number, frame.payload.to_vec());
        round_trip(kind, number, &payload);
        messages(&payload);
    }
    receiver.clear();
    assert!(receiver.push(0).is_none(), "nothing is left of what came before");
    // Behind a checksum that the fuzzer rarely meets: the same bytes as a frame, and as its payload.
    if let Some(content) = content(&sealed(bytes)).filter(|(.., payload)| payload.len() <= MAX_PACKET + SEAL) {
        let (kind, number, payload) = content;
        round_trip(kind, number, &payload);
        messages(&payload);
    }
    let payload = &bytes[..bytes.len().min(MAX_PACKET)];
    round_trip(Kind::Session, bytes.len() as u32, payload);
    messages(payload);
}

fn parts(frame: &Frame<'_>) -> (Kind, u32, Vec<u8>) {
    (frame.kind, frame.number, frame.payload.to_vec())
}

/// COBS a group at a time: a code, and one byte less than it says; a zero behind, but for the last and the longest.
fn unstuffed(stuffed: &[u8]) -> Option<Vec<u8>> {
    let (mut plain, mut rest) = (Vec::new(), stuffed);
    while let [code, bytes @ ..] = rest {
        let length = usize::from(*code).checked_sub(1)?;
        plain.extend(bytes.get(..length)?);
        rest = &bytes[length..];
        if *code != 255 && !rest.is_empty() {
            plain.push(0);
        }
    }
    Some(plain)
}

/// COBS of bytes, and the zero that ends it.
fn stuffed(plain: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::new();
    for group in plain.split(|byte| *byte == 0) {
        let (longest, rest) = group.as_chunks::<254>();
        for piece in longest {
            stuffed.push(255);
            stuffed.extend(piece);
        }
        stuffed.push(rest.len() as u8 + 1);
        stuffed.extend(rest);
    }
    stuffed.push(0);
    stuffed
}

/// Content with the checksum of zip behind it, bit by bit.
fn sealed(content: &[u8]) -> Vec<u8> {
    let bit = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    let byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| bit(crc));
    let crc = !content.iter().fold(!0, byte);
    [content, &crc.to_le_bytes()].concat()
}

/// Kind, number and payload of a frame whose checksum is right.
fn content(plain: &[u8]) -> Option<(Kind, u32, Vec<u8>)> {
    let content = plain.get(..plain.len().checked_sub(4)?)?;
    let kind = *[Kind::Handshake, Kind::Session, Kind::Refusal].get(usize::from(*content.first()?))?;
    let number = u32::from_le_bytes(content.get(1..5)?.try_into().ok()?);
    (sealed(content) == plain).then(|| (kind, number, content[5..].to_vec()))
}

/// A frame of a payload is received as it was sent, between zeros and after damage.
fn round_trip(kind: Kind, number: u32, payload: &[u8]) {
    let mut out = [0; MAX_FRAME];
    let length = encode(kind, number, payload, &mut out).expect("a payload of a frame fits one");
    let kinds = [Kind::Handshake, Kind::Session, Kind::Refusal];
    let code = kinds.iter().position(|known| *known == kind).expect("a known kind") as u8;
    assert_eq!(&out[..length], stuffed(&sealed(&[&[code][..], &number.to_le_bytes(), payload].concat())));
    let mut receiver = Receiver::new();
    let mut received = 0;
    for byte in [&[7, 7, 0, 0], &out[..length]].concat() {
        if let Some(gathered) = receiver.push(byte) {
            let Ok(frame) = gathered.and_then(decode) else { continue };
            assert_eq!((frame.kind, frame.number, &*frame.payload), (kind, number, payload));
            received += 1;
        }
    }
    assert_eq!(received, 1);
}

/// A refusal in clear is a frame of its message.
fn refused(refusal: Refusal) {
    let (mut out, mut expected) = ([0; MAX_FRAME], [0; MAX_FRAME]);
    let length = encode_refusal(7, refusal, &mut out).expect("a refusal fits a frame");
    let message = written(&refusal);
    assert_eq!(encode(Kind::Refusal, 7, &message, &mut expected), Ok(length));
    assert_eq!(out[..length], expected[..length]);
    assert!(encode_refusal(7, refusal, &mut out[..length - 1]).is_err());
}

/// Whatever request or answer the bytes decode to encodes to bytes that decode to the same.
fn messages(bytes: &[u8]) {
    // A message borrows from its bytes, so that a function cannot name the types of both.
    macro_rules! encodes_to_itself {
        ($message:ty) => {
            if let Ok(message) = read::<$message>(bytes) {
                // A number may come in more bytes than it needs; it is written in as few as it needs.
                let shortest = written(&message);
                assert!(shortest.len() <= bytes.len());
                let again = read::<$message>(&shortest).expect("what was written decodes");
                assert_eq!(written(&again), shortest);
            }
        };
    }
    macro_rules! endpoints {
        ($($endpoint:ident)*) => {$(
            encodes_to_itself!(<$endpoint as Endpoint>::Request<'_>);
            encodes_to_itself!(Reply<'_, $endpoint>);
        )*};
    }
    endpoints! {
        Info SelfTest Provision SetPolicy ListSlots ScanBegin ScanChunk EnrolScan Enrol Verify Challenge ExportKey Rotate
        ResetAttempts Revoke Wipe Embed Measure
    }
    if let Ok(refusal) = read::<Refusal>(bytes) {
        refused(refusal);
    }
    encodes_to_itself!(Hello<'_>);
    encodes_to_itself!(Welcome);
}

fn written<T: Serialize>(message: &T) -> Vec<u8> {
    let mut bytes = [0; MAX_PACKET];
    postcard::to_slice(message, &mut bytes).expect("what came in a packet fits one").to_vec()
}
