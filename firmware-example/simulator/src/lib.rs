//! A token on a simulated board, and a client that talks to it.
//!
//! For tests: whatever fails here panics.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod client;
pub mod connectome;
pub mod flash;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::{Dims, Encoder};
use neural_vault_core::key::DeviceSecret;
use neural_vault_core::scan::{ScanEncoder, ScanError};
use neural_vault_core::testing::{Aligned, Random};
use neural_vault_core::verify::ACCEPTED;
use neural_vault_core::wire::*;
use neural_vault_token::board::{Action, Board, BoardSecret, CounterFailed, Fingerprint, NoSecret};
use neural_vault_token::entropy::{Entropy, EntropyFailed, RandomSource};
use neural_vault_token::memory::Memory;
use neural_vault_token::token::Token;

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

/// A board in the memory of the test: what must outlive a restart lies behind an `Rc`.
#[derive(Clone, Debug)]
pub struct SimBoard {
    /// Its flash.
    pub flash: Flash,
    /// The secret burnt into its chip.
    pub secret: [u8; 32],
    /// Its random generator; the same bytes after every start, so that runs can be compared.
    pub entropy: Entropy<SimRandom>,
    /// What the random generator does.
    pub random: Rc<Cell<Generator>>,
    /// Whether the person at the token presses the button, once and briefly, when it asks.
    pub consents: bool,
    /// What the button does instead: whether it is pressed, by the milliseconds since the question.
    pub finger: Option<fn(u64) -> bool>,
    /// The actions that the token asked for.
    pub asked: Rc<RefCell<Vec<Action>>>,
    /// The fingerprint that it shows.
    pub shown: Option<Fingerprint>,
    /// The counter outside the flash, if the board has one.
    pub generation: Option<Rc<Cell<u32>>>,
    /// Whether that counter fails to rise.
    pub counter_fails: bool,
    /// Milliseconds since the start: each look at the clock takes one.
    pub clock: u64,
    /// When the open question was asked.
    pub question: u64,
    /// Bytes on the way to the board, and those that it sent, where a test reads its link directly.
    pub received: Rc<RefCell<VecDeque<u8>>>,
    /// As above.
    pub sent: Rc<RefCell<Vec<u8>>>,
}

/// What a simulated random generator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generator {
    /// Gives random bytes.
    Sound,
    /// Reports a failure.
    Fails,
    /// Gives the same byte again and again.
    Stuck(u8),
    /// Gives bytes with this many random bits.
    Poor(u32),
}

/// A simulated random generator.
#[derive(Clone, Debug)]
pub struct SimRandom {
    seed: u64,
    generator: Rc<Cell<Generator>>,
}

impl SimBoard {
    /// A board that works, whose user consents, and that has no counter outside the flash.
    pub fn new(flash: Flash) -> Self {
        let random = Rc::new(Cell::new(Generator::Sound));
        Self {
            flash,
            secret: [7; 32],
            entropy: Entropy::new(SimRandom { seed: 1, generator: Rc::clone(&random) }),
            random,
            consents: true,
            finger: None,
            asked: Rc::default(),
            shown: None,
            generation: None,
            counter_fails: false,
            clock: 0,
            question: 0,
            received: Rc::default(),
            sent: Rc::default(),
        }
    }

    /// A board that works, with a counter outside the flash.
    pub fn with_counter(flash: Flash) -> Self {
        Self { generation: Some(Rc::new(Cell::new(0))), ..Self::new(flash) }
    }

    /// A board of its own with the same content of flash and counter.
    pub fn copy(&self) -> Self {
        let generation = self.generation.as_ref().map(|generation| Rc::new(Cell::new(generation.get())));
        Self { flash: self.flash.copy(), generation, ..self.clone() }
    }

    /// Makes the random generator give other bytes.
    pub fn reseed(&mut self, seed: u64) {
        self.entropy = Entropy::new(SimRandom { seed, generator: Rc::clone(&self.random) });
    }
}

impl RandomSource for SimRandom {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyFailed> {
        for byte in bytes {
            // xorshift64 (Marsaglia 2003).
            self.seed ^= self.seed << 13;
            self.seed ^= self.seed >> 7;
            self.seed ^= self.seed << 17;
            *byte = match self.generator.get() {
                Generator::Sound => self.seed as u8,
                Generator::Fails => return Err(EntropyFailed),
                Generator::Stuck(byte) => byte,
                Generator::Poor(bits) => self.seed as u8 & ((1 << bits) - 1) as u8,
            };
        }
        Ok(())
    }
}

impl Board for SimBoard {
    type Flash = Flash;
    type Random = SimRandom;
    const NAME: [u8; 16] = *b"simulated\0\0\0\0\0\0\0";
    const CONFIRMS: bool = true;
    const SHOWS_FINGERPRINT: bool = true;
    const LAST_GENERATION: u32 = 200;

    fn receive(&mut self) -> Option<u8> {
        self.received.borrow_mut().pop_front()
    }

    fn send(&mut self, bytes: &[u8]) {
        self.sent.borrow_mut().extend_from_slice(bytes);
    }

    fn flash(&mut self) -> &mut Flash {
        &mut self.flash
    }

    fn entropy(&mut self) -> &mut Entropy<SimRandom> {
        &mut self.entropy
    }

    fn secret(&mut self) -> Result<BoardSecret, NoSecret> {
        BoardSecret::filled_by(|bytes| *bytes = self.secret)
    }

    fn uptime(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    fn button(&mut self) -> bool {
        let since = self.clock - self.question;
        self.finger.map_or(self.consents && (500..700).contains(&since), |finger| finger(since))
    }

    fn show_fingerprint(&mut self, fingerprint: &Fingerprint) {
        self.shown = Some(*fingerprint);
    }

    fn ask(&mut self, action: Option<Action>) {
        if let Some(action) = action {
            self.question = self.clock;
            self.asked.borrow_mut().push(action);
        }
    }

    fn generation(&mut self) -> Option<u32> {
        self.generation.as_ref().map(|generation| generation.get())
    }

    fn raise_generation(&mut self, value: u32) -> Result<(), CounterFailed> {
        match &self.generation {
            Some(generation) if !self.counter_fails => {
                assert_eq!(value, generation.get() + 1, "the counter rises by one");
                self.flash.pass().map_err(|_| CounterFailed)?;
                generation.set(value);
                Ok(())
            }
            _ => Err(CounterFailed),
        }
    }
}

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
