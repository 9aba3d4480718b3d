//! What the metadata of a safetensors file say of the encoder.
//!
//! Metadata are texts, so Python programs write them by `str()`: `True`, `8`, `<function relu at 0x7f...>`.

use std::collections::HashMap;

use neural_vault_core::encoder::{Dims, Fill};

use super::error::ImportFault;
use super::note::ImportNote;

/// Entries that name the number of heads.
const HEADS: [&str; 6] = ["heads", "nhead", "n_heads", "n_head", "num_heads", "num_attention_heads"];

/// The entry that names the frames of a window.
const WINDOW: &str = "window";

/// The entry that names what replaces raw values that are not finite.
const FILL: &str = "fill";

/// Entries that name LayerNorm's epsilon.
const EPSILONS: [&str; 3] = ["eps", "layer_norm_eps", "norm_eps"];

/// LayerNorm's epsilon in the encoder, PyTorch's default.
const EPSILON: f64 = 1e-5;

/// One of the sizes of an encoder.
type Size = fn(&Dims) -> usize;

/// Entries that state a size which the shapes determine.
const SIZES: [(&str, Size); 13] = [
    ("features", |dims| dims.features),
    ("input", |dims| dims.features),
    ("input_dim", |dims| dims.features),
    ("d_model", |dims| dims.d_model),
    ("layers", |dims| dims.layers),
    ("n_layers", |dims| dims.layers),
    ("num_layers", |dims| dims.layers),
    ("num_hidden_layers", |dims| dims.layers),
    ("feed_forward", |dims| dims.feed_forward),
    ("dim_feedforward", |dims| dims.feed_forward),
    ("latent", |dims| dims.latent),
    ("latent_dim", |dims| dims.latent),
    ("embedding_dim", |dims| dims.latent),
];

/// Entries without influence on an embedding.
const HARMLESS: [&str; 3] = ["format", "batch_first", "dropout"];

/// The metadata of a file.
pub(super) struct Metadata(pub HashMap<String, String>);

/// A number that the metadata state, with its entry.
#[derive(Clone, Copy)]
pub(super) struct Stated<'m> {
    pub number: usize,
    key: &'m str,
    value: &'m str,
}

impl Stated<'_> {
    pub(super) fn refused(&self, reason: String) -> ImportFault {
        refused(self.key, self.value, reason)
    }
}

impl Metadata {
    /// Checks that the layers are of the kind that the encoder computes.
    pub(super) fn check_layers(&self, notes: &mut Vec<ImportNote>) -> Result<(), ImportFault> {
        let mut assumed = Vec::new();
        match self.0.get("norm_first") {
            None => assumed.push("norm_first"),
            Some(value) => match truth(value) {
                Some(true) => (),
                Some(false) => return Err(refused("norm_first", value, "only pre-norm layers can be computed")),
                None => return Err(refused("norm_first", value, "it must be True or False")),
            },
        }
        match self.0.get("activation") {
            None => assumed.push("activation"),
            Some(value) if is_relu(value) => (),
            Some(value) => return Err(refused("activation", value, "only ReLU can be computed")),
        }
        for (key, value) in EPSILONS.iter().filter_map(|key| self.0.get_key_value(*key)) {
            match value.trim().parse::<f64>() {
                Ok(epsilon) if (epsilon / EPSILON - 1.0).abs() < 1e-3 => (),
                _ => return Err(refused(key, value, format!("only LayerNorm's epsilon {EPSILON:e} can be computed"))),
            }
        }
        if !assumed.is_empty() {
            notes.push(ImportNote::AssumedLayers(assumed));
        }
        Ok(())
    }

    /// The number of heads, which several entries may name.
    pub(super) fn heads(&self) -> Result<Option<Stated<'_>>, ImportFault> {
        let mut heads: Option<Stated<'_>> = None;
        for key in HEADS {
            let Some(stated) = self.number(key)? else { continue };
            if let Some(first) = heads.filter(|first| first.number != stated.number) {
                return Err(stated.refused(format!("but {} is `{}`", first.key, first.value)));
            }
            heads = Some(stated);
        }
        Ok(heads)
    }

    /// The frames of a window.
    pub(super) fn window(&self) -> Result<Option<Stated<'_>>, ImportFault> {
        self.number(WINDOW)
    }

    /// What replaces raw values that are not finite.
    pub(super) fn fill(&self) -> Result<Option<Fill>, ImportFault> {
        let Some(value) = self.0.get(FILL) else { return Ok(None) };
        match Fill::ALL.into_iter().find(|fill| fill.name() == value.trim()) {
            None => Err(refused(FILL, value, format!("it must be {}", Fill::ALL.map(Fill::name).join(" or ")))),
            fill => Ok(fill),
        }
    }

    /// Notes that what is asked for overrides what these metadata say of the heads.
    pub(super) fn override_heads(&self, heads: usize, notes: &mut Vec<ImportNote>) {
        HEADS.iter().for_each(|key| self.override_entry(key, heads, notes));
    }

    /// Notes that what is asked for overrides what these metadata say of the window.
    pub(super) fn override_window(&self, window: usize, notes: &mut Vec<ImportNote>) {
        self.override_entry(WINDOW, window, notes);
    }

    /// Checks the sizes that are stated against those of the tensors.
    pub(super) fn check_sizes(&self, dims: &Dims) -> Result<(), ImportFault> {
        for (key, size) in SIZES {
            if let Some(stated) = self.number(key)?.filter(|stated| stated.number != size(dims)) {
                return Err(stated.refused(format!("the tensors have {}", size(dims))));
            }
        }
        Ok(())
    }

    /// The entries that nothing here understands, other than `known` ones.
    pub(super) fn unused(&self, known: impl Fn(&str) -> bool) -> Vec<String> {
        let is_used = |key: &str| {
            [WINDOW, FILL, "norm_first", "activation"].contains(&key)
                || HEADS.contains(&key)
                || EPSILONS.contains(&key)
                || SIZES.iter().any(|(size, _)| *size == key)
                || HARMLESS.contains(&key)
        };
        let mut unused: Vec<String> = self.0.keys().filter(|key| !is_used(key) && !known(key)).cloned().collect();
        unused.sort_unstable();
        unused
    }

    fn number(&self, key: &str) -> Result<Option<Stated<'_>>, ImportFault> {
        let Some((key, value)) = self.0.get_key_value(key) else { return Ok(None) };
        match value.trim().parse() {
            Ok(number) if number > 0 => Ok(Some(Stated { number, key, value })),
            _ => Err(refused(key, value, "it must be a whole number above 0")),
        }
    }

    fn override_entry(&self, key: &str, number: usize, notes: &mut Vec<ImportNote>) {
        if let Some(value) = self.0.get(key).filter(|value| value.trim().parse() != Ok(number)) {
            notes.push(ImportNote::Overridden { key: key.to_owned(), value: value.clone() });
        }
    }
}

