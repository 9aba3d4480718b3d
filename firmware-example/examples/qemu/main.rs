//! Drives a token in QEMU: `qemu story|measure|ram|skip ARGUMENTS FIRMWARE FOLDER`; one for connectome models by
//! `connectome-story` and `connectome-measure`.
//!
//! ARGUMENTS is the board's `qemu.args`, FOLDER where the machine keeps its files; those of an earlier run are removed.
#![allow(clippy::expect_used, clippy::panic)]

mod connectome;
mod gdb;
mod machine;
mod measure;
mod ram;
mod recordings;
#[path = "../../tests/support/secret_bytes.rs"]
mod secret_bytes;
mod skip;
mod small;
mod story;

use std::error::Error;
use std::path::{Path, PathBuf};

use machine::Setup;
use neural_vault_core::testing::Aligned;

/// The files of a token.
const FILES: [&str; 3] = ["token.flash", "token.secret", "token.generation"];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, arguments, firmware, folder] = &arguments[..] else {
        return Err("give: [connectome-]story | [connectome-]measure | ram | skip, the board's qemu.args, the firmware, and a folder".into());
    };
    let arguments = std::fs::read_to_string(arguments).map_err(|error| format!("{arguments}: {error}"))?;
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let (firmware, folder) = (std::fs::canonicalize(firmware)?, std::fs::canonicalize(folder)?);
    for file in FILES {
        let _ = std::fs::remove_file(folder.join(file));
    }
    // `skip` runs two machines at once.
    if what != "skip" {
        machine::stay_on_one_processor();
    }
    match what.as_str() {
        "measure" => measure::measure(arguments, &firmware, &folder),
        "story" => {
            let model = std::fs::canonicalize(models.join("haxby-demo/model.i8i16.nvb"))?;
            let bytes = Aligned::new(&std::fs::read(&model)?);
            let recordings = recordings::read(&models.join("data/haxby/haxby_slice_runs00-05.csv.gz"))?;
            let setup = Setup { arguments, firmware, model, folder, count: false, more: Vec::new() };
            story::tell(&setup, bytes.bytes(), &recordings)
        }
        "connectome-story" => connectome::tell(&without_model(arguments, firmware, folder)),
        "connectome-measure" => connectome::measure(&without_model(arguments, firmware, folder)),
        "ram" => ram::search(&without_model(arguments, firmware, folder)),
        "skip" => skip::try_all(&without_model(arguments, firmware, folder)),
        other => Err(format!("{other}: none of [connectome-]story, [connectome-]measure, ram, skip").into()),
    }
}

fn without_model(arguments: String, firmware: PathBuf, folder: PathBuf) -> Setup {
    Setup { arguments, firmware, model: PathBuf::new(), folder, count: false, more: Vec::new() }
}
