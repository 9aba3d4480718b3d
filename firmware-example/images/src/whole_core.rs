//! The trusted core, and bundle, encoder and scan: a size image.

#![no_std]
#![no_main]
#![expect(clippy::empty_loop, reason = "anything else would count as code of the image")]

mod calls;

use core::hint::black_box;

use cortex_m_rt::entry;
use neural_vault_core::bundle::Bundle;
use neural_vault_core::scan::ScanEncoder;

#[entry]
fn main() -> ! {
    static mut SCRATCH: [f32; 8192] = [0.0; 8192];
    calls::trusted_core();
    let (mut embedding, frames) = ([0.0; 128], black_box([].as_slice()));
    if let Ok(bundle) = Bundle::open(black_box(&[])) {
        let encoder = bundle.encoder();
        let _ = black_box(encoder.embed_window(frames, SCRATCH, &mut embedding));
        if let Ok(mut scan) = ScanEncoder::new(&encoder, black_box(8), SCRATCH) {
            let _ = black_box(scan.push(frames));
            let _ = black_box(scan.finish(&mut embedding));
        }
    }
    black_box(&embedding);
    loop {}
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
