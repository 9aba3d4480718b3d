//! A small host: opens a session, asks, retries, streams scans, authorises.

use neural_vault_core::wire::*;
use neural_vault_session::{Handshaken, Initiator, PublicKey, Session};
use serde::Serialize;

/// Carries a frame to a token and its answer back.
pub trait Transport {
    /// The answer, with its final zero; empty when none came in time.
    fn exchange(&mut self, frame: &[u8]) -> Vec<u8>;
}

/// The host's end of the link.
pub struct Client<T> {
    /// The link.
    pub transport: T,
    /// Bytes sent and received.
    pub traffic: usize,
    /// The token's key, as the latest handshake showed it.
    pub token: Option<PublicKey>,
    session: Option<Session>,
    answer: Vec<u8>,
    /// Seed of the ephemeral keys.
    seed: u64,
}

/// How often a request is sent again when no sound answer comes.
const RETRIES: usize = 10;

impl<T: Transport> Client<T> {
    /// A client that has not sent anything yet.
    pub fn new(transport: T) -> Self {
        Self { transport, traffic: 0, token: None, session: None, answer: Vec::new(), seed: 1 }
    }

    /// Opens a session; the token must be the one that `pinned` names, if it is given.
    ///
    /// # Errors
    /// The token refuses.
    pub fn handshake_with(&mut self, pinned: Option<&PublicKey>) -> Result<Welcome, Refusal> {
        self.seed += 1;
        let (frame, initiator) = hello(pinned, self.seed);
        let answer = self.exchange(&frame)?;
        let mut welcome = [0; 64];
        let Handshaken { session, token, payload } =
            initiator.finish(&answer, &mut welcome).expect("the token's answer opens");
        (self.session, self.token) = (Some(session), Some(token));
        Ok(read(&welcome[..payload]).expect("the token's welcome decodes"))
    }

    /// Opens a session with a token whose key is not known yet.
    ///
    /// # Errors
    /// The token refuses.
    pub fn handshake(&mut self) -> Result<Welcome, Refusal> {
        self.handshake_with(None)
    }

    /// The session, to seal or open frames by hand.
    pub fn session(&mut self) -> &mut Session {
        self.session.as_mut().expect("there was a handshake")
    }

    /// Seals a request as the next of the session; returns its frame.
    pub fn sealed<E: Endpoint>(&mut self, request: &E::Request<'_>) -> Vec<u8> {
        let mut packet = vec![0; MAX_PACKET + SEAL];
        let length = write_packet(&E::KEY, request, &mut packet).expect("every request fits");
        self.sealed_packet(packet, length)
    }

    /// Seals any bytes as the next request of the session; returns their frame.
    pub fn sealed_packet(&mut self, mut packet: Vec<u8>, length: usize) -> Vec<u8> {
        packet.resize(length + SEAL, 0);
        let number = self.session().sealed();
        let length = self.session().seal(&mut packet, length).expect("there is room for the seal");
        framed(Kind::Session, number, &packet[..length])
    }

