//! A file of an encoder, as another program may have written it.

use std::collections::{HashMap, HashSet};

use ::safetensors::serialize;
use ::safetensors::tensor::{Dtype, TensorView};
use arbitrary::Arbitrary;
use neural_vault::model::import::ImportOptions;
use neural_vault::model::initial_weights;
use neural_vault_core::bundle::tensor_names_and_shapes;
use neural_vault_core::encoder::Dims;

use super::{Options, imported};
use crate::damage::Damage;
use crate::numbers::{filled, number, whole};

/// Types that values are stored in: of safetensors, their letter and size. The first is a bfloat16.
const KINDS: [(Dtype, char, usize); 12] = [
    (Dtype::BF16, 'f', 2),
    (Dtype::F32, 'f', 4),
    (Dtype::F64, 'f', 8),
    (Dtype::F16, 'f', 2),
    (Dtype::U8, 'u', 1),
    (Dtype::I8, 'i', 1),
    (Dtype::U16, 'u', 2),
    (Dtype::I16, 'i', 2),
    (Dtype::U32, 'u', 4),
    (Dtype::I32, 'i', 4),
    (Dtype::U64, 'u', 8),
    (Dtype::I64, 'i', 8),
];

/// What the names of tensors begin with, in files of other programs.
const PREFIXES: [&str; 6] = ["", "module.", "model.encoder.", "_orig_mod.", "a.module.b.", "enc."];

/// Entries of the metadata, and texts that they may have.
const KEYS: [&str; 16] = [
    "norm_first",
    "activation",
    "heads",
    "nhead",
    "window",
    "fill",
    "eps",
    "layer_norm_eps",
    "features",
    "d_model",
    "layers",
    "latent",
    "format",
    "epoch",
    "head.1.bias",
    "neural-vault",
];
const TEXTS: [&str; 12] =
    ["True", "relu", "2", "1", "1e-05", "mean", "reference", "16", "false", "<function relu at 0x7f>", "proj.bias", ""];

/// A file of an encoder, as another program may have written it, with damage.
#[derive(Arbitrary, Debug)]
pub(super) struct Encoder<'a> {
    features: u8,
    layers: u8,
    heads: u8,
    positions: u8,
    /// The type in which values are stored.
    kind: u8,
    prefix: u8,
    changes: Vec<Change<'a>>,
    metadata: Vec<(u8, u8, Option<&'a str>)>,
    options: Options,
    damage: Damage,
}

