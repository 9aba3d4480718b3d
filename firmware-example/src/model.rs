//! Opens the model in the board's memory, and checks that it is small enough for this token.

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::Encoder;
use neural_vault_core::wire::Fault;

use crate::form::Form;
use crate::limits::{PROTOTYPE, SCRATCH};

/// Offset of the length in a bundle.
const LENGTH_AT: usize = 12;

/// Opens the bundle at the start of `memory`, whose length is the one it states.
pub(crate) fn open(memory: &[u8]) -> Result<Bundle<'_>, Fault> {
    let stated = memory.get(LENGTH_AT..).and_then(<[u8]>::first_chunk::<4>).ok_or(Fault::Model)?;
    let bytes = memory.get(..u32::from_le_bytes(*stated) as usize).ok_or(Fault::Model)?;
    let bundle = Bundle::open(bytes).map_err(|_| Fault::Model)?;
    let dims = bundle.dims();
    // A prototype is opened behind the embedding.
    let scratch = Encoder::scratch_len(&dims, 1).max(2 * dims.latent);
    if scratch > SCRATCH || Form::new(&dims).bytes() > PROTOTYPE {
        return Err(Fault::ModelTooLarge);
    }
    Ok(bundle)
}
