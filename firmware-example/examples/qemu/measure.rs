//! Instructions and memory of a verification, counted by QEMU.

use std::error::Error;
use std::path::{Path, PathBuf};

use neural_vault_core::encoder::{Dims, WeightFormat};
use neural_vault_core::testing::{Random, bundle_in};
use neural_vault_core::wire::*;

use crate::machine::Setup;
use crate::story::{ADMIN, Host, IN_SLOT, SLOT, equal_embeddings, first_frame, provision};

/// Widths of the reference model.
const DIMS: Dims =
    Dims { features: 0, d_model: 128, heads: 8, layers: 2, feed_forward: 512, latent: 128, positions: 8 };

/// Features and windows that are measured, and scans whose embeddings are compared with the host's: as many as QEMU's
/// serial port carries in two minutes, at some 25 KB a second.
const CASES: [(usize, usize, usize); 4] = [(1024, 1, 200), (1024, 8, 45), (20_484, 1, 3), (20_484, 8, 1)];

/// Format of its weights.
const FORMAT: WeightFormat = WeightFormat::I8I16;

/// Accepts every scan: a rejected one would derive no key.
const THRESHOLD: f32 = -1.0;

/// Measures every case and prints it as JSON.
pub fn measure(arguments: String, firmware: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut setup = Setup {
        arguments,
        firmware: firmware.to_owned(),
        model: PathBuf::new(),
        folder: folder.to_owned(),
        count: false,
        more: Vec::new(),
    };
    println!("[");
    for (index, (features, window, scans)) in CASES.into_iter().enumerate() {
        let dims = Dims { features, ..DIMS };
        let bytes = bundle_in(FORMAT, &dims, features as u32, None)?;
        setup.model = folder.join("model.nvb");
        std::fs::write(&setup.model, bytes.bytes())?;
        for file in ["token.flash", "token.generation"] {
            let _ = std::fs::remove_file(folder.join(file));
        }
        let host = Host::new(bytes.bytes(), window)?;
        let mut random = Random(7);
        let scans: Vec<Vec<f32>> = (0..scans).map(|_| random.floats(features * window, 3.0)).collect();

        setup.count = false;
        let mut token = setup.start(None)?;
        provision(&mut token, &host)?;
        let equal = equal_embeddings(&mut token, &host, &scans)?;
        let scan = scans.first().ok_or("no scan")?;
        token.enrol(&ADMIN, SLOT.slot, features, &[first_frame(&host, scan).to_vec()], THRESHOLD)?;
        token.transport.stop();

        // QEMU is slow while it counts, so it gets only the scan that is measured.
        setup.count = true;
        let mut token = setup.start(None)?;
        token.traffic = 0;
        token.scan(IN_SLOT, features, scan)?;
        let link = token.traffic as f64 / (4 * features * window) as f64;
        token.call::<Verify>(&())?;
        let found = token.admin::<Measure, _>(&ADMIN, ())?;
        let count = |ticks: u64| ticks * u64::from(found.per_tick);
        let stages = [found.receive, found.project, found.encode, found.verify].map(count);
        let [receive, project, encode, verify] = stages;
        let total: u64 = stages.iter().sum();
        let comma = if index + 1 < CASES.len() { "," } else { "" };
        println!(
            "  {{\"features\": {features}, \"window\": {window}, \"memory\": {}, \"stack\": {}, \"receive\": {receive}, \
             \"project\": {project}, \"encode\": {encode}, \"verify\": {verify}, \"instructions\": {total}, \
             \"link\": {link:.3}, \"equal_embeddings\": {equal}}}{comma}",
            found.memory, found.stack
        );
    }
    println!("]");
    Ok(())
}
