//! All memory of a token, in one value that a board puts where it likes; there is no allocator.

use crate::link::Link;
use crate::scanner::ScanMemory;
use crate::session_keys::SessionKeys;
use crate::store::Buffer;
use crate::vault::Vault;

/// Memory of a token.
pub struct Memory {
    pub(crate) link: Link,
    pub(crate) scans: ScanMemory,
    pub(crate) vault: Vault,
    pub(crate) buffer: Buffer,
    pub(crate) keys: SessionKeys,
}

impl Memory {
    /// Empty memory, all zeros, so that a static of it takes no flash.
    pub const fn new() -> Self {
        Self {
            link: Link::new(),
            scans: ScanMemory::new(),
            vault: Vault::BLANK,
            buffer: Buffer::new(),
            keys: SessionKeys::new(),
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}
