//! Requests about the token itself: info, self-test and measurement.

use neural_vault_core::wire::*;

use crate::board::Board;
use crate::machine::{Machine, Stages};
use crate::model::open;
use crate::selftest;

const FIRMWARE: [u8; 3] = [0, 1, 0];

/// The policy of a token that has none yet.
const NO_POLICY: Policy = Policy { allow_export: false, confirm_verify: false, confirm_challenge: false };

impl<B: Board> Machine<'_, B> {
    pub(crate) fn info(&mut self, (): ()) -> Result<TokenInfo, Refusal> {
        let vault = self.records.vault();
        let identity = vault.identity.as_ref();
        let model = self.model.as_ref().ok();
        Ok(TokenInfo {
            state: self.state(),
            firmware: FIRMWARE,
            board: B::NAME,
            features: model.map_or(0, |model| model.dims().features as u32),
            latent: model.map_or(0, |model| model.dims().latent as u16),
            window: identity.map_or(0, |identity| identity.window),
            whole_scans: model.is_some_and(|model| model.dims().is_connectome()),
            frames: vault.frames(),
            policy: self.policy().unwrap_or(NO_POLICY),
            model: model.map_or([0; 32], |model| *model.digest()),
            epoch: self.records.epoch(),
            uptime: self.board.uptime(),
            disabled: self.disabled().map_or(0, Fault::number),
            generation: self.records.generation(),
            misses: vault.misses,
            budget: vault.budget(),
            accepted_risk: vault.accepted_risk(),
        })
    }

    pub(crate) fn self_test(&mut self, (): ()) -> Result<SelfTestReport, Refusal> {
        // Opened again: the memory may have changed since the start.
        self.model = open(self.memory);
        let model = match self.records.vault().identity {
            Some(_) => self.encoder().is_ok(),
            None => self.model.is_ok(),
        };
        let parts = [
            (part::KEY_DERIVATION, selftest::key_derivation()),
            (part::SEALING, selftest::sealing()),
            (part::ENTROPY, selftest::entropy(&mut self.board)),
            (part::STORAGE, self.records.sound().is_ok()),
            (part::MODEL, model),
            (part::ENCODER, selftest::encoder()),
        ];
        let bits = |passed| parts.iter().filter(|part| part.1 == passed).fold(0, |bits, part| bits | part.0);
        match bits(false) {
            0 => Ok(SelfTestReport { passed: bits(true) }),
            failed => Err(Fault::SelfTest.with(failed)),
        }
    }

    pub(crate) fn measure(&mut self, (): ()) -> Result<Measurement, Refusal> {
        let footprint = self.board.footprint().ok_or(Fault::Unsupported)?;
        let Stages { all, project, encode, verify } = self.stages;
        // Zero on a board that calls `Token::receive` itself.
        let receive = all.saturating_sub(project + encode + verify);
        let (per_tick, memory, stack) = (footprint.per_tick, footprint.memory, footprint.stack);
        Ok(Measurement { per_tick, receive, project, encode, verify, memory, stack })
    }
}
