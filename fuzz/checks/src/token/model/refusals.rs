//! What a token must refuse, and why, before it changes anything.

use neural_vault_core::wire::*;
use neural_vault_token::limits::MISSES_IN_ALL;

use super::{Model, Scan};
use crate::token::act::{Auth, Use};
use crate::token::persons::WINDOW;
use crate::token::{Endpoints, asked};

impl Model {
    pub fn provision(&self, is_other_model: bool, window: u8, consents: bool) -> Result<(), Fault> {
        match self.policy {
            Some(_) => Err(Fault::NotBlank),
            None if is_other_model => Err(Fault::ModelMismatch),
            None if window != WINDOW => Err(Fault::Window),
            None => asked(consents),
        }
    }

    /// Whether a command with this tag is read.
    pub fn authorised(&self, auth: Auth) -> Result<(), Fault> {
        self.provisioned()?;
        if auth == Auth::Right { Ok(()) } else { Err(Fault::NotAuthorised) }
    }

    pub fn may_set(&self, policy: Policy) -> Result<(), Fault> {
        let is_given_up = policy.allow_export && !self.provisioned()?.allow_export;
        if is_given_up { Err(Fault::ExportGivenUp) } else { Ok(()) }
    }

    pub fn occupied(&self, SlotNumber { slot }: SlotNumber) -> Result<(), Fault> {
        match self.slots.get(usize::from(slot)) {
            None => Err(Fault::NoSuchSlot),
            Some(None) => Err(Fault::SlotEmpty),
            Some(Some(_)) => Ok(()),
        }
    }

    pub fn may_push(&self, ahead: u8, lacks: u8) -> Result<(), Fault> {
        self.provisioned()?;
        match self.scan {
            Scan::Open { .. } if ahead > 0 => Err(Fault::OutOfOrder),
            Scan::Open { .. } if lacks > 0 => Err(Fault::ChunkLength),
            Scan::Open { .. } => Ok(()),
            _ => Err(Fault::NoScanOpen),
        }
    }

    fn is_for(&self, is_right: impl FnOnce(Use) -> bool) -> Result<(), Fault> {
        match self.purpose() {
            None => Err(Fault::NoScan),
            Some(purpose) if is_right(purpose) => Ok(()),
            Some(_) => Err(Fault::OtherPurpose),
        }
    }

    pub fn may_take(&self) -> Result<(), Fault> {
        self.provisioned()?;
        self.is_for(|purpose| purpose == Use::Enrol)
    }

    pub fn may_embed(&self, first: u16) -> Result<(), Fault> {
        self.provisioned()?;
        self.is_for(|purpose| purpose == Use::Embed)?;
        let Scan::Complete { embedding, .. } = &self.scan else { return Err(Fault::NoScan) };
        if usize::from(first) > embedding.len() { Err(Fault::NoSuchComponent) } else { Ok(()) }
    }

    pub fn enrol(&self, enrolment: &Enrolment) -> Result<(), Fault> {
        if usize::from(enrolment.slot) >= SLOTS {
            return Err(Fault::NoSuchSlot);
        }
        if !(-1.0..=1.0).contains(&enrolment.threshold) {
            return Err(Fault::Threshold);
        }
        if self.taken.is_empty() || usize::from(enrolment.scans) != self.taken.len() {
            return Err(Fault::EnrolmentScans);
        }
        if enrolment.prototype != self.digest {
            return Err(Fault::PrototypeMismatch);
        }
        match enrolment.accepted_risk {
            Some(risk) if !(1..=MISSES_IN_ALL).contains(&risk.attempts) => Err(Fault::Budget),
            _ => Ok(()),
        }
    }

    /// The slot that a request compares the complete scan with, unless it is refused before.
    pub fn attempt(&self, endpoint: Endpoints, consents: bool) -> Result<u8, Fault> {
        self.is_for(|purpose| match purpose {
            Use::Verify { .. } => endpoint == Endpoints::Verify,
            Use::Challenge { .. } => endpoint == Endpoints::Challenge,
            Use::Export { .. } => endpoint == Endpoints::Export,
            Use::Enrol | Use::Embed => false,
        })?;
        let policy = self.provisioned()?;
        let is_asked = match endpoint {
            Endpoints::Verify => policy.confirm_verify,
            Endpoints::Challenge => policy.confirm_challenge,
            Endpoints::Export if !policy.allow_export => return Err(Fault::ExportForbidden),
            Endpoints::Export => true,
        };
        if is_asked {
            asked(consents)?;
        }
        Ok(self.purpose().map_or(0, |purpose| purpose.names().0))
    }
}
