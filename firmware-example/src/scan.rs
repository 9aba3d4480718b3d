//! Requests that carry or use a scan: streaming, enrolment scans, and the embedding.

use neural_vault_core::wire::*;

use crate::board::Board;
use crate::machine::{Machine, Stages};
use crate::purpose::ScanPurpose;

impl<B: Board> Machine<'_, B> {
    pub(crate) fn scan_begin(&mut self, head: ScanHead<'_>) -> Result<(), Refusal> {
        let (window, encoder) = (usize::from(self.identity()?.window), self.encoder()?);
        let purpose = ScanPurpose::new(&head.purpose)?;
        if matches!(purpose, ScanPurpose::Export { .. }) && !self.policy()?.allow_export {
            return Err(Fault::ExportForbidden.into());
        }
        // Refused before a value is sent; the encoder would refuse it at its end.
        if encoder.dims().is_connectome() && (head.frames as usize) < window {
            return Err(Fault::TooShort.with(window as u32));
        }
        self.stages = Stages::default();
        self.scanner.begin(&encoder, window, head, purpose)
    }

    pub(crate) fn scan_chunk(&mut self, chunk: Chunk<'_>) -> Result<Progress, Refusal> {
        let encoder = self.encoder()?;
        let start = self.ticks();
        let windows = self.scanner.windows();
        let outcome = self.scanner.push(&encoder, chunk);
        let spent = self.ticks_since(start);
        if self.scanner.windows() == windows {
            self.stages.project += spent;
        } else {
            self.stages.encode += spent;
        }
        outcome
    }

    pub(crate) fn enrol_scan(&mut self, scan: EnrolmentScan) -> Result<EnrolmentProgress, Refusal> {
        let form = self.form()?;
        if !matches!(self.scanner.purpose()?, ScanPurpose::Enrol) {
            return Err(Fault::OtherPurpose.into());
        }
        self.scanner.enrol(form, scan.first)
    }

    pub(crate) fn embed(&mut self, part: EmbeddingPart) -> Result<Embedding<'_>, Refusal> {
        let form = self.form()?;
        if !matches!(self.scanner.purpose()?, ScanPurpose::Embed) {
            return Err(Fault::OtherPurpose.into());
        }
        let embedding = self.scanner.embedding(form.components())?;
        let past_end = Fault::NoSuchComponent.with(embedding.len() as u32);
        let rest = embedding.get(usize::from(part.first)..).ok_or(past_end)?;
        let part = rest.get(..PART).unwrap_or(rest);
        Ok(Embedding { components: bytemuck::cast_slice(part) })
    }
}
