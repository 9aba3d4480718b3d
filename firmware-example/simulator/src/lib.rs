//! A token on a simulated board, and a client that talks to it.
//!
//! For tests: whatever fails here panics.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod board;
pub mod client;
pub mod connectome;
pub mod flash;
pub mod seen;

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::{Dims, Encoder};
use neural_vault_core::key::DeviceSecret;
use neural_vault_core::scan::{ScanEncoder, ScanError};
use neural_vault_core::testing::{Aligned, Random};
use neural_vault_core::verify::ACCEPTED;
use neural_vault_core::wire::*;
use neural_vault_token::memory::Memory;
use neural_vault_token::token::Token;

pub use board::{Generator, SimBoard, SimRandom};
use client::{Client, Transport};
use flash::Flash;

/// Small, and a frame still takes two chunks.
pub const DIMS: Dims =
    Dims { features: 300, d_model: 16, heads: 2, layers: 1, feed_forward: 16, latent: 16, positions: 8 };

/// The administrator's key.
pub const ADMIN: [u8; 32] = [0xad; 32];

/// The device secret.
pub const SECRET: [u8; 32] = [0x5e; 32];

/// Frames of a window.
pub const WINDOW: u8 = 2;

/// The slot that tests enrol in.
pub const SLOT: u8 = 1;

/// A slot that stays empty.
pub const EMPTY: u8 = 2;

/// The least cosine that is accepted.
pub const THRESHOLD: f32 = 0.9;

/// A running token, byte by byte.
impl Transport for Token<'_, SimBoard> {
    fn exchange(&mut self, frame: &[u8]) -> Vec<u8> {
        let mut answer = Vec::new();
        for &byte in frame {
            if let Some(bytes) = self.receive(byte) {
                answer.extend_from_slice(bytes);
            }
        }
        answer
    }
}

/// The model every simulated token holds.
pub fn bundle() -> Aligned {
    neural_vault_core::testing::bundle(&DIMS, 5, None).unwrap()
}

