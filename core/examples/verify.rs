//! A verification from the model to the key: what a token does, in one file.
//!
//! `cargo run --release -p neural-vault-core --example verify`
//!
//! The model is the demo's. The recordings are random numbers: one pattern a person, and noise in every take.

use std::convert::Infallible;
use std::error::Error;

use neural_vault_core::bundle::Bundle;
use neural_vault_core::challenge::ChallengeKeyBuffer;
use neural_vault_core::encoder::Encoder;
use neural_vault_core::key::DeviceSecret;
use neural_vault_core::scan::{ScanEncoder, ScanError};
use neural_vault_core::similarity::cosine;
use neural_vault_core::testing::{Aligned, Random};
use neural_vault_core::verify::{AttemptCounter, Enrolment, Threshold, Verdict, VerifyError, verify};

/// Frames of a window, as the model's enrolments have.
const WINDOW: usize = 9;

/// Values that arrive at once: a token need not hold a whole frame.
const CHUNK: usize = 256;

fn main() -> Result<(), Box<dyn Error>> {
    // The model: checked once, then used where it lies. A token would ask for its tag too, by `open_authenticated`.
    let bytes = Aligned::new(&std::fs::read(neural_vault_models::file("haxby-demo/model.i8i16.nvb"))?);
    let bundle = Bundle::open(bytes.bytes())?;
    let (encoder, dims) = (bundle.encoder(), bundle.dims());
    println!("model: {} features, {} components, weights in {}", dims.features, dims.latent, bundle.format().name());

    // Enrolment: the mean embedding of some scans. Whoever reads it has no key yet, but keep it as you would a
    // password.
    let takes = [0, 1, 2].map(|take| embed(&encoder, &scan(dims.features, 1, take)));
    let mut prototype = vec![0.0; dims.latent];
    for embedding in takes {
        prototype.iter_mut().zip(embedding?).for_each(|(mean, component)| *mean += component / 3.0);
    }
    // The threshold is chosen on recordings that trained nothing. The identifier is random and new with every
    // enrolment.
    let (threshold, id) = (Threshold::new(0.9)?, [0x1d; 16]);
    let enrolment = Enrolment::new(&prototype, threshold, bundle.digest(), &id)?;
    println!("enrolled three scans, threshold {}", threshold.cosine());

    // Verification: counts the attempt, then compares. A key is derived from the verdict, and bound to all of these.
    let secret = DeviceSecret::from_bytes(&[0x5e; 32]);
    let mut counter = Attempts { left: 5 };
    let (mut verdict, mut buffer) = (Verdict::rejection(), ChallengeKeyBuffer::empty());

    let probe = embed(&encoder, &scan(dims.features, 1, 7))?;
    println!("another scan of the same person: cosine {:.3}", cosine(&prototype, &probe)?);
    verify(&enrolment, &probe, &mut counter, &mut verdict)?;
    // The key stays here: it proves itself by answering a challenge.
    let key = enrolment.release_challenge_key(&verdict, &secret, &mut buffer)?;
    println!("accepted; the key answers a challenge by {}", hex::encode(key.answer(b"door", &[0x2a; 32])?));

    let probe = embed(&encoder, &scan(dims.features, 2, 0))?;
    println!("a scan of somebody else: cosine {:.3}", cosine(&prototype, &probe)?);
    match verify(&enrolment, &probe, &mut counter, &mut verdict) {
        Err(VerifyError::Rejected) => println!("rejected; {} attempts left", counter.left),
        Err(error) => return Err(error.into()),
        Ok(()) => return Err("somebody else was accepted".into()),
    }
    Ok(())
}

/// The embedding of a scan that arrives chunk by chunk.
fn embed(encoder: &Encoder<'_>, scan: &[f32]) -> Result<Vec<f32>, ScanError> {
    // Firmware sizes this memory at compile time: `scratch_len` is a const function.
    let mut scratch = vec![0.0; Encoder::scratch_len(encoder.dims(), WINDOW)];
    let mut embedding = vec![0.0; encoder.dims().latent];
    let mut open = ScanEncoder::new(encoder, WINDOW, &mut scratch)?;
    for chunk in scan.chunks(CHUNK) {
        open.push(chunk)?;
    }
    open.finish(&mut embedding)?;
    Ok(embedding)
}

/// One window of a person's recording.
fn scan(features: usize, person: u32, take: u32) -> Vec<f32> {
    let (mut pattern, mut noise) = (Random(person), Random(1000 + take));
    (0..WINDOW * features).map(|_| pattern.float() + 0.5 * noise.float()).collect()
}

/// Attempts in memory. A token's are in flash: a decrement that a power cut can undo would give attempts away.
struct Attempts {
    left: u32,
}

impl AttemptCounter for Attempts {
    type Error = Infallible;

    fn remaining(&mut self) -> Result<u32, Infallible> {
        Ok(self.left)
    }

    fn persist_decrement(&mut self) -> Result<(), Infallible> {
        self.left -= 1;
        Ok(())
    }

    fn restore(&mut self) -> Result<(), Infallible> {
        self.left = 5;
        Ok(())
    }
}

#[test]
fn the_enrolled_person_is_accepted_and_another_rejected() {
    assert!(main().is_ok());
}
