//! What the open or complete scan is for; a copy of the request, as the request itself is gone when the scan is complete.

use heapless::Vec;
use neural_vault_core::wire::{Fault, KeyRequest, MAX_APPLICATION, Purpose, Question, Refusal};

use crate::slot_index::SlotIndex;

/// Label of an application.
pub(crate) type Application = Vec<u8, MAX_APPLICATION>;

/// What a scan is for.
#[derive(Clone)]
pub(crate) enum ScanPurpose {
    Enrol,
    Embed,
    Verify { slot: SlotIndex },
    Challenge { slot: SlotIndex, nonce: [u8; 32], application: Application },
    Export { slot: SlotIndex, application: Application },
}

impl ScanPurpose {
    /// Copies the purpose that a request names.
    pub(crate) fn new(purpose: &Purpose<'_>) -> Result<Self, Refusal> {
        Ok(match *purpose {
            Purpose::Enrol => Self::Enrol,
            Purpose::Embed => Self::Embed,
            Purpose::Verify { slot } => Self::Verify { slot: SlotIndex::new(slot)? },
            Purpose::Challenge(Question { slot, nonce, application }) => {
                Self::Challenge { slot: SlotIndex::new(slot)?, nonce, application: copied(application)? }
            }
            Purpose::Export(KeyRequest { slot, application }) => {
                Self::Export { slot: SlotIndex::new(slot)?, application: copied(application)? }
            }
        })
    }
}

fn copied(application: &[u8]) -> Result<Application, Fault> {
    Vec::from_slice(application).map_err(|_| Fault::Application)
}
