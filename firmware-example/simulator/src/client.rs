//! A small host: asks, retries, streams scans, authorises.

use neural_vault_core::wire::*;
use serde::Serialize;

/// Carries a frame to a token and its answer back.
pub trait Transport {
    /// The answer, with its final zero; empty when none came in time.
    fn exchange(&mut self, frame: &[u8]) -> Vec<u8>;
}

/// The host's end of the link.
#[derive(Debug)]
pub struct Client<T> {
    /// The link.
    pub transport: T,
    /// Number of the last request.
    pub number: u32,
    /// Bytes sent and received.
    pub traffic: usize,
    answer: Vec<u8>,
}

/// How often a request is sent again when no sound answer comes.
const RETRIES: usize = 10;

impl<T: Transport> Client<T> {
    /// A client that has not sent anything yet.
    pub fn new(transport: T) -> Self {
        Self { transport, number: 0, traffic: 0, answer: Vec::new() }
    }

    /// Sends a request under a new number.
    ///
    /// # Errors
    /// The token refuses.
    pub fn call<E: Endpoint>(&mut self, request: &E::Request<'_>) -> Reply<'_, E> {
        self.number = self.number.wrapping_add(1);
        let mut frame = [0; MAX_FRAME];
        let length = encode(&E::KEY, self.number, request, &mut frame).expect("every request fits");
        self.exchange::<E>(&frame[..length])
    }

    /// Sends a frame, again and again until its own answer comes.
    ///
    /// # Errors
    /// The token refuses.
    pub fn exchange<E: Endpoint>(&mut self, frame: &[u8]) -> Reply<'_, E> {
        for _ in 0..RETRIES {
            self.traffic += frame.len();
            let mut answer = self.transport.exchange(frame);
            self.traffic += answer.len();
            if answer.pop() != Some(0) {
                continue;
            }
            let Ok(read) = decode(&mut answer) else {
                continue;
            };
            if (read.key, read.number) != (E::KEY.to_bytes(), self.number) {
                continue;
            }
            self.answer = read.message.to_vec();
            let reply = Frame { key: read.key, number: read.number, message: &self.answer, crc: 0 };
            return reply.read().expect("the token's answer decodes");
        }
        panic!("{}: no answer", E::NAME)
    }

    /// Opens the conversation.
    ///
    /// # Errors
    /// The token refuses.
    pub fn handshake(&mut self) -> Result<Welcome, Refusal> {
        self.call::<Handshake>(&Hello { version: VERSION })
    }

    /// Streams a scan of raw frames.
    ///
    /// # Errors
    /// The token refuses.
    pub fn scan(&mut self, features: usize, values: &[f32]) -> Result<(), Refusal> {
        let head = ScanHead { features: features as u32, frames: (values.len() / features) as u32 };
        self.call::<ScanBegin>(&head)?;
        for (number, chunk) in values.chunks(CHUNK).enumerate() {
            let bytes: Vec<u8> = chunk.iter().flat_map(|value| value.to_le_bytes()).collect();
            self.call::<ScanChunk>(&Chunk { number: number as u32, values: &bytes })?;
        }
        Ok(())
    }

    /// Runs an admin command under a fresh nonce.
    ///
    /// # Errors
    /// The token refuses.
    pub fn admin<E, C>(&mut self, key: &[u8; 32], command: C) -> Reply<'_, E>
    where
        C: Serialize,
        E: for<'a> Endpoint<Request<'a> = Authorised<C>>,
    {
        let nonce = self.call::<Nonce>(&())?;
        let authorised = authorise::<E, C>(&AdminKey::from_bytes(key), &nonce, command).expect("commands are short");
        self.call::<E>(&authorised)
    }

    /// Enrols scans in a slot.
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
    ) -> Result<EnrolmentId, Refusal> {
        let mut progress = None;
        for (index, scan) in scans.iter().enumerate() {
            self.scan(features, scan)?;
            progress = Some(self.call::<EnrolScan>(&EnrolmentScan { first: index == 0 })?);
        }
        let EnrolmentProgress { scans, prototype } = progress.expect("at least one scan");
        let label = Label::new("alice").expect("short");
        self.admin::<Enrol, _>(key, Enrolment { slot, label, scans, threshold, prototype })
    }
}
