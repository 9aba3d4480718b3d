//! One sealed record: its bytes, and how it is written, committed and opened.

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use neural_vault_core::wire::Fault;

use crate::flash::{self, MARK};
use crate::seal::{CONTEXT, Context, NONCE, Sealer, TAG};

const HEAD: usize = NONCE + CONTEXT;

/// What is found in a record's place.
pub(crate) enum Found {
    /// Nothing was written since the last erasure.
    Erased,
    /// A record that was never committed.
    Torn,
    /// A record that was committed, whether or not it opens.
    Committed,
}

/// Bytes of a record without its commit, for a content of `text` bytes.
pub(crate) const fn body(text: usize) -> usize {
    HEAD + text + TAG
}

/// Bytes of a record with its commit.
pub(crate) const fn length(text: usize) -> u32 {
    (body(text) + MARK) as u32
}

/// The content of a body.
pub(crate) fn text(body: &mut [u8]) -> Result<&mut [u8], Fault> {
    Parts::of(body).map(|parts| parts.text)
}

/// What a body claims to be, before it is opened.
pub(crate) fn claimed(body: &mut [u8]) -> Result<Context, Fault> {
    Parts::of(body).map(|parts| Context::from_bytes(parts.context))
}

/// Encrypts the content of `body` and completes the body; returns its tag.
pub(crate) fn seal(
    sealer: &Sealer,
    context: Context,
    parent: &[u8; TAG],
    nonce: &[u8; NONCE],
    body: &mut [u8],
) -> Result<[u8; TAG], Fault> {
    let parts = Parts::of(body)?;
    *parts.nonce = *nonce;
    *parts.context = context.to_bytes();
    *parts.tag = sealer.seal(context, parent, nonce, parts.text).ok_or(Fault::StorageFailed)?;
    Ok(*parts.tag)
}

/// Decrypts the content of `body` in place if it is the record of this context and parent; returns its tag.
pub(crate) fn open(
    sealer: &Sealer,
    context: Context,
    parent: &[u8; TAG],
    body: &mut [u8],
) -> Result<Option<[u8; TAG]>, Fault> {
    let Parts { nonce, context: found, text, tag } = Parts::of(body)?;
    let is_this = *found == context.to_bytes();
    let opened = sealer.open(context, parent, nonce, text, tag).is_ok();
    Ok((is_this && opened).then_some(*tag))
}

/// Reads the body of the record at `place`.
pub(crate) fn find<F: ReadNorFlash>(flash: &mut F, place: u32, body: &mut [u8]) -> Result<Found, Fault> {
    flash::read(flash, place, body)?;
    if flash::is_set(flash, place + body.len() as u32)? {
        return Ok(Found::Committed);
    }
    Ok(if body.iter().all(|&byte| byte == flash::ERASED) { Found::Erased } else { Found::Torn })
}

/// Writes a body and commits it.
pub(crate) fn write<F: NorFlash>(flash: &mut F, place: u32, body: &[u8]) -> Result<(), Fault> {
    flash::program(flash, place, body)?;
    flash::set_mark(flash, place + body.len() as u32)
}

/// The parts of a body, in the order of the table in `store.rs`.
struct Parts<'b> {
    nonce: &'b mut [u8; NONCE],
    context: &'b mut [u8; CONTEXT],
    text: &'b mut [u8],
    tag: &'b mut [u8; TAG],
}

impl<'b> Parts<'b> {
    fn of(body: &'b mut [u8]) -> Result<Self, Fault> {
        let split = |body: &'b mut [u8]| -> Option<Self> {
            let (nonce, rest) = body.split_first_chunk_mut()?;
            let (context, rest) = rest.split_first_chunk_mut()?;
            let (text, tag) = rest.split_last_chunk_mut()?;
            Some(Self { nonce, context, text, tag })
        };
        split(body).ok_or(Fault::StorageFailed)
    }
}
