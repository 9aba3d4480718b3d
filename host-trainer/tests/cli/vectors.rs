//! Weights and keys of an independent implementation, through the command.
//!
//! The vectors are read from the folder in `NEURAL_VAULT_VECTORS` when it is set, from the committed copy otherwise.

use neural_vault::dataset::read_vectors;
use neural_vault_testkit::{vector, vector_path};
use safetensors::SafeTensors;
use serde::Deserialize;

use super::folder::Folder;
use super::samples::npy;

const TOLERANCE: f32 = 1e-5;

#[test]
fn imported_pytorch_weights_embed_as_in_pytorch_on_every_engine() {
    for name in ["encoder_tiny", "encoder_full_width"] {
        let folder = Folder::new();
        let weights = vector_path(&format!("{name}.safetensors"));
        let bytes = std::fs::read(&weights).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let floats = |name: &str| -> (Vec<usize>, Vec<f32>) {
            let view = file.tensor(name).unwrap();
            let values = view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
            (view.shape().to_vec(), values)
        };
        let (shape, input) = floats("test.input");
        let (_, expected) = floats("test.embedding");
        let [_, window, features] = shape[..] else { panic!("{shape:?}") };
        std::fs::create_dir(folder.path("scans")).unwrap();
        for (scan, frames) in input.chunks(window * features).enumerate() {
            folder.write(&format!("scans/s{scan:02}.npy"), npy(&[window, features], frames));
        }

        folder.does(&["import", &weights.to_string_lossy(), "--out", "model"]);
        for engine in ["core", "tract", "onnxruntime"] {
            let window = window.to_string();
            let arguments =
                ["scans", "--model", "model", "--window", &window, "--engine", engine, "--force", "-o", "e.npy"];
            folder.does(&[&["embed"], &arguments[..]].concat());
            let (_, found) = read_vectors(&folder.path("e.npy")).unwrap();
            assert_eq!(found.len(), expected.len());
            let largest = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(largest <= TOLERANCE && found.iter().all(|v| v.is_finite()), "{name}, {engine}: {largest}");
        }
    }
}

#[derive(Deserialize)]
struct KeyVectors {
    cases: Vec<KeyCase>,
}

#[derive(Deserialize)]
struct KeyCase {
    name: String,
    bits: usize,
    embedding_le_hex: String,
    key_hex: String,
}

#[test]
fn v1_keys_of_embeddings_are_those_of_the_reference() {
    let folder = Folder::new();
    let vectors: KeyVectors = serde_json::from_slice(&vector("key_v1.json")).unwrap();
    assert!(!vectors.cases.is_empty());
    for case in vectors.cases {
        let digits = case.embedding_le_hex.as_bytes().as_chunks::<8>().0;
        let word =
            |digits: &[u8; 8]| u32::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap().swap_bytes();
        let embedding: Vec<f32> = digits.iter().map(|digits| f32::from_bits(word(digits))).collect();
        let bits = case.bits.to_string();
        let derive = ["derive", "--scheme", "v1", "--embedding", "e.npy", "--bits", &bits];
        for shape in [&[embedding.len()][..], &[1, embedding.len()]] {
            folder.write("e.npy", npy(shape, &embedding));
            assert_eq!(folder.does(&derive).stdout, format!("{}\n", case.key_hex), "{}", case.name);
        }
    }
}
