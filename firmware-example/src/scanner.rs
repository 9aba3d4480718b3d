//! Scans, streamed chunk by chunk into the encoder; the latest embedding, and the enrolment in progress.

use neural_vault_core::encoder::{EncodeError, Encoder};
use neural_vault_core::scan::{ScanEncoder, ScanError, ScanState};
use neural_vault_core::wire::{CHUNK, Chunk, EnrolmentProgress, Fault, Progress, Refusal, ScanHead};
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

use crate::form::Form;
use crate::limits::{MAX_FRAMES, PROTOTYPE, SCRATCH};
use crate::purpose::ScanPurpose;

/// Memory of scans.
pub(crate) struct ScanMemory {
    /// Memory of the encoder with the open scan; then the embedding of the complete one, and a prototype that it is compared
    /// with behind it.
    scratch: [f32; SCRATCH],
    /// What was taken for enrolment: the sum of the embeddings, or the one scan's prototype as it is stored, where that is
    /// rounded.
    enrolment: [f32; PROTOTYPE.div_ceil(4)],
}

/// The open scan, the latest complete one, and the enrolment in progress.
pub(crate) struct Scanner<'m> {
    memory: &'m mut ScanMemory,
    open: Option<Open>,
    /// What the open or complete scan is for.
    purpose: Option<ScanPurpose>,
    complete: bool,
    /// Frames of the open or complete scan.
    frames: u32,
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
        Self { scratch: [0.0; SCRATCH], enrolment: [0.0; PROTOTYPE.div_ceil(4)] }
    }
}

impl<'m> Scanner<'m> {
    pub(crate) fn new(memory: &'m mut ScanMemory) -> Self {
        Self { memory, open: None, purpose: None, complete: false, frames: 0, windows: 0, scans: 0 }
    }

    /// Clears everything.
    pub(crate) fn clear(&mut self) {
        self.close();
        self.drop_enrolment();
    }

    /// Clears the open or complete scan, and all that lies in its memory.
    pub(crate) fn close(&mut self) {
        self.open = None;
        self.purpose = None;
        self.complete = false;
        self.frames = 0;
        self.windows = 0;
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
        self.frames = head.frames;
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
            let components = scan.finish_in_place().map_err(refusal)?.len();
            self.memory.scratch.get_mut(components..).ok_or(Fault::ModelTooLarge)?.zeroize();
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
    pub(crate) fn embedding(&self, components: usize) -> Result<&[f32], Fault> {
        if !self.complete {
            return Err(Fault::NoScan);
        }
        self.memory.scratch.get(..components).ok_or(Fault::ModelTooLarge)
    }

    /// Takes the complete scan's embedding: a scan is used once. Returns the scan's frames too, and memory for a prototype; the
    /// caller clears both by [`Scanner::close`].
    pub(crate) fn take(&mut self, components: usize) -> Result<(&[f32], u32, &mut [f32]), Fault> {
        if !self.complete {
            return Err(Fault::NoScan);
        }
        self.complete = false;
        let (embedding, behind) = self.memory.scratch.split_at_mut_checked(components).ok_or(Fault::ModelTooLarge)?;
        Ok((embedding, self.frames, behind.get_mut(..components).ok_or(Fault::ModelTooLarge)?))
    }

    /// Memory for so many components, in place of any scan; the caller clears it by [`Scanner::close`].
    pub(crate) fn empty(&mut self, components: usize) -> Result<&mut [f32], Fault> {
        self.close();
        self.memory.scratch.get_mut(..components).ok_or(Fault::ModelTooLarge)
    }

    /// Adds the complete scan to the enrolment in progress; a `first` one starts a new enrolment.
    pub(crate) fn enrol(&mut self, form: Form, first: bool) -> Result<EnrolmentProgress, Refusal> {
        if !self.complete {
            return Err(Fault::NoScan.into());
        }
        if first {
            self.drop_enrolment();
        }
        let progress = self.add(form).and_then(|scans| {
            let prototype = digest(self.prototype(form)?.components);
            Ok(EnrolmentProgress { scans, prototype })
        });
        self.close();
        progress
    }

    /// Adds the complete scan's embedding to what was taken; returns the number of scans.
    fn add(&mut self, form: Form) -> Result<u8, Refusal> {
        let Self { memory: ScanMemory { scratch, enrolment }, scans, .. } = self;
        let embedding = scratch.get(..form.components()).ok_or(Fault::ModelTooLarge)?;
        // A rounded prototype is that of one scan.
        let most = if form.is_rounded() { 1 } else { u8::MAX };
        if *scans >= most {
            return Err(Fault::EnrolmentScans.with(u32::from(*scans)));
        }
        if form.is_rounded() {
            form.store(embedding, bytemuck::cast_slice_mut(enrolment))?;
        } else {
            let total = enrolment.get_mut(..form.components()).ok_or(Fault::ModelTooLarge)?;
            total.iter_mut().zip(embedding).for_each(|(total, component)| *total += component);
        }
        *scans += 1;
        Ok(*scans)
    }

    /// The prototype of the enrolment in progress, if it has this many scans and this digest; in place of any scan.
    pub(crate) fn enrolled(&mut self, form: Form, scans: u8, prototype: &[u8; 32]) -> Result<Taken<'_>, Refusal> {
        if scans != self.scans {
            return Err(Fault::EnrolmentScans.with(u32::from(self.scans)));
        }
        self.close();
        let found = self.prototype(form)?;
        if digest(found.components) != *prototype {
            return Err(Fault::PrototypeMismatch.into());
        }
        Ok(found)
    }

    /// Clears the scans taken for enrolment.
    pub(crate) fn drop_enrolment(&mut self) {
        self.memory.enrolment.zeroize();
        self.scans = 0;
    }

    /// The prototype of the scans taken for enrolment, in the memory of scans; an error if there are none.
    fn prototype(&mut self, form: Form) -> Result<Taken<'_>, Refusal> {
        if self.scans == 0 {
            return Err(Fault::EnrolmentScans.into());
        }
        let ScanMemory { scratch, enrolment } = &mut *self.memory;
        let components = scratch.get_mut(..form.components()).ok_or(Fault::ModelTooLarge)?;
        if form.is_rounded() {
            let content = bytemuck::cast_slice(enrolment).get(..form.bytes()).ok_or(Fault::ModelTooLarge)?;
            form.restore(content, components)?;
            return Ok(Taken { components, content });
        }
        for (mean, total) in components.iter_mut().zip(&*enrolment) {
            *mean = total / f32::from(self.scans);
        }
        Ok(Taken { components, content: bytemuck::cast_slice(components) })
    }
}

/// The prototype of the scans taken for enrolment.
pub(crate) struct Taken<'m> {
    pub(crate) components: &'m [f32],
    /// As it is stored.
    pub(crate) content: &'m [u8],
}

/// Why a scan has no embedding, with the frame or the region that says nothing, if there is one.
fn refusal(error: ScanError) -> Refusal {
    match error {
        ScanError::Degenerate { frame, .. } => Fault::Degenerate.with(frame as u32),
        ScanError::Encode(EncodeError::TooShort { least, .. }) => Fault::TooShort.with(least as u32),
        ScanError::Encode(EncodeError::ConstantRegion { region }) => Fault::ConstantRegion.with(region as u32),
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
