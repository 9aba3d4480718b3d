//! Files of weights as people have them.
#![allow(clippy::unwrap_used)]

mod names;

use std::collections::HashMap;

use neural_vault_core::bundle;
use neural_vault_core::encoder::Dims;
use safetensors::tensor::{Dtype, TensorView};

use super::*;
use crate::model::{initial_weights, safetensors::to_bytes};

/// A tensor in a file: type, shape and bytes.
type Raw = (Dtype, Vec<usize>, Vec<u8>);

/// A file of weights under construction.
#[derive(Clone)]
struct File {
    tensors: BTreeMap<String, Raw>,
    metadata: HashMap<String, String>,
}

impl File {
    /// Two layers with all metadata; imported without a note.
    fn sound() -> Self {
        Self::of(Dims { features: 24, d_model: 32, heads: 4, layers: 2, feed_forward: 64, latent: 16, positions: 12 })
    }

    fn of(dims: Dims) -> Self {
        let weights = initial_weights(dims, 3).unwrap();
        let shapes = bundle::tensor_names_and_shapes(&dims).unwrap();
        let tensors = shapes.into_iter().map(|(name, shape)| {
            let bytes = weights.tensors[&name].iter().flat_map(|value| value.to_le_bytes()).collect();
            (name, (Dtype::F32, shape, bytes))
        });
        let metadata = [("norm_first", "True"), ("activation", "relu"), ("heads", "4"), ("window", "3")];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self { tensors: tensors.collect(), metadata: metadata.into() }
    }

    fn bytes(&self) -> Vec<u8> {
        let views = self
            .tensors
            .iter()
            .map(|(name, (dtype, shape, bytes))| (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap()));
        ::safetensors::serialize(views, Some(self.metadata.clone())).unwrap()
    }

    fn import_with(&self, options: &ImportOptions) -> Result<Imported, String> {
        from_bytes(&self.bytes(), Path::new("w.safetensors"), options).map_err(|fault| fault.to_string())
    }

    fn import(&self) -> Result<Imported, String> {
        self.import_with(&ImportOptions::default())
    }

    /// The notes of an import that has the weights of the sound file.
    fn notes(&self) -> Vec<String> {
        let imported = self.import().unwrap();
        assert!(imported.weights == Self::sound().import().unwrap().weights);
        imported.notes.iter().map(ToString::to_string).collect()
    }

    fn add(&mut self, name: &str, shape: &[usize]) {
        let count: usize = shape.iter().product();
        self.tensors.insert(name.to_owned(), (Dtype::F32, shape.to_vec(), vec![0; 4 * count]));
    }

    fn renamed(&self, rename: impl Fn(&str) -> String) -> Self {
        let mut file = self.clone();
        file.tensors = self.tensors.iter().map(|(name, raw)| (rename(name), raw.clone())).collect();
        file
    }

    fn without(&self, is_left_out: impl Fn(&str) -> bool) -> Self {
        let mut file = self.clone();
        file.tensors.retain(|name, _| !is_left_out(name));
        file
    }

    fn stating(&self, key: &str, value: &str) -> Self {
        let mut file = self.clone();
        file.metadata.insert(key.to_owned(), value.to_owned());
        file
    }

    /// Every tensor with its floats stored in another way.
    fn stored_as(&self, dtype: Dtype, store: impl Fn(f32) -> Vec<u8>) -> Self {
        let mut file = self.clone();
        for (kind, _, bytes) in file.tensors.values_mut() {
            *bytes = bytes.as_chunks::<4>().0.iter().flat_map(|b| store(f32::from_le_bytes(*b))).collect();
            *kind = dtype;
        }
        file
    }
}

#[test]
fn a_file_that_says_all_is_taken_without_a_note() {
    let imported = File::sound().import().unwrap();
    assert_eq!(imported.notes, []);
    assert!(!imported.standardised);
    let Dims { heads, layers, positions, .. } = imported.weights.dims;
    assert_eq!((heads, layers, positions, imported.provenance.window), (4, 2, 12, 3));
    assert_eq!(imported.provenance.recipe, "imported from w.safetensors");
}