fn refused(key: &str, value: &str, reason: impl Into<String>) -> ImportFault {
    ImportFault::Metadata { key: key.to_owned(), value: value.to_owned(), reason: reason.into() }
}

/// A truth value as Python or JSON writes it.
fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// Whether a text names ReLU: `relu`, `nn.ReLU()`, `ReLU(inplace=True)`, `<function relu at 0x7f...>`.
fn is_relu(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    // `leaky_relu` and `relu6` are words of their own.
    let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.any(|word| word == "relu")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const DIMS: Dims =
        Dims { features: 24, d_model: 32, heads: 4, layers: 2, feed_forward: 64, latent: 16, positions: 512 };

    fn metadata(entries: &[(&str, &str)]) -> Metadata {
        Metadata(entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    fn check(entries: &[(&str, &str)]) -> Result<Vec<ImportNote>, String> {
        let metadata = metadata(entries);
        let mut notes = Vec::new();
        let checked = metadata.check_layers(&mut notes).and_then(|()| metadata.check_sizes(&DIMS));
        let checked = checked.and_then(|()| metadata.heads().map(|_| ()));
        checked.map(|()| notes).map_err(|fault| fault.to_string())
    }

    #[test]
    fn python_s_spellings_of_what_the_encoder_computes_are_taken() {
        let relu = [
            "relu",
            "ReLU",
            "ReLU()",
            "F.relu",
            "nn.ReLU",
            "ReLU(inplace=True)",
            "<function relu at 0x7f2a>",
            "<class 'torch.nn.modules.activation.ReLU'>",
            "<built-in method relu of type object at 0x7f2a>",
        ];
        for activation in relu {
            for norm_first in ["true", "True", "1", " TRUE "] {
                let entries = [("norm_first", norm_first), ("activation", activation), ("layer_norm_eps", "1e-05")];
                assert_eq!(check(&entries), Ok(vec![]), "{activation} {norm_first}");
            }
        }
    }

    #[test]
    fn what_the_encoder_cannot_compute_is_refused_by_entry_and_value() {
        for (key, value, says) in [
            ("norm_first", "False", "pre-norm"),
            ("norm_first", "0", "pre-norm"),
            ("norm_first", "maybe", "True or False"),
            ("activation", "gelu", "ReLU"),
            ("activation", "leaky_relu", "ReLU"),
            ("activation", "ReLU6()", "ReLU"),
            ("layer_norm_eps", "1e-6", "1e-5"),
            ("eps", "small", "1e-5"),
            ("heads", "four", "whole number"),
            ("nhead", "0", "whole number"),
            ("num_heads", "-8", "whole number"),
            ("heads", "", "whole number"),
            ("num_layers", "3", "the tensors have 2"),
            ("d_model", "[32]", "whole number"),
            ("latent", "128", "the tensors have 16"),
        ] {
            let error = check(&[(key, value)]).unwrap_err();
            assert!(error.starts_with(&format!("metadata entry {key} is `{value}`: ")), "{error}");
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn entries_for_one_number_must_agree() {
        let agreeing = metadata(&[("nhead", "4"), ("num_heads", "4")]);
        assert_eq!(agreeing.heads().unwrap().map(|heads| heads.number), Some(4));
        let error = check(&[("nhead", "4"), ("heads", "8")]).unwrap_err();
        assert_eq!(error, "metadata entry nhead is `4`: but heads is `8`");
    }

    #[test]
    fn absent_and_unknown_entries_are_named() {
        assert_eq!(check(&[]), Ok(vec![ImportNote::AssumedLayers(vec!["norm_first", "activation"])]));
        let entries = [("format", "pt"), ("heads", "4"), ("epoch", "3"), ("config", "{}"), ("head.1.bias", "b")];
        assert_eq!(metadata(&entries).unused(|key| key == "head.1.bias"), ["config", "epoch"]);
    }
}
