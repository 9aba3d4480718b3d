//! `derive`: the key of a prototype, without a scan.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, ValueEnum};
use neural_vault_core::key::{DeviceSecret, KeyError, MAX_KEY_LENGTH, derive_v1, derive_v2_into};
use serde::Serialize;

use super::console::Console;
use super::digits::{Digits, Key};
use super::failure::{DATA, Failure, MODEL, USAGE};
use super::secret_file::read_secret;
use crate::dataset::read_vectors;
use crate::enrolment::Enrolment;

/// Derive the key of an enrolment or an embedding, in hexadecimal, without a scan.
///
/// No scan is compared with the enrolment and no attempt is counted: whoever has the enrolment and the device's secret gets
/// the key. `neural-vault verify --derive` gives it for an accepted scan only.
#[derive(Args)]
#[command(group(ArgGroup::new("source").required(true).args(["enrolment", "embedding"])))]
pub struct Arguments {
    /// The enrolment.
    #[arg(long, value_name = "R.nve")]
    enrolment: Option<PathBuf>,
    /// Embeddings (scans, latent) whose mean is the prototype, or one embedding (latent).
    #[arg(long, value_name = "E.npy")]
    embedding: Option<PathBuf>,
    /// The key scheme.
    #[arg(long, value_enum, default_value_t = Scheme::V2)]
    scheme: Scheme,
    /// Bits of the key, a multiple of 8.
    #[arg(long, default_value_t = 256)]
    bits: usize,
    /// What the key is for: keys of two contexts are independent (v2).
    #[arg(long, value_name = "TEXT", default_value = "")]
    context: String,
    /// The device's secret: 32 bytes, or 64 hexadecimal digits (v2).
    #[arg(long, value_name = "FILE")]
    device_secret: Option<PathBuf>,
}

/// How a key is derived.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Scheme {
    /// The reference's scheme: a function of the prototype only, so that whoever reads the prototype has the key.
    V1,
    /// Bound to a device secret, the model, the enrolment and the context.
    V2,
}

/// The result, as `--json` prints it.
#[derive(Serialize)]
struct Derived<'a> {
    key: &'a Digits,
    scheme: Scheme,
    bits: usize,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let usage = |text: &str| Failure::new(USAGE, text);
    let &Arguments { scheme, bits, .. } = arguments;
    if bits == 0 || !bits.is_multiple_of(8) || bits / 8 > MAX_KEY_LENGTH {
        return Err(usage(&format!("--bits {bits} is not a multiple of 8 up to {}", MAX_KEY_LENGTH * 8)));
    }
    let record = arguments.enrolment.as_deref().map(Enrolment::read).transpose()?;
    let key = match scheme {
        Scheme::V1 => {
            if arguments.device_secret.is_some() || !arguments.context.is_empty() {
                return Err(usage(
                    "scheme v1 takes no device secret and no context: its key depends on the prototype alone",
                ));
            }
            let prototype = match (&record, &arguments.embedding) {
                (Some(record), _) => record.prototype.clone(),
                (None, Some(path)) => mean_embedding(path)?,
                (None, None) => return Err(usage("give --enrolment R.nve or --embedding E.npy")),
            };
            Key::derive(bits / 8, |key| derive_v1(&prototype, key))
        }
        Scheme::V2 => {
            let record = record.as_ref().ok_or_else(|| {
                usage("scheme v2 binds the key to a model and an enrolment: give --enrolment, or --scheme v1")
            })?;
            let path = arguments.device_secret.as_deref().ok_or_else(|| {
                usage("scheme v2 needs --device-secret FILE; make one with `neural-vault secret -o FILE`")
            })?;
            let secret = read_secret(path, DeviceSecret::from_bytes, console)?;
            let enrolment = record.to_core().map_err(|error| Failure::new(MODEL, error))?;
            let context = enrolment.key_context(arguments.context.as_bytes());
            Key::derive(bits / 8, |key| derive_v2_into(&record.prototype, &secret, &context, key))
        }
    };
    let digits = key.map_err(|error: KeyError| Failure::new(DATA, error))?.digits();
    if record.is_some() {
        console.note(
            "note: no scan was compared and no attempt counted; `neural-vault verify --derive` gives the key for an \
             accepted scan alone",
        );
    }
    console.secret_result("neural-vault/derive/1", &digits.line(), &Derived { key: &digits, scheme, bits })
}

/// The mean of the embeddings in a `.npy` file; a single embedding keeps its bits.
fn mean_embedding(path: &Path) -> Result<Vec<f32>, Failure> {
    let (rows, values) = read_vectors(path)?;
    let mut mean = vec![0.0; values.len() / rows];
    for row in values.chunks_exact(mean.len()) {
        mean.iter_mut().zip(row).for_each(|(sum, component)| *sum += component);
    }
    mean.iter_mut().for_each(|sum| *sum /= rows as f32);
    Ok(mean)
}