    /// Sends a request.
    ///
    /// # Errors
    /// The token refuses.
    pub fn call<E: Endpoint>(&mut self, request: &E::Request<'_>) -> Reply<'_, E> {
        if self.session.is_none() {
            return Err(Fault::HandshakeNeeded.into());
        }
        let frame = self.sealed::<E>(request);
        let mut payload = self.exchange(&frame)?;
        let opened = self.session().open(&mut payload).expect("the token's answer opens").to_vec();
        self.answer = opened;
        let packet = Packet::split(&self.answer).expect("an answer has a key");
        if packet.key != E::KEY.to_bytes() {
            let refused: Result<(), Refusal> = packet.read().expect("only a refusal has another key");
            return Err(refused.expect_err("only a refusal has another key"));
        }
        packet.read().expect("the token's answer decodes")
    }

    /// Sends a frame again and again until its own answer comes; returns the answer's payload.
    ///
    /// # Errors
    /// The token refuses in clear.
    pub fn exchange(&mut self, frame: &[u8]) -> Result<Vec<u8>, Refusal> {
        let sent = decode(&mut frame[..frame.len() - 1].to_vec()).map(|sent| sent.number).expect("a frame");
        for _ in 0..RETRIES {
            self.traffic += frame.len();
            let mut answer = self.transport.exchange(frame);
            self.traffic += answer.len();
            if answer.pop() != Some(0) {
                continue;
            }
            let Ok(Frame { kind, number, payload, .. }) = decode(&mut answer) else {
                continue;
            };
            if kind != Kind::Refusal && number == sent {
                return Ok(payload.to_vec());
            }
            let refusal: Option<Refusal> = read(payload).ok();
            match refusal {
                Some(refusal) if kind == Kind::Refusal && refusal.fault() != Some(Fault::Damaged) => {
                    return Err(refusal);
                }
                _ => continue,
            }
        }
        panic!("no answer")
    }

    /// Streams a scan of raw frames for one purpose.
    ///
    /// # Errors
    /// The token refuses.
    pub fn scan(&mut self, purpose: Purpose<'_>, features: usize, values: &[f32]) -> Result<(), Refusal> {
        let frames = (values.len() / features) as u32;
        self.call::<ScanBegin>(&ScanHead { features: features as u32, frames, purpose })?;
        for (number, chunk) in values.chunks(CHUNK).enumerate() {
            let bytes: Vec<u8> = chunk.iter().flat_map(|value| value.to_le_bytes()).collect();
            self.call::<ScanChunk>(&Chunk { number: number as u32, values: &bytes })?;
        }
        Ok(())
    }

    /// Runs an admin command.
    ///
    /// # Errors
    /// The token refuses.
    pub fn admin<E, C>(&mut self, key: &[u8; 32], command: C) -> Reply<'_, E>
    where
        C: Serialize,
        E: for<'a> Endpoint<Request<'a> = Authorised<C>>,
    {
        let Some(session) = &self.session else {
            return Err(Fault::HandshakeNeeded.into());
        };
        let place = SessionPlace { session: session.hash(), number: session.sealed() };
        let authorised = authorise::<E, C>(&AdminKey::from_bytes(key), place, command).expect("commands are short");
        self.call::<E>(&authorised)
    }

    /// The complete scan's embedding, part by part.
    ///
    /// # Errors
    /// The token refuses.
    pub fn embedding(&mut self) -> Result<Vec<f32>, Refusal> {
        let mut embedding = Vec::new();
        loop {
            let first = embedding.len() as u16;
            let part = self.call::<Embed>(&EmbeddingPart { first })?.components.as_chunks::<4>().0;
            if part.is_empty() {
                return Ok(embedding);
            }
            embedding.extend(part.iter().map(|word| f32::from_le_bytes(*word)));
        }
    }

    /// Enrols scans in a slot, with a risk accepted that allows `budget` attempts.
    ///
    /// # Errors
    /// The token refuses.
    pub fn enrol(
        &mut self,
        key: &[u8; 32],
        slot: u8,
        features: usize,
        scans: &[Vec<f32>],
        threshold: f32,
    ) -> Result<Enrolled, Refusal> {
        let mut progress = None;
        for (index, scan) in scans.iter().enumerate() {
            self.scan(Purpose::Enrol, features, scan)?;
            progress = Some(self.call::<EnrolScan>(&EnrolmentScan { first: index == 0 })?);
        }
        let EnrolmentProgress { scans, prototype } = progress.expect("at least one scan");
        let label = Label::new("alice").expect("short");
        self.admin::<Enrol, _>(key, Enrolment { slot, label, scans, threshold, prototype, ..crate::rates() })
    }
}

/// The frame that opens a session with ephemeral key number `seed`, and what finishes the handshake.
pub fn hello(pinned: Option<&PublicKey>, seed: u64) -> (Vec<u8>, Initiator) {
    let mut ephemeral = [0x11; 32];
    // Not in the first byte, whose lowest bits X25519 clears.
    ephemeral[8..16].copy_from_slice(&seed.to_le_bytes());
    let mut message = [0; 64];
    let (initiator, length) = Initiator::new(pinned, &ephemeral, PROLOGUE, &mut message).expect("the message has room");
    let hello = Hello { version: VERSION, pinned: pinned.is_some(), message: &message[..length] };
    let payload = postcard::to_allocvec(&hello).expect("a greeting encodes");
    (framed(Kind::Handshake, 0, &payload), initiator)
}

/// The frame of a payload.
pub fn framed(kind: Kind, number: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; MAX_FRAME];
    let length = encode(kind, number, payload, &mut frame).expect("every payload fits");
    frame.truncate(length);
    frame
}
