//! Drives a token in QEMU: `qemu story FIRMWARE FOLDER` or `qemu measure FIRMWARE FOLDER`.
//!
//! FOLDER is where the machine keeps its flash and where it is started anew.
#![allow(clippy::expect_used, clippy::panic)]

mod machine;
mod measure;
mod recordings;
mod story;

use std::error::Error;
use std::path::Path;

use machine::Setup;
use neural_vault_testkit::Aligned;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, firmware, folder] = &arguments[..] else {
        return Err("give: story | measure, the firmware, and a folder".into());
    };
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let (firmware, folder) = (std::fs::canonicalize(firmware)?, std::fs::canonicalize(folder)?);
    for file in ["token.flash", "token.secret", "token.epoch"] {
        let _ = std::fs::remove_file(folder.join(file));
    }
    match what.as_str() {
        "measure" => measure::measure(&firmware, &folder),
        "story" => {
            let model = std::fs::canonicalize(models.join("haxby-demo/model.i8i16.nvb"))?;
            let bytes = Aligned::new(&std::fs::read(&model)?);
            let recordings = recordings::read(&models.join("data/haxby/haxby_slice_runs00-05.csv.gz"))?;
            story::tell(&Setup { firmware, model, folder, count: false }, bytes.bytes(), &recordings)
        }
        other => Err(format!("{other}: neither story nor measure").into()),
    }
}
