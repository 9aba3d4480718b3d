//! Scans, streamed chunk by chunk into the encoder; the latest embedding, and the enrolment in progress.

use neural_vault_core::encoder::Encoder;
use neural_vault_core::scan::{ScanEncoder, ScanError, ScanState};
use neural_vault_core::wire::{CHUNK, Chunk, EnrolmentProgress, Fault, Progress, Refusal, ScanHead};
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

use crate::components::Components;
use crate::limits::{LATENT, MAX_FRAMES, SCRATCH};
use crate::purpose::ScanPurpose;

/// Memory of scans.
pub(crate) struct ScanMemory {
    /// Memory of the encoder, which holds the open scan too.
    scratch: [f32; SCRATCH],
    embedding: [f32; LATENT],
    /// Sum of the embeddings taken for enrolment.
    total: [f32; LATENT],
}

/// The open scan, the latest complete one, and the enrolment in progress.
pub(crate) struct Scanner<'m> {
    memory: &'m mut ScanMemory,
    open: Option<Open>,
    /// What the open or complete scan is for.
    purpose: Option<ScanPurpose>,
    complete: bool,
    windows: u32,
    /// Scans taken for enrolment.
    scans: u8,
}

#[derive(Clone, Copy)]
struct Open {
    state: ScanState,
    next: u32,
    /// Values to come.
    left: u64,
}

impl ScanMemory {
    pub(crate) const fn new() -> Self {
        Self { scratch: [0.0; SCRATCH], embedding: [0.0; LATENT], total: [0.0; LATENT] }
    }
}

impl<'m> Scanner<'m> {
    pub(crate) fn new(memory: &'m mut ScanMemory) -> Self {
        Self { memory, open: None, purpose: None, complete: false, windows: 0, scans: 0 }
    }

    /// Clears everything.
    pub(crate) fn clear(&mut self) {
        self.close();
        self.drop_enrolment();
    }

    /// Clears the open or complete scan, and what the encoder kept of it.
    pub(crate) fn close(&mut self) {
        self.open = None;
        self.purpose = None;
        self.complete = false;
        self.windows = 0;
        self.memory.embedding.zeroize();
        self.memory.scratch.zeroize();
    }

    /// Opens a scan for one purpose.
    pub(crate) fn begin(
        &mut self,
        encoder: &Encoder<'_>,
        window: usize,
        head: ScanHead<'_>,
        purpose: ScanPurpose,
    ) -> Result<(), Refusal> {
        let features = encoder.dims().features as u32;
        if head.features != features {
            return Err(Fault::Width.with(features));
        }
        if head.frames == 0 || head.frames > MAX_FRAMES {
            return Err(Fault::Frames.into());
        }
        self.close();
        let scan = ScanEncoder::new(encoder, window, &mut self.memory.scratch).map_err(|_| Fault::ModelTooLarge)?;
        self.open = Some(Open { state: scan.pause(), next: 0, left: u64::from(features) * u64::from(head.frames) });
        self.purpose = Some(purpose);
        Ok(())
    }

    /// Takes a chunk; the last one completes the scan.
    pub(crate) fn push(&mut self, encoder: &Encoder<'_>, chunk: Chunk<'_>) -> Result<Progress, Refusal> {
        let open = self.open.ok_or(Fault::NoScanOpen)?;
        if chunk.number != open.next {
            return Err(Fault::OutOfOrder.with(open.next));
        }
        let expected = open.left.min(CHUNK as u64);
        let (words, rest) = chunk.values.as_chunks::<4>();
        if words.len() as u64 != expected || !rest.is_empty() {
            return Err(Fault::ChunkLength.with(expected as u32));
        }
        let mut values = [0.0; CHUNK];
        let values = values.get_mut(..words.len()).ok_or(Fault::ChunkLength)?;
        for (value, word) in values.iter_mut().zip(words) {
            *value = f32::from_le_bytes(*word);
        }
        let outcome = self.advance(encoder, open, values);
        if outcome.is_err() {
            self.close();
        }
        outcome
    }

