//! Embeds random scans in QEMU; prints the hash of their embeddings, and instructions and memory of the last one.
//!
//! A bundle is at the start of the PSRAM, and two words at its end: frames of a window, and number of scans. The scans are
//! those of core's `embedding_hash` example.

#![no_std]
#![no_main]

mod stack;
mod timer;

use core::fmt::Write as _;

use cortex_m_rt::entry;
use cortex_m_semihosting::{debug, hio};
use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::{Encoder, WeightFormat};
use neural_vault_core::kernel::Kernel;
use neural_vault_core::scan::{ScanEncoder, ScanState};
use sha2::{Digest, Sha256};

/// Address and bytes of the PSRAM.
const MEMORY: (u32, usize) = (0x2100_0000, 16 << 20);

/// Offset of the length in a bundle.
const LENGTH_AT: usize = 12;

/// Values of a chunk, as on a token.
const CHUNK: usize = 256;

/// Instructions and bytes of stack that a scan's embedding took.
#[derive(Default)]
struct Taken {
    instructions: u32,
    stack: u32,
}

#[entry]
fn main() -> ! {
    static mut SCRATCH: [f32; 10_240] = [0.0; 10_240];
    timer::start();
    // SAFETY: the PSRAM is readable, and nothing writes to it.
    let memory = unsafe { core::slice::from_raw_parts(MEMORY.0 as *const u8, MEMORY.1) };
    let done = embed(memory, SCRATCH);
    loop {
        debug::exit(if done.is_some() { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    }
}

fn embed(memory: &[u8], scratch: &mut [f32]) -> Option<()> {
    let word = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes) as usize;
    let (window, scans) = (word(memory.get(MEMORY.1 - 8..)?.first_chunk()?), word(memory.last_chunk()?));
    let length = word(memory.get(LENGTH_AT..)?.first_chunk()?);
    let bundle = Bundle::open(memory.get(..length)?).ok()?;
    let encoder = bundle.encoder().with_kernel(kernel(bundle.format()));
    let scratch = scratch.get_mut(..Encoder::scratch_len(&bundle.dims(), window))?;

    let (mut random, mut hash, mut taken) = (11, Sha256::new(), Taken::default());
    for _ in 0..scans {
        taken = embed_scan(&encoder, window, &mut random, scratch)?;
        for component in scratch.get(..bundle.dims().latent)? {
            hash.update(component.to_le_bytes());
        }
    }
    let mut out = hio::hstdout().ok()?;
    for byte in hash.finalize() {
        write!(out, "{byte:02x}").ok()?;
    }
    writeln!(out, " {} {} {}", taken.instructions, size_of_val(scratch), taken.stack).ok()
}

/// Embeds the next random scan, of one window, chunk by chunk; the embedding is at the start of the scratch memory.
fn embed_scan(encoder: &Encoder<'_>, window: usize, random: &mut u32, scratch: &mut [f32]) -> Option<Taken> {
    let (mut chunk, mut taken) = ([0.0; CHUNK], Taken::default());
    let mut state = Some(ScanEncoder::new(encoder, window, scratch).ok()?.pause());
    let mut left = window * encoder.dims().features;
    while left > 0 {
        let chunk = chunk.get_mut(..left.min(CHUNK))?;
        chunk.fill_with(|| float(random) * 3.0);
        left -= chunk.len();
        let last = left == 0;
        let mut instructions = 0;
        let mut work = || {
            state = state.and_then(|state| push(encoder, state, chunk, scratch, last));
        };
        let stack = stack::measure(&mut || instructions = timer::instructions(&mut work));
        state?;
        taken = Taken { instructions: taken.instructions + instructions, stack: taken.stack.max(stack) };
    }
    Some(taken)
}

/// Pushes a chunk, as a token does. Never inlined, so that all of its stack is below the point it is measured from.
#[inline(never)]
fn push(encoder: &Encoder<'_>, state: ScanState, chunk: &[f32], scratch: &mut [f32], last: bool) -> Option<ScanState> {
    let mut scan = ScanEncoder::resume(encoder, state, scratch).ok()?;
    scan.push(chunk).ok()?;
    if last { scan.finish_in_place().ok().map(|_| state) } else { Some(scan.pause()) }
}

/// The kernel of a token whose models have weights of this format.
#[cfg_attr(not(feature = "every-format"), expect(unused_variables, reason = "int8 weights alone"))]
fn kernel(format: WeightFormat) -> &'static Kernel {
    #[cfg(feature = "every-format")]
    if format == WeightFormat::F32 {
        return neural_vault_token_kernel::kernel();
    }
    neural_vault_kernels::best()
}

/// The next float in -1..1, the same as on the host.
fn float(random: &mut u32) -> f32 {
    *random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    (*random >> 8) as f32 / 8_388_608.0 - 1.0
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        debug::exit(debug::EXIT_FAILURE);
    }
}
