//! `derive`: the key of a prototype.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, ValueEnum};
use neural_vault_core::key::{KeyContext, KeyError, MAX_KEY_LENGTH, derive_v1, derive_v2_into};
use serde_json::json;

use super::arguments::device_secret;
use super::console::Console;
use super::failure::{DATA, Failure, USAGE};
use crate::dataset::read_vectors;
use crate::enrolment::Enrolment;
use crate::model::safetensors::hex;

/// Derive the key of an enrolment or an embedding, in hexadecimal.
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
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scheme {
    /// The reference's: a function of the prototype alone, which protects nothing from a reader of the prototype.
    V1,
    /// Bound to a device secret, the model, the enrolment and the context.
    V2,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let usage = |text: &str| Failure::new(USAGE, text);
    if arguments.bits == 0 || !arguments.bits.is_multiple_of(8) || arguments.bits / 8 > MAX_KEY_LENGTH {
        return Err(usage(&format!("--bits {} is not a multiple of 8 up to {}", arguments.bits, MAX_KEY_LENGTH * 8)));
    }
    let mut key = zeroize::Zeroizing::new(vec![0; arguments.bits / 8]);
    let refused = |error: KeyError| Failure::new(DATA, error);
    let record = arguments.enrolment.as_deref().map(Enrolment::read).transpose()?;
    match arguments.scheme {
        Scheme::V1 => {
            if arguments.device_secret.is_some() || !arguments.context.is_empty() {
                return Err(usage(
                    "scheme v1 takes no device secret and no context: its key depends on the prototype alone",
                ));
            }
            let prototype = match (record, &arguments.embedding) {
                (Some(record), _) => record.prototype,
                (None, Some(path)) => mean_embedding(path)?,
                (None, None) => return Err(usage("give --enrolment R.nve or --embedding E.npy")),
            };
            derive_v1(&prototype, &mut key).map_err(refused)?;
        }
        Scheme::V2 => {
            let record = record.ok_or_else(|| {
                usage("scheme v2 binds the key to a model and an enrolment: give --enrolment, or --scheme v1")
            })?;
            let secret = arguments
                .device_secret
                .as_deref()
                .ok_or_else(|| usage("scheme v2 needs --device-secret FILE; make one with `openssl rand -hex 32`"))?;
            let context = KeyContext {
                model_digest: &record.model_digest,
                enrolment_id: &record.id,
                application: arguments.context.as_bytes(),
            };
            derive_v2_into(&record.prototype, &device_secret(secret)?, &context, &mut key).map_err(refused)?;
        }
    }
    let scheme = if arguments.scheme == Scheme::V1 { "v1" } else { "v2" };
    let digits = zeroize::Zeroizing::new(hex(&key));
    let text = zeroize::Zeroizing::new(format!("{}\n", digits.as_str()));
    console.result("derive", &text, json!({ "key": digits.as_str(), "scheme": scheme, "bits": arguments.bits }))
}

/// The mean of the embeddings in a `.npy` file; one embedding stays as it is, bit for bit.
fn mean_embedding(path: &Path) -> Result<Vec<f32>, Failure> {
    let (rows, values) = read_vectors(path)?;
    let mut mean = vec![0.0; values.len() / rows];
    for row in values.chunks_exact(mean.len()) {
        mean.iter_mut().zip(row).for_each(|(sum, component)| *sum += component);
    }
    mean.iter_mut().for_each(|sum| *sum /= rows as f32);
    Ok(mean)
}
