//! The encoder against PyTorch's embeddings, and the standardiser against scikit-learn's rows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "std")]

use std::borrow::Cow;
use std::collections::HashMap;

use neural_vault_core::bundle::{Bundle, tensor_names_and_shapes, write};
use neural_vault_core::encoder::{Dims, Encoder, WeightFormat};
use neural_vault_core::kernel::{Fill, Kernel, Statistics};
use neural_vault_core::testing::Aligned;
use neural_vault_testkit::vector_path;
use safetensors::SafeTensors;

type Tensors = HashMap<String, (Vec<usize>, Vec<f32>)>;

fn load(file: &str) -> (HashMap<String, String>, Tensors) {
    let bytes = std::fs::read(vector_path(file)).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let tensors = tensors.iter().map(|(name, view)| {
        let (words, _) = view.data().as_chunks::<4>();
        let values = words.iter().copied().map(f32::from_le_bytes).collect();
        (name.to_string(), (view.shape().to_vec(), values))
    });
    (header.metadata().clone().unwrap(), tensors.collect())
}

fn embeds_like_pytorch(file: &str) {
    let (metadata, tensors) = load(file);
    let size = |name: &str| metadata[name].parse::<usize>().unwrap();
    let features = size("input");
    let dims = Dims {
        features,
        d_model: size("d_model"),
        heads: size("heads"),
        layers: size("layers"),
        feed_forward: tensors["enc.layers.0.linear1.bias"].1.len(),
        latent: size("latent"),
        positions: tensors["pos.pe"].0[1],
    };
    let (mean, inv_std) = (vec![0.0; features], vec![1.0; features]);
    for (name, shape) in tensor_names_and_shapes(&dims).unwrap() {
        if !name.starts_with("standardiser") {
            assert_eq!(tensors[&name].0, shape, "{name}");
        }
    }
    let tensor = |name: &str| match name {
        "standardiser.mean" => Some(Cow::Borrowed(&mean[..])),
        "standardiser.inv_std" => Some(Cow::Borrowed(&inv_std[..])),
        _ => tensors.get(name).map(|(_, values)| Cow::Borrowed(&values[..])),
    };
    let bytes = Aligned::new(&write(&dims, WeightFormat::F32, None, tensor, None).unwrap());
    let bundle = Bundle::open(bytes.bytes()).unwrap();
    for (name, (_, values)) in tensors.iter().filter(|(name, _)| !name.starts_with("test.")) {
        assert_eq!(bundle.state_tensor(name).as_ref(), Some(values), "{name}");
    }

    let (shape, input) = &tensors["test.input"];
    let window = shape[1];
    let mut scratch = vec![f32::NAN; Encoder::scratch_len(&dims, window)];
    let mut embedding = vec![0.0; dims.latent];
    let expected = tensors["test.embedding"].1.chunks(dims.latent);
    let mut largest = 0f32;
    for (frames, expected) in input.chunks(window * features).zip(expected) {
        bundle.encoder().embed_window(frames, &mut scratch, &mut embedding).unwrap();
        for (value, expected) in embedding.iter().zip(expected) {
            largest = largest.max((value - expected).abs());
        }
    }
    println!("{file}: largest difference {largest:e}");
    assert!(largest <= 1e-5, "{file}: {largest:e}");
}

#[test]
fn tiny_model_embeds_like_pytorch() {
    embeds_like_pytorch("encoder_tiny.safetensors");
}

#[test]
fn full_width_model_embeds_like_pytorch() {
    embeds_like_pytorch("encoder_full_width.safetensors");
}

#[test]
fn rows_are_sanitised_and_standardised_like_the_reference() {
    let text = std::fs::read_to_string(vector_path("standardise.json")).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows = |name: &str| -> Vec<Vec<f32>> {
        let number = |value: &serde_json::Value| match value.as_str() {
            Some(word) => word.parse().unwrap(),
            None => value.as_f64().unwrap() as f32,
        };
        let rows = document[name].as_array().unwrap().iter();
        rows.map(|row| row.as_array().unwrap().iter().map(number).collect()).collect()
    };
    let (raw, expected) = (rows("raw"), rows("expected"));
    let features = raw[0].len();
    // The statistics are the trainer's; here they come from the sanitised columns in float64.
    let column = |k: usize| raw.iter().map(move |row| f64::from(clean(row[k])));
    let count = raw.len() as f64;
    let statistics = (0..features).map(|k| {
        let mean = column(k).sum::<f64>() / count;
        let variance = column(k).map(|v| (v - mean).powi(2)).sum::<f64>() / count;
        let deviation = if variance == 0.0 { 1.0 } else { variance.sqrt() };
        (mean as f32, (1.0 / deviation) as f32)
    });
    let (mean, inv_std): (Vec<f32>, Vec<f32>) = statistics.unzip();
    for (raw, expected) in raw.iter().zip(expected) {
        let mut row = vec![0.0; features];
        (Kernel::PORTABLE.standardise)(
            raw,
            Statistics { mean: &mean, inv_std: &inv_std, fill: Fill::Reference },
            &mut row,
        );
        for (value, expected) in row.iter().zip(&expected) {
            assert!((value - expected).abs() <= 1e-6, "{value} {expected}");
        }
    }
}

fn clean(value: f32) -> f32 {
    match value {
        v if v.is_nan() => 0.0,
        f32::INFINITY => 1.0,
        f32::NEG_INFINITY => -1.0,
        v => v,
    }
}