/// Starts a token and hands a client that has not yet shaken hands to `use_it`.
pub fn start<R>(board: SimBoard, model: &[u8], use_it: impl FnOnce(Client<Token<'_, SimBoard>>) -> R) -> R {
    let mut memory = Box::new(Memory::new());
    use_it(Client::new(Token::start(board, model, &mut memory)))
}

/// Starts a token and hands a client that has shaken hands to `use_it`.
pub fn session<R>(board: SimBoard, model: &[u8], use_it: impl FnOnce(&mut Client<Token<'_, SimBoard>>) -> R) -> R {
    start(board, model, |mut client| {
        client.handshake().unwrap();
        use_it(&mut client)
    })
}

/// Provisions a token for this model with [`ADMIN`] and [`SECRET`], and lets it export keys.
pub fn provisioning(model: &[u8]) -> Provisioning {
    Provisioning {
        device_secret: Some(DeviceSecret::from_bytes(&SECRET)),
        admin_key: AdminKey::from_bytes(&ADMIN),
        model: *Bundle::open(model).unwrap().digest(),
        window: WINDOW,
        policy: Policy { allow_export: true, confirm_verify: false, confirm_challenge: false },
    }
}

/// An enrolment whose false match rate allows as many attempts as a token gives at most; other fields are to be filled.
pub fn rates() -> Enrolment {
    Enrolment {
        slot: SLOT,
        label: Label::default(),
        scans: 0,
        threshold: THRESHOLD,
        frames: 0,
        prototype: [0; 32],
        false_matches: FalseMatches { matches: 0, trials: 100_000, persons: 100, bound: 0.000_037 },
        accepted_risk: None,
    }
}

/// A scan of a person: one person's takes differ a little, two persons' entirely.
pub fn scan(person: u32, take: u32) -> Vec<f32> {
    let (mut who, mut when) = (Random(person), Random(1000 + take));
    (0..2 * usize::from(WINDOW) * DIMS.features).map(|_| 3.0 * who.float() + 0.05 * when.float()).collect()
}

/// A scan of the enrolled person.
pub fn genuine(take: u32) -> Vec<f32> {
    scan(1, take)
}

/// A scan of another person.
pub fn impostor(take: u32) -> Vec<f32> {
    scan(2, take)
}

/// The scans that are enrolled.
pub fn enrolled_scans() -> Vec<Vec<f32>> {
    (0..3).map(genuine).collect()
}

/// A board whose token is provisioned, with one enrolment in [`SLOT`].
pub fn enrolled_board(model: &[u8]) -> SimBoard {
    let board = SimBoard::new(Flash::new());
    enrol_on(&board, model);
    board
}

/// Provisions a blank token, and enrols in [`SLOT`].
pub fn enrol_on(board: &SimBoard, model: &[u8]) {
    session(board.clone(), model, |client| {
        client.call::<Provision>(&provisioning(model)).unwrap();
        client.enrol(&ADMIN, SLOT, DIMS.features, &enrolled_scans(), THRESHOLD).unwrap();
    });
}

/// The embedding that the host computes of a scan with its own copy of the model.
///
/// # Errors
/// The scan has no embedding.
pub fn try_embedding(model: &[u8], scan: &[f32]) -> Result<Vec<f32>, ScanError> {
    let encoder = Bundle::open(model).unwrap().encoder();
    let mut scratch = vec![0.0; Encoder::scratch_len(&DIMS, usize::from(WINDOW))];
    let mut embedding = vec![0.0; DIMS.latent];
    ScanEncoder::new(&encoder, usize::from(WINDOW), &mut scratch)?.embed(scan, &mut embedding)?;
    Ok(embedding)
}

/// [`try_embedding`] of a scan that has one.
pub fn embedding(model: &[u8], scan: &[f32]) -> Vec<f32> {
    try_embedding(model, scan).unwrap()
}

/// The prototype that the host computes of [`enrolled_scans`].
pub fn prototype(model: &[u8]) -> Vec<f32> {
    let scans = enrolled_scans();
    let mut prototype = vec![0.0; DIMS.latent];
    for scan in &scans {
        prototype.iter_mut().zip(embedding(model, scan)).for_each(|(total, component)| *total += component);
    }
    prototype.iter_mut().for_each(|total| *total /= scans.len() as f32);
    prototype
}

/// Sends a scan and asks whether it is accepted.
///
/// # Errors
/// The token refuses the scan or rejects it.
pub fn verify(client: &mut Client<Token<'_, SimBoard>>, slot: u8, scan: &[f32]) -> Result<(), Refusal> {
    verify_of(client, slot, DIMS.features, scan)
}

/// [`verify`] for a model of so many features.
///
/// # Errors
/// As [`verify`].
pub fn verify_of(
    client: &mut Client<Token<'_, SimBoard>>,
    slot: u8,
    features: usize,
    scan: &[f32],
) -> Result<(), Refusal> {
    client.scan(Purpose::Verify { slot }, features, scan)?;
    let verdict = client.call::<Verify>(&())?;
    assert_eq!(verdict.word, ACCEPTED);
    Ok(())
}

/// Sends a scan for a challenge and asks for its answer.
///
/// # Errors
/// The token refuses the scan or rejects it.
pub fn challenge(
    client: &mut Client<Token<'_, SimBoard>>,
    question: Question<'_>,
    scan: &[f32],
) -> Result<[u8; 32], Refusal> {
    client.scan(Purpose::Challenge(question), DIMS.features, scan)?;
    client.call::<Challenge>(&())
}

/// Sends a scan for export and asks for the key.
///
/// # Errors
/// The token refuses the scan or rejects it.
pub fn export(
    client: &mut Client<Token<'_, SimBoard>>,
    slot: u8,
    application: &[u8],
    scan: &[f32],
) -> Result<[u8; 32], Refusal> {
    client.scan(Purpose::Export(KeyRequest { slot, application }), DIMS.features, scan)?;
    client.call::<ExportKey>(&()).map(|key| *key.expose_secret())
}

/// Misses that the token counts.
pub fn misses(client: &mut Client<Token<'_, SimBoard>>) -> u8 {
    client.call::<Info>(&()).unwrap().misses
}