#[test]
fn other_types_become_float32_with_a_note() {
    let sound = File::sound();
    // Values that every type holds exactly.
    let coarse = sound.stored_as(Dtype::F32, |v| half::bf16::from_f32(v).to_f32().to_le_bytes().to_vec());
    let stored = coarse.import().unwrap().weights;
    for (file, says) in [
        (
            coarse.stored_as(Dtype::F64, |v| f64::from(v).to_le_bytes().to_vec()),
            "35 tensors are float64 and were converted to float32",
        ),
        (
            coarse.stored_as(Dtype::BF16, |v| half::bf16::from_f32(v).to_le_bytes().to_vec()),
            "35 tensors are bfloat16 and were converted to float32",
        ),
    ] {
        let imported = file.import().unwrap();
        assert!(imported.weights == stored, "{says}");
        assert_eq!(imported.notes.iter().map(ToString::to_string).collect::<Vec<_>>(), [says]);
    }
    let halves = sound.stored_as(Dtype::F16, |v| half::f16::from_f32(v).to_le_bytes().to_vec()).import().unwrap();
    let bias = &sound.import().unwrap().weights.tensors["proj.bias"];
    let expected: Vec<f32> = bias.iter().map(|&v| half::f16::from_f32(v).to_f32()).collect();
    assert_eq!(halves.weights.tensors["proj.bias"], expected);
}

#[test]
fn a_standardiser_of_another_type_is_not_dropped() {
    let mut file = File::sound();
    let mean: Vec<u8> = (0..24).flat_map(|k| (f64::from(k) + 0.1).to_le_bytes()).collect();
    file.tensors.insert("standardiser.mean".to_owned(), (Dtype::F64, vec![24], mean));
    let imported = file.import().unwrap();
    assert_eq!(imported.weights.tensors["standardiser.mean"][2], 2.1);
    assert!(imported.standardised);
    assert_eq!(imported.notes[0].to_string(), "standardiser.mean is float64 and was rounded to float32");
}

#[test]
fn values_that_cannot_be_taken_are_refused_by_tensor() {
    let sound = File::sound();
    let error = sound.stored_as(Dtype::F64, |_| 1e300f64.to_le_bytes().to_vec()).import().unwrap_err();
    assert_eq!(error, "tensor enc.layers.0.linear1.bias: element 0 is 1e300, beyond the range of float32");
    let mut complex = sound.clone();
    complex.tensors.insert("proj.bias".to_owned(), (Dtype::C64, vec![32], vec![0; 256]));
    assert!(complex.import().unwrap_err().starts_with("tensor proj.bias: its type is C64"));
    let mut infinite = sound;
    infinite.tensors.get_mut("head.0.bias").unwrap().2[4..8].copy_from_slice(&f32::NEG_INFINITY.to_le_bytes());
    assert_eq!(infinite.import().unwrap_err(), "tensor head.0.bias: element 1 of 32 is -inf");
}

#[test]
fn position_tables_of_every_layout_and_length_are_taken() {
    let sound = File::sound();
    for shape in [vec![12, 1, 32], vec![12, 32], vec![1, 12, 32]] {
        let mut file = sound.clone();
        file.tensors.get_mut("pos.pe").unwrap().1 = shape;
        assert_eq!(file.notes(), Vec::<String>::new());
    }
    let long = |shape: &[usize]| {
        let mut file = sound.clone();
        file.add("pos.pe", shape);
        file.import().unwrap()
    };
    for shape in [[5000, 1, 32], [1, 5000, 32]] {
        let imported = long(&shape);
        assert_eq!(imported.notes, [ImportNote::CutPositions { found: 5000, kept: 512 }]);
        assert_eq!(imported.weights.tensors["pos.pe"].len(), 512 * 32);
    }
    let none = sound.without(|name| name == "pos.pe").import().unwrap();
    assert_eq!(none.notes, [ImportNote::SinusoidalPositions(512)]);
}

