//! Frames and messages: a frame comes back whole or not at all, and a message that decodes encodes to itself.

use neural_vault_core::wire::*;
use serde::Serialize;

/// Takes `bytes` as what came over a link.
pub fn check(bytes: &[u8]) {
    let mut receiver = Receiver::new();
    for &byte in bytes {
        let Some(gathered) = receiver.push(byte) else { continue };
        let Ok(frame) = gathered.and_then(decode) else { continue };
        let (kind, number, payload) = (frame.kind, frame.number, frame.payload.to_vec());
        round_trip(kind, number, &payload);
        messages(&payload);
    }
    // Behind a checksum that the fuzzer rarely meets: the same bytes as a payload.
    let payload = &bytes[..bytes.len().min(MAX_PACKET)];
    round_trip(Kind::Session, bytes.len() as u32, payload);
    messages(payload);
}

/// A frame of a payload is received as it was sent, between zeros and after damage.
fn round_trip(kind: Kind, number: u32, payload: &[u8]) {
    let mut out = [0; MAX_FRAME];
    let length = encode(kind, number, payload, &mut out).expect("a payload of a frame fits one");
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
    encodes_to_itself!(Hello<'_>);
    encodes_to_itself!(Welcome);
}

fn written<T: Serialize>(message: &T) -> Vec<u8> {
    let mut bytes = [0; MAX_PACKET];
    postcard::to_slice(message, &mut bytes).expect("what came in a packet fits one").to_vec()
}
