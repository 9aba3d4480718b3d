//! The encoder's tensors among those of a file, by their names.
//!
//! A name in the file is `PREFIX` and a name of the encoder, such as `model.encoder.` and `proj.weight`. Wrappers that
//! PyTorch inserts anywhere (`module.`, `_orig_mod.`) are left out first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use neural_vault_core::bundle;
use neural_vault_core::encoder::Dims;

use super::error::{ImportFault, NamesError};
use super::note::ImportNote;

/// What DataParallel, `torch.compile`, FSDP, activation checkpointing and DeepSpeed insert.
const WRAPPERS: [&str; 5] =
    ["module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module"];

/// Ends of the names of counters that no module computes with: of AveragedModel, BatchNorm, THOP and Transformers.
const COUNTERS: [&str; 5] = ["n_averaged", "num_batches_tracked", "total_ops", "total_params", "position_ids"];

/// A test vector beside the weights, as the files of `testkit/vectors` hold it.
const TEST_VECTOR: &str = "test.";

/// Tensors of the encoder that may be missing.
const OPTIONAL: [&str; 3] = ["pos.pe", "standardiser.mean", "standardiser.inv_std"];

/// What the names of the encoder's layers begin with.
const LAYERS: &str = "enc.layers.";

/// Finds the tensors of the encoder: the name in the file of each.
///
/// `aliases` names tensors that the file does not store because they equal another one; tensors in `skip`, or whose
/// names begin with one of them and a dot, are left out. A linear encoder has no layers and no head.
///
/// # Errors
/// When the file holds no encoder, several, part of one, or other tensors.
pub(super) fn find(
    names: &[&str],
    aliases: &HashMap<String, String>,
    skip: &[String],
    is_linear: bool,
    notes: &mut Vec<ImportNote>,
) -> Result<BTreeMap<String, String>, ImportFault> {
    let mut stored: BTreeMap<&str, &str> = names.iter().map(|name| (*name, *name)).collect();
    for (name, of) in aliases {
        if stored.contains_key(of.as_str()) && !stored.contains_key(name.as_str()) {
            stored.insert(name, of);
        }
    }
    let skipped = skip_named(&mut stored, skip)?;
    if !skipped.is_empty() {
        notes.push(ImportNote::Skipped(skipped));
    }
    let (unwrapped, mut stripped) = without_wrappers(stored)?;
    let (left_out, tensors): (BTreeMap<_, _>, BTreeMap<_, _>) =
        unwrapped.into_iter().partition(|(name, _)| is_no_weight(name));

    let catalogue = Catalogue::new(is_linear)?;
    let prefix = catalogue.prefix(&tensors)?;
    let mut found = BTreeMap::new();
    let mut unknown = Vec::new();
    for (name, Stored { given, of }) in tensors {
        match name.strip_prefix(&prefix).filter(|own| catalogue.knows(own)) {
            Some(own) => {
                if given != of {
                    notes.push(ImportNote::Tied { name: given.clone(), of: of.clone() });
                }
                found.insert(own.to_owned(), of);
            }
            None => unknown.push(given),
        }
    }
    let missing = catalogue.missing(&|own| found.contains_key(own), &layers(found.keys()));
    if !missing.is_empty() || !unknown.is_empty() {
        return Err(NamesError { prefix, missing, unknown, layers: layers(found.keys()) }.into());
    }
    if !prefix.is_empty() {
        stripped.insert(prefix);
    }
    if !stripped.is_empty() {
        notes.push(ImportNote::Stripped(stripped.into_iter().collect()));
    }
    if !left_out.is_empty() {
        notes.push(ImportNote::LeftOut(left_out.into_values().map(|stored| stored.given).collect()));
    }
    Ok(found)
}

/// A tensor's name in the file, and the name of the one that holds its values.
struct Stored {
    given: String,
    of: String,
}

/// Removes the tensors that were asked to be left out, and returns their names.
fn skip_named(stored: &mut BTreeMap<&str, &str>, skip: &[String]) -> Result<Vec<String>, ImportFault> {
    let mut skipped = Vec::new();
    for wanted in skip {
        let stem = wanted.strip_suffix('*').unwrap_or(wanted).trim_end_matches('.');
        let is_it = |name: &str| name.strip_prefix(stem).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let before = skipped.len();
        stored.retain(|name, _| {
            if is_it(name) {
                skipped.push((*name).to_owned());
            }
            !is_it(name)
        });
        if skipped.len() == before {
            return Err(ImportFault::NothingToSkip(wanted.clone()));
        }
    }
    Ok(skipped)
}