#[test]
fn what_the_metadata_do_not_state_is_noted_and_what_they_state_wrongly_refused() {
    let mut bare = File::sound();
    bare.metadata.clear();
    let notes: Vec<String> = bare.import().unwrap().notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "the metadata state no norm_first and no activation: pre-norm layers with ReLU were assumed, which shapes \
             do not determine",
            "the metadata state no heads: 8 were assumed, which shapes do not determine",
            "the metadata state no window: the model's window is 1 frame",
        ]
    );
    let sound = File::sound();
    let reference = sound.stating("fill", "reference").import().unwrap();
    assert_eq!((sound.import().unwrap().weights.fill, reference.weights.fill), (Fill::Mean, Fill::Reference));
    for (key, value, says) in [
        ("fill", "zero", "reference or mean"),
        ("heads", "four", "whole number"),
        ("heads", "5", "does not divide the 32 outputs of proj.weight"),
        ("window", "13", "the encoder has 12 positions"),
        ("window", "0", "whole number"),
    ] {
        let error = sound.stating(key, value).import().unwrap_err();
        assert!(error.starts_with(&format!("metadata entry {key} is `{value}`: ")) && error.contains(says), "{error}");
    }
    let mut narrow =
        File::of(Dims { features: 4, d_model: 128, heads: 4, layers: 1, feed_forward: 16, latent: 16, positions: 12 });
    narrow.metadata.insert("heads".to_owned(), "1".to_owned());
    assert!(narrow.import().unwrap_err().contains("metadata entry heads is `1`: it must be a divisor of d_model"));
}

#[test]
fn a_caller_overrides_the_metadata_with_a_note() {
    let options = ImportOptions { heads: Some(2), window: Some(5), ..Default::default() };
    let imported = File::sound().stating("heads", "four").import_with(&options).unwrap();
    assert_eq!((imported.weights.dims.heads, imported.provenance.window), (2, 5));
    let overridden = |key: &str, value: &str| ImportNote::Overridden { key: key.to_owned(), value: value.to_owned() };
    assert_eq!(imported.notes, [overridden("heads", "four"), overridden("window", "3")]);
    let long = ImportOptions { window: Some(13), ..Default::default() };
    assert_eq!(File::sound().import_with(&long).unwrap_err(), "a window of 13 frames: the model takes 1 to 12");
}

#[test]
fn a_file_of_this_program_brings_its_heads_window_and_labels() {
    for dims in [
        Dims { features: 24, d_model: 32, heads: 2, layers: 1, feed_forward: 32, latent: 32, positions: 16 },
        Dims::linear(24, 32, MAX_WINDOW),
    ] {
        let labels = vec!["a".to_owned(), "b".to_owned()];
        let provenance = Provenance { window: 5, labels: labels.clone(), ..Provenance::default() };
        let model = crate::model::initialise(dims, provenance, 3).unwrap();
        let bytes = to_bytes(&model).unwrap();
        let imported = from_bytes(&bytes, Path::new("model.safetensors"), &ImportOptions::default()).unwrap();
        assert_eq!(imported.notes, []);
        assert_eq!((imported.provenance.window, imported.provenance.labels), (5, labels));
        assert!(imported.weights == model.state_dict().unwrap());
    }
}

#[test]
fn files_of_other_kinds_and_damaged_ones_are_named() {
    let fault = |bytes: &[u8]| {
        from_bytes(bytes, Path::new("w.safetensors"), &ImportOptions::default()).unwrap_err().to_string()
    };
    assert_eq!(
        fault(b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 12\n"),
        "is a Git LFS pointer, which stands for a file elsewhere, not a safetensors file"
    );
    let sound = File::sound().bytes();
    for length in [9, 100, sound.len() - 1] {
        let error = fault(&sound[..length]);
        assert!(error.starts_with("not a sound safetensors file: it is cut short"), "{error}");
    }
    let long = [&sound[..], b"1234567"].concat();
    let (stated, given) = (sound.len(), long.len());
    let says = format!("bytes follow its tensors: its header states {stated} bytes, it has {given}");
    assert_eq!(fault(&long), format!("not a sound safetensors file: {says}"));
    assert_eq!(fault(b""), "not a sound safetensors file: it is empty");
    assert!(fault(b"these are no weights").contains("does not begin with the length of a header"));
}
