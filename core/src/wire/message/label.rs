//! Labels of slots.

use core::fmt;

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

/// Bytes of a slot's label.
pub const LABEL_LENGTH: usize = 16;

/// A slot's label: UTF-8 of at most [`LABEL_LENGTH`] bytes, padded with zeros.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Schema)]
pub struct Label([u8; LABEL_LENGTH]);

impl Label {
    /// `None` for a text that is too long or holds a zero.
    pub fn new(text: &str) -> Option<Self> {
        let mut label = Self::default();
        label.0.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        (!text.contains('\0')).then_some(label)
    }

    /// The text up to the first byte that is not UTF-8.
    pub fn as_str(&self) -> &str {
        let mut text = self.0.split(|byte| *byte == 0).take(1).flat_map(<[u8]>::utf8_chunks);
        text.next().map_or("", |chunk| chunk.valid())
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