/// What is changed in a tensor, by its number.
#[derive(Arbitrary, Debug)]
enum Change<'a> {
    LeftOut(u8),
    Renamed(u8, &'a str),
    Added(&'a str),
    Stored { tensor: u8, kind: u8, bytes: &'a [u8] },
    Axis { tensor: u8, before: u8 },
    Merged(u8),
    Repeated(u8, u8),
}

/// A tensor: name, type, shape and bytes.
type Tensor = (String, usize, Vec<usize>, Vec<u8>);

impl Encoder<'_> {
    pub(super) fn check(&self) {
        let Some(dims) = self.dims() else { return };
        let Ok(sound) = initial_weights(dims, 3) else { return };
        let shapes = tensor_names_and_shapes(&dims).expect("sizes of a model");
        let kind = usize::from(self.kind) % KINDS.len();
        let mut tensors: Vec<Tensor> = shapes
            .into_iter()
            .map(|(name, shape)| {
                let bytes = sound.tensors[&name].iter().flat_map(|value| stored(kind, *value)).collect();
                (name, kind, shape, bytes)
            })
            .collect();
        let names: Vec<String> = tensors.iter().map(|(name, ..)| name.clone()).collect();
        let mut is_whole = true;
        for change in self.changes.iter().take(4) {
            is_whole &= change.make(&mut tensors);
        }
        let mut seen = HashSet::new();
        tensors.retain(|(name, ..)| seen.insert(name.clone()));
        let prefix = PREFIXES[usize::from(self.prefix) % PREFIXES.len()];
        let mut metadata = HashMap::from([("heads".to_owned(), dims.heads.to_string())]);
        for (key, text, other) in self.metadata.iter().take(6) {
            let text = other.unwrap_or(TEXTS[usize::from(*text) % TEXTS.len()]);
            metadata.insert(KEYS[usize::from(*key) % KEYS.len()].to_owned(), text.to_owned());
        }
        let views = tensors.iter().map(|(name, kind, shape, bytes)| {
            let view = TensorView::new(KINDS[*kind].0, shape.clone(), bytes).expect("bytes of the shape");
            (format!("{prefix}{name}"), view)
        });
        let file = serialize(views, Some(metadata)).expect("tensors are written");
        let options = self.options.options(&names);
        let found = imported("weights.safetensors", &file, &options);
        let is_plain = is_whole && self.metadata.is_empty() && options == ImportOptions::default();
        if is_plain && prefix != "enc." {
            let values: Option<Vec<Vec<f32>>> = tensors.iter().map(values).collect();
            assert_eq!(found.is_some(), values.is_some(), "{self:?}");
            for (found, values) in found.iter().zip(&values) {
                assert_eq!(found.weights.dims, dims);
                for ((name, ..), values) in tensors.iter().zip(values) {
                    assert_eq!(&found.weights.tensors[name], values, "{name} {self:?}");
                }
            }
        }
        imported("weights.safetensors", &self.damage.of(&file), &options);
    }

    fn dims(&self) -> Option<Dims> {
        let heads = [1, 2, 4, 8][usize::from(self.heads % 4)];
        let (features, positions) = (usize::from(self.features % 9), usize::from(self.positions % 6));
        let layers = usize::from(self.layers % 3);
        let dims = Dims { features, d_model: 16, heads, layers, feed_forward: 16, latent: 16, positions };
        (layers > 0).then_some(dims)
    }
}

impl Change<'_> {
    /// Makes the change; returns whether the file has all of its tensors, with the names and the shapes that they had.
    fn make(&self, tensors: &mut Vec<Tensor>) -> bool {
        let at = |number: u8, tensors: &[Tensor]| usize::from(number) % tensors.len();
        match self {
            Self::LeftOut(number) => drop(tensors.remove(at(*number, tensors))),
            Self::Renamed(number, name) => {
                let at = at(*number, tensors);
                tensors[at].0 = (*name).to_owned();
            }
            Self::Added(name) => tensors.push(((*name).to_owned(), 4, vec![1], vec![1])),
            Self::Stored { tensor, kind, bytes } => {
                let at = at(*tensor, tensors);
                let (_, of, shape, stored) = &mut tensors[at];
                *of = usize::from(*kind) % KINDS.len();
                *stored = filled(bytes, KINDS[*of].2 * shape.iter().product::<usize>());
                return true;
            }
            Self::Axis { tensor, before } => {
                let at = at(*tensor, tensors);
                let (_, _, shape, _) = &mut tensors[at];
                shape.insert(usize::from(*before) % (shape.len() + 1), 1);
            }
            Self::Merged(number) => {
                let at = at(*number, tensors);
                tensors[at].2 = vec![tensors[at].2.iter().product()];
            }
            Self::Repeated(number, times) => {
                let at = at(*number, tensors);
                let (_, _, shape, bytes) = &mut tensors[at];
                // So that several of them do not fill the memory.
                let times = if bytes.len() < 1 << 12 { usize::from(*times) } else { 2 };
                shape[0] *= times;
                *bytes = bytes.repeat(times);
            }
        }
        // A file is made of one tensor at least.
        if tensors.is_empty() {
            tensors.push(("proj.bias".to_owned(), 1, vec![1], vec![0; 4]));
        }
        false
    }
}

/// A value in the type of this number; of whole numbers another, made of its bits.
fn stored(kind: usize, value: f32) -> Vec<u8> {
    match KINDS[kind].0 {
        Dtype::BF16 => value.to_le_bytes()[2..].to_vec(),
        Dtype::F64 => f64::from(value).to_le_bytes().to_vec(),
        Dtype::F16 => value.to_le_bytes()[2..].to_vec(),
        Dtype::F32 => value.to_le_bytes().to_vec(),
        // A small one, which a float32 holds.
        _ => {
            let mut bytes = vec![0; KINDS[kind].2];
            bytes[0] = value.to_le_bytes()[3] & 63;
            bytes
        }
    }
}

/// The values of a tensor, each read by itself; `None` where they cannot be those of a model.
fn values((name, kind, _, bytes): &Tensor) -> Option<Vec<f32>> {
    let (dtype, letter, size) = KINDS[*kind];
    let value = |bytes: &[u8]| {
        let value = match dtype {
            Dtype::BF16 => f32::from_le_bytes([0, 0, bytes[0], bytes[1]]),
            _ => number(letter, bytes),
        };
        let is_exact = whole(letter, bytes).is_none_or(|whole| value as i128 == whole);
        let is_allowed = value > 0.0 || name != "standardiser.inv_std";
        (is_exact && is_allowed && value.is_finite()).then_some(value)
    };
    bytes.chunks_exact(size).map(value).collect()
}