    fn advance(&mut self, encoder: &Encoder<'_>, open: Open, values: &[f32]) -> Result<Progress, Refusal> {
        let mut scan =
            ScanEncoder::resume(encoder, open.state, &mut self.memory.scratch).map_err(|_| Fault::ModelTooLarge)?;
        scan.push(values).map_err(refusal)?;
        let (next, left) = (open.next.wrapping_add(1), open.left - values.len() as u64);
        if left > 0 {
            self.windows = scan.windows();
            self.open = Some(Open { state: scan.pause(), next, left });
        } else {
            self.open = None;
            let embedding = self.memory.embedding.get_mut(..encoder.dims().latent).ok_or(Fault::ModelTooLarge)?;
            scan.finish(embedding).map_err(refusal)?;
            self.memory.scratch.zeroize();
            self.complete = true;
            self.windows = self.windows.saturating_add(1);
        }
        Ok(Progress { next, complete: self.complete })
    }

    /// Windows of the open scan that were embedded; completing the scan counts as one more.
    pub(crate) fn windows(&self) -> u32 {
        self.windows
    }

    /// What the complete scan is for.
    pub(crate) fn purpose(&self) -> Result<&ScanPurpose, Fault> {
        if self.complete { self.purpose.as_ref().ok_or(Fault::NoScan) } else { Err(Fault::NoScan) }
    }

    /// The complete scan's embedding.
    pub(crate) fn embedding(&self, latent: usize) -> Result<&[f32], Fault> {
        if !self.complete {
            return Err(Fault::NoScan);
        }
        self.memory.embedding.get(..latent).ok_or(Fault::ModelTooLarge)
    }

    /// Takes the complete scan's embedding: a scan is used once.
    pub(crate) fn take(&mut self, latent: usize) -> Result<Components, Fault> {
        let probe = Components::copied(self.embedding(latent)?)?;
        self.close();
        Ok(probe)
    }

    /// Adds the complete scan to the enrolment in progress; a `first` one starts a new enrolment.
    pub(crate) fn enrol(&mut self, latent: usize, first: bool) -> Result<EnrolmentProgress, Refusal> {
        let embedding = self.take(latent)?;
        if first {
            self.drop_enrolment();
        }
        let scans = self.scans.checked_add(1).ok_or(Fault::EnrolmentScans.with(u32::from(self.scans)))?;
        let total = self.memory.total.get_mut(..latent).ok_or(Fault::ModelTooLarge)?;
        for (total, component) in total.iter_mut().zip(&*embedding) {
            *total += component;
        }
        self.scans = scans;
        Ok(EnrolmentProgress { scans, prototype: digest(&self.prototype(latent)?) })
    }

    /// The prototype of the enrolment in progress, if it has this many scans and this digest.
    pub(crate) fn enrolled(&self, latent: usize, scans: u8, prototype: &[u8; 32]) -> Result<Components, Refusal> {
        if scans != self.scans {
            return Err(Fault::EnrolmentScans.with(u32::from(self.scans)));
        }
        let found = self.prototype(latent)?;
        if digest(&found) != *prototype {
            return Err(Fault::PrototypeMismatch.into());
        }
        Ok(found)
    }

    /// Clears the scans taken for enrolment.
    pub(crate) fn drop_enrolment(&mut self) {
        self.memory.total.zeroize();
        self.scans = 0;
    }

    /// The mean of the scans taken for enrolment; an error if there are none.
    fn prototype(&self, latent: usize) -> Result<Components, Refusal> {
        if self.scans == 0 {
            return Err(Fault::EnrolmentScans.into());
        }
        let mut mean = Components::copied(self.memory.total.get(..latent).ok_or(Fault::ModelTooLarge)?)?;
        mean.iter_mut().for_each(|total| *total /= f32::from(self.scans));
        Ok(mean)
    }
}

/// Why a scan has no embedding, with the frame that says nothing, if there is one.
fn refusal(error: ScanError) -> Refusal {
    match error {
        ScanError::Degenerate { frame, .. } => Fault::Degenerate.with(frame as u32),
        _ => Fault::Degenerate.into(),
    }
}

fn digest(prototype: &[f32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for component in prototype {
        hash.update(component.to_le_bytes());
    }
    hash.finalize().into()
}
