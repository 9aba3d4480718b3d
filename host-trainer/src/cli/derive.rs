//! `derive`: the key of a prototype.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use neural_vault_core::key::{KeyContext, MAX_KEY_LENGTH, derive_v1, derive_v2_into};
use serde_json::json;

use super::arguments::device_secret;
use super::console::Console;
use super::failure::{DATA, Failure, USAGE};
use crate::enrolment::Enrolment;
use crate::model::safetensors::hex;

/// Derive the key of an enrolment or an embedding, in hexadecimal.
#[derive(Args)]
#[command(group(clap::ArgGroup::new("source").required(true).args(["enrolment", "embedding"])))]
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
    let refused = |error: neural_vault_core::key::KeyError| Failure::new(DATA, error);
    let scheme = match (arguments.scheme, &arguments.enrolment, &arguments.embedding) {
        (Scheme::V1, _, _) if arguments.device_secret.is_some() || !arguments.context.is_empty() => {
            return Err(usage(
                "scheme v1 knows no device secret and no context: it is a function of the prototype alone",
            ));
        }
        (Scheme::V1, Some(path), _) => {
            derive_v1(&Enrolment::read(path)?.prototype, &mut key).map_err(refused)?;
            "v1"
        }
        (Scheme::V1, None, Some(path)) => {
            derive_v1(&mean_embedding(path)?, &mut key).map_err(refused)?;
            "v1"
        }
        (Scheme::V2, Some(path), _) => {
            let secret = arguments.device_secret.as_deref();
            let secret = secret
                .ok_or_else(|| usage("scheme v2 needs --device-secret FILE; make one with `openssl rand -hex 32`"))?;
            let secret = device_secret(secret)?;
            let record = Enrolment::read(path)?;
            let context = KeyContext {
                model_digest: &record.model_digest,
                enrolment_id: &record.id,
                application: arguments.context.as_bytes(),
            };
            derive_v2_into(&record.prototype, &secret, &context, &mut key).map_err(refused)?;
            "v2"
        }
        (Scheme::V2, None, _) => {
            return Err(usage("scheme v2 binds the key to a model and an enrolment: give --enrolment, or --scheme v1"));
        }
    };
    let digits = zeroize::Zeroizing::new(hex(&key));
    let text = zeroize::Zeroizing::new(format!("{}\n", digits.as_str()));
    console.result("derive", &text, json!({ "key": digits.as_str(), "scheme": scheme, "bits": arguments.bits }))
}

/// The mean of the rows of a `.npy` file of float32 embeddings.
fn mean_embedding(path: &Path) -> Result<Vec<f32>, Failure> {
    let refuse = |reason: String| Failure::new(DATA, format!("{}: {reason}", path.display()));
    let bytes = std::fs::read(path).map_err(|e| refuse(format!("cannot be read: {e}")))?;
    let array = npyz::NpyFile::new(bytes.as_slice()).map_err(|e| refuse(format!("not an .npy file: {e}")))?;
    let shape = array.shape().to_vec();
    let latent = match shape.as_slice() {
        [latent] | [_, latent] if *latent > 0 && array.order() == npyz::Order::C => *latent as usize,
        _ => return Err(refuse(format!("shape {shape:?}; expected (latent) or (scans, latent), in C order"))),
    };
    let values: Vec<f32> = array.into_vec().map_err(|e| refuse(format!("not float32 embeddings: {e}")))?;
    let rows = values.len() / latent;
    if rows == 0 {
        return Err(refuse("there are no embeddings".to_owned()));
    }
    let mut mean = vec![0.0; latent];
    for row in values.chunks_exact(latent) {
        mean.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
    }
    // One embedding stays as it is, bit for bit.
    mean.iter_mut().for_each(|sum| *sum /= rows as f32);
    Ok(mean)
}
