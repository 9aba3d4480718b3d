//! Damage to files, and files of safetensors whose header's length is always right.

use arbitrary::Arbitrary;

/// Bytes that are changed, and an end that is cut off.
#[derive(Arbitrary, Debug)]
pub(crate) struct Damage {
    /// Places, of two bytes so that the header is met often, and what is written there.
    edits: Vec<(u16, u8)>,
    cut: Option<u16>,
}

impl Damage {
    pub(crate) fn is_none(&self) -> bool {
        self.edits.is_empty() && self.cut.is_none()
    }

    /// The bytes with the damage; there is at least one.
    pub(crate) fn of(&self, bytes: &[u8]) -> Vec<u8> {
        let mut damaged = bytes.to_vec();
        for &(place, value) in &self.edits {
            let place = usize::from(place) % damaged.len();
            damaged[place] = value;
        }
        damaged.truncate(self.cut.map_or(damaged.len(), usize::from));
        damaged
    }
}

/// A file of safetensors whose header is the text before the first zero, and whose tensors are the bytes behind it.
pub(crate) fn safetensors(bytes: &[u8]) -> Vec<u8> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let tensors = bytes.get(end + 1..).unwrap_or_default();
    [&(end as u64).to_le_bytes()[..], &bytes[..end], tensors].concat()
}
