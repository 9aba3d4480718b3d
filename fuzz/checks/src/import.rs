//! Weights trained elsewhere: what is imported makes a model that is written and imports again to the same.

mod connectome;
mod encoder;

use std::fs;

use arbitrary::{Arbitrary, Unstructured};
use neural_vault::model::import::{ImportOptions, Imported, import};
use neural_vault::model::{Model, load, safetensors};

use crate::damage;
use crate::recordings::{folder, is_named};
use connectome::Connectome;
use encoder::Encoder;

#[derive(Arbitrary, Debug)]
struct Options {
    heads: Option<u8>,
    window: Option<u8>,
    skip: Option<u8>,
}

/// Takes `bytes` as a file of weights, as the header and the tensors of one, and as descriptions of files.
pub fn check(bytes: &[u8]) {
    let plain = ImportOptions::default();
    imported("weights.safetensors", bytes, &plain);
    imported("weights.safetensors", &damage::safetensors(bytes), &plain);
    if let Ok(encoder) = Encoder::arbitrary(&mut Unstructured::new(bytes)) {
        encoder.check();
    }
    if let Ok(connectome) = Connectome::arbitrary(&mut Unstructured::new(bytes)) {
        connectome.check();
    }
}

impl Options {
    fn options(&self, names: &[String]) -> ImportOptions {
        ImportOptions {
            heads: self.heads.map(|heads| usize::from(heads % 20)),
            window: self.window.map(|window| usize::from(window % 20)),
            skip: self.skip.map(|at| names[usize::from(at) % names.len()].clone()).into_iter().collect(),
        }
    }
}

/// Imports bytes as a file of this name; what is imported is sound.
fn imported(name: &str, bytes: &[u8], options: &ImportOptions) -> Option<Imported> {
    let folder = folder();
    let file = folder.path().join(name);
    fs::write(&file, bytes).expect("a file is written");
    let found = match import(&file, options) {
        Ok(found) => found,
        Err(error) => {
            is_named(&error, &file);
            return None;
        }
    };
    let _ = found.notes.iter().map(ToString::to_string).count();
    let model = Model::new(&found.weights, found.provenance.clone()).expect("what is imported makes a model");
    let window = found.provenance.window;
    assert!(window > 0 && (model.dims().positions == 0 || window <= model.dims().positions));
    let file = folder.path().join("model.safetensors");
    fs::write(&file, safetensors::to_bytes(&model).expect("its weights are float32")).expect("a file is written");
    let again = load(&file).expect("what was written loads");
    assert_eq!(again.digest(), model.digest());
    if !model.dims().is_connectome() {
        let again = import(&file, &ImportOptions::default()).expect("what was written is imported");
        assert!(again.weights == found.weights && again.standardised == found.standardised);
        assert_eq!(again.provenance.window, window);
    }
    Some(found)
}
