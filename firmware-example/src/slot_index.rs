//! Numbers of slots that exist.

use neural_vault_core::wire::{Fault, Refusal, SLOTS};

/// The number of a slot; it has as many variants as an array has elements, so no index can be out of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SlotIndex {
    First,
    Second,
    Third,
    Fourth,
}

impl SlotIndex {
    pub(crate) const ALL: [Self; SLOTS] = [Self::First, Self::Second, Self::Third, Self::Fourth];

    /// The slot of this number, if it exists.
    pub(crate) fn new(number: u8) -> Result<Self, Refusal> {
        Self::ALL.get(usize::from(number)).copied().ok_or(Fault::NoSuchSlot.with(SLOTS as u32))
    }

    pub(crate) fn get<T>(self, all: &[T; SLOTS]) -> &T {
        &all[self as usize]
    }

    pub(crate) fn get_mut<T>(self, all: &mut [T; SLOTS]) -> &mut T {
        &mut all[self as usize]
    }
}
