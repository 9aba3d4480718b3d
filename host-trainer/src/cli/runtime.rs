//! `runtime`: list the available engines, and install ONNX Runtime.

use std::cmp::Ordering;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::console::Console;
use super::failure::Failure;
use super::hints::Hint;
use crate::engine::runtime::{self, Flavour, Place};
use crate::engine::{Device, Engine};

/// List the available engines, or install ONNX Runtime.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the engines, whether they are available, and where ONNX Runtime was looked for.
    Status,
    /// Install ONNX Runtime by pip, pinned by version and SHA-256.
    Install {
        /// Folder to install to; a folder of the user's data when not given.
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
        /// Install the library with the CUDA provider, which needs NVIDIA's driver, CUDA 13 and cuDNN 9 on this machine.
        #[arg(long)]
        cuda: bool,
    },
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    match &arguments.command {
        Command::Status => status(console),
        Command::Install { folder, cuda } => {
            let flavour = if *cuda { Flavour::Cuda } else { Flavour::Cpu };
            let folder = match folder {
                Some(folder) => folder.clone(),
                None => runtime::default_folder(flavour)?,
            };
            let library = runtime::install(flavour, &folder, &mut |note| console.note(note))?;
            let path = library.display().to_string();
            console.result(
                "neural-vault/runtime-install/1",
                &format!("{path}\n"),
                json!({ "file": path, "version": runtime::VERSION }),
            )
        }
    }
}

fn status(console: &Console) -> Result<(), Failure> {
    let engines = [Engine::OnnxRuntime(Device::Cpu), Engine::OnnxRuntime(Device::Cuda), Engine::Tract];
    let mut text = "core                available\n".to_owned();
    let mut list = vec![json!({ "engine": "core", "available": true, "reason": null })];
    // Whether the library that was taken can be used: the name of its file does not always say that it is too old.
    let mut works = false;
    for engine in engines {
        let why_not = engine.probe().err().map(|error| error.with_hint());
        works |= why_not.is_none() && engine == Engine::OnnxRuntime(Device::Cpu);
        let state = why_not.as_deref().unwrap_or("available");
        text += &format!("{:19} {state}\n", engine.name());
        list.push(json!({ "engine": engine.name(), "available": why_not.is_none(), "reason": why_not }));
    }
    let library = runtime::locate().ok().map(|path| path.display().to_string());
    let places = runtime::places();
    let taken = places.iter().position(Place::is_usable);
    text += "\nlooked for ONNX Runtime in\n";
    let mut looked = Vec::new();
    for (at, place) in places.iter().enumerate() {
        let state = match (&place.library, at.cmp(&taken.unwrap_or(usize::MAX))) {
            (None, _) => "absent",
            (Some(_), Ordering::Equal) if works => "taken",
            (Some(_), Ordering::Equal) => "refused",
            (Some(_), _) if !place.is_usable() => "too old",
            (Some(_), _) => "not needed",
        };
        let found = place.library.as_ref();
        let shown = found.map_or(&place.path, |library| &library.path).display();
        let (by, version) =
            (place.source.to_string(), found.and_then(|library| library.version).map(|v| v.to_string()));
        text += &format!("  {by:24} {state:10} {shown}\n");
        let mut entry = json!({ "source": by, "path": place.path.display().to_string(), "state": state });
        if let Some(library) = found {
            entry["library"] = json!(library.path.display().to_string());
        }
        if let Some(version) = version {
            entry["version"] = json!(version);
        }
        looked.push(entry);
    }
    let value = json!({ "engines": list, "library": library, "looked_in": looked });
    console.result("neural-vault/runtime-status/1", &text, value)
}