/// The tensors without wrappers in their names, and the wrappers that were there.
fn without_wrappers(stored: BTreeMap<&str, &str>) -> Result<(BTreeMap<String, Stored>, BTreeSet<String>), ImportFault> {
    let mut tensors: BTreeMap<String, Stored> = BTreeMap::new();
    let mut stripped = BTreeSet::new();
    for (given, of) in stored {
        let (wrappers, parts): (Vec<&str>, Vec<&str>) = given.split('.').partition(|part| WRAPPERS.contains(part));
        stripped.extend(wrappers.iter().map(|wrapper| format!("{wrapper}.")));
        let name = parts.join(".");
        if let Some(first) = tensors.get(&name) {
            return Err(ImportFault::SameName { first: first.given.clone(), second: given.to_owned(), name });
        }
        tensors.insert(name, Stored { given: given.to_owned(), of: of.to_owned() });
    }
    Ok((tensors, stripped))
}

fn is_no_weight(name: &str) -> bool {
    let end = name.rsplit('.').next().unwrap_or(name);
    COUNTERS.contains(&end) || name.starts_with(TEST_VECTOR)
}

/// The names of an encoder's tensors.
struct Catalogue {
    /// Those of a linear encoder, or of one with one layer.
    names: Vec<String>,
}

impl Catalogue {
    fn new(is_linear: bool) -> Result<Self, ImportFault> {
        let of_one_layer =
            Dims { features: 1, d_model: 16, heads: 1, layers: 1, feed_forward: 16, latent: 16, positions: 1 };
        let sizes = if is_linear { Dims::linear(1, 16, 1) } else { of_one_layer };
        let tensors = bundle::tensor_names_and_shapes(&sizes).map_err(|error| ImportFault::Model(error.into()))?;
        Ok(Self { names: tensors.into_iter().map(|(name, _)| name).collect() })
    }

    fn knows(&self, own: &str) -> bool {
        let generic = layer_of(own).map_or_else(|| own.to_owned(), |(_, rest)| format!("{LAYERS}0.{rest}"));
        self.names.contains(&generic)
    }

    /// What the names of the encoder begin with: the beginning under which it is complete, or else the one under which
    /// most of its tensors are.
    fn prefix(&self, tensors: &BTreeMap<String, Stored>) -> Result<String, ImportFault> {
        let mut below: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for name in tensors.keys() {
            let starts = std::iter::once(0).chain(name.match_indices('.').map(|(dot, _)| dot + 1));
            for (prefix, own) in starts.map(|at| name.split_at(at)).filter(|(_, own)| self.knows(own)) {
                below.entry(prefix).or_default().push(own);
            }
        }
        let is_complete =
            |own: &[&str]| self.missing(&|name| own.contains(&name), &layers(own.iter().copied())).is_empty();
        let complete: Vec<&str> = below.iter().filter(|(_, own)| is_complete(own)).map(|(prefix, _)| *prefix).collect();
        match complete.as_slice() {
            [] => {
                let fullest = below.iter().max_by_key(|(prefix, own)| (own.len(), usize::MAX - prefix.len()));
                Ok(fullest.map_or("", |(prefix, _)| *prefix).to_owned())
            }
            [prefix] => Ok((*prefix).to_owned()),
            several => Err(ImportFault::Several { prefixes: several.iter().map(|&p| p.to_owned()).collect() }),
        }
    }

    /// The tensors that are not there of an encoder with these layers and those between them.
    fn missing(&self, has: &dyn Fn(&str) -> bool, layers: &[usize]) -> Vec<String> {
        let mut missing = Vec::new();
        let (of_layer, others): (Vec<&String>, Vec<&String>) =
            self.names.iter().partition(|name| name.starts_with(LAYERS));
        let standardised = OPTIONAL[1..].iter().any(|name| has(name));
        for name in others {
            let is_optional = OPTIONAL.contains(&name.as_str()) && !(standardised && name.starts_with("standardiser."));
            if !is_optional && !has(name) {
                missing.push(name.clone());
            }
        }
        if of_layer.is_empty() {
            return missing;
        }
        for layer in 0..=layers.last().copied().unwrap_or(0) {
            if layers.binary_search(&layer).is_err() {
                missing.push(format!("{LAYERS}{layer}.*"));
                continue;
            }
            let names = of_layer.iter().filter_map(|name| layer_of(name));
            let named = names.map(|(_, rest)| format!("{LAYERS}{layer}.{rest}"));
            missing.extend(named.filter(|name| !has(name)));
        }
        missing
    }
}

/// The layers that tensors belong to, in order.
fn layers(names: impl Iterator<Item = impl AsRef<str>>) -> Vec<usize> {
    let layers: BTreeSet<usize> =
        names.filter_map(|name| layer_of(name.as_ref()).map(|(layer, _)| usize::from(layer))).collect();
    layers.into_iter().collect()
}

/// The layer of a tensor, and the rest of its name.
fn layer_of(own: &str) -> Option<(u16, &str)> {
    let (number, rest) = own.strip_prefix(LAYERS)?.split_once('.')?;
    let layer = number.parse().ok()?;
    // `00` and `+0` are no numbers of a layer.
    (number == format!("{layer}")).then_some((layer, rest))
}
