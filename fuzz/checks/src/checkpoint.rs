//! Checkpoints of unfinished runs: what is described has weights with their moments, and steps left to do.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use ::safetensors::tensor::{Dtype, TensorView};
use ::safetensors::{SafeTensors, serialize};
use arbitrary::{Arbitrary, Unstructured};
use neural_vault::training::{Objective, Recipe, Settings, checkpoint};
use serde_json::json;

use crate::damage::{Damage, safetensors};
use crate::numbers::filled;
use crate::recordings::{folder, is_named};

/// A checkpoint that need not be sound, with damage to its file.
#[derive(Arbitrary, Debug)]
struct Described<'a> {
    is_whitened: bool,
    steps: u16,
    step: u16,
    /// Sizes of the weights.
    weights: Vec<[u8; 2]>,
    values: &'a [u8],
    /// The tensor that it is made to, and what is changed.
    change: Option<(u8, Change)>,
    damage: Damage,
}

#[derive(Arbitrary, Debug, PartialEq)]
enum Change {
    LeftOut,
    Renamed,
    Transposed,
    Integers,
}

/// Takes `bytes` as a checkpoint, as the header and the tensors of one, and as the description of one.
pub fn check(bytes: &[u8]) {
    let folder = folder();
    let file = folder.path().join(checkpoint::FILE);
    describe(&file, bytes);
    describe(&file, &safetensors(bytes));
    if let Ok(described) = Described::arbitrary(&mut Unstructured::new(bytes)) {
        described.check(&file);
    }
}

impl Described<'_> {
    fn check(&self, file: &Path) {
        let settings = if self.is_whitened { Settings::whitened() } else { Settings::reference() };
        let settings = Settings { steps: self.steps.into(), ..settings };
        let written = self.file(&settings);
        let summary = describe(file, &written);
        // A weight of as many rows as columns is its own transpose.
        let changed = self.change.as_ref().filter(|_| !self.shapes().is_empty());
        let is_changed = changed.is_some_and(|(number, change)| {
            let [rows, columns] = self.shapes()[usize::from(*number) / 3 % self.shapes().len()];
            *change != Change::Transposed || rows != columns
        });
        assert_eq!(summary.is_some(), self.step < self.steps && !is_changed, "{self:?}");
        if let Some(found) = summary {
            let values: usize = self.shapes().iter().map(|[rows, columns]| rows * columns).sum();
            assert_eq!((found.step, found.values, found.settings), (self.step.into(), values, settings));
        }
        describe(file, &self.damage.of(&written));
    }

    fn shapes(&self) -> Vec<[usize; 2]> {
        self.weights.iter().take(6).map(|sizes| sizes.map(|size| usize::from(size % 5))).collect()
    }

    fn file(&self, settings: &Settings) -> Vec<u8> {
        let shapes = self.shapes();
        let mut tensors = Vec::new();
        for (number, [rows, columns]) in shapes.iter().enumerate() {
            for group in ["parameter", "first", "second"] {
                let bytes = filled(self.values, 4 * rows * columns);
                tensors.push((format!("{group}.{number}"), Dtype::F32, vec![*rows, *columns], bytes));
            }
        }
        if let Some((number, change)) = self.change.as_ref().filter(|_| !tensors.is_empty()) {
            let number = usize::from(*number) % tensors.len();
            match change {
                Change::LeftOut => drop(tensors.remove(number)),
                Change::Renamed => tensors[number].0 += "0",
                Change::Transposed => tensors[number].2.reverse(),
                Change::Integers => tensors[number].1 = Dtype::I32,
            }
        }
        let header = json!({
            "schema": "neural-vault/checkpoint/1", "step": self.step, "settings": settings, "data": "00",
        });
        let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
            (name, TensorView::new(*dtype, shape.clone(), bytes).expect("bytes of the shape"))
        });
        let metadata = HashMap::from([(checkpoint::ENTRY.to_owned(), header.to_string())]);
        serialize(views, Some(metadata)).expect("tensors are written")
    }
}

/// Takes bytes as a checkpoint; what is described can be continued.
fn describe(file: &Path, bytes: &[u8]) -> Option<checkpoint::Summary> {
    fs::write(file, bytes).expect("a file is written");
    let summary = match checkpoint::describe(file) {
        Ok(summary) => summary,
        Err(error) => {
            is_named(&error, file);
            return None;
        }
    };
    assert!(summary.step < summary.settings.steps);
    let tensors = SafeTensors::deserialize(bytes).expect("what is described is sound");
    let weights = tensors.iter().filter_map(|(name, view)| Some((name.strip_prefix("parameter.")?, view)));
    let mut values = 0;
    for (name, weight) in weights {
        for group in ["parameter", "first", "second"] {
            let tensor = tensors.tensor(&format!("{group}.{name}")).expect("a weight has its moments");
            assert_eq!((tensor.dtype(), tensor.shape()), (Dtype::F32, weight.shape()));
        }
        values += weight.data().len() / 4;
    }
    assert_eq!((summary.values, 3 * values * 4), (values, tensors.iter().map(|(_, view)| view.data().len()).sum()));
    // What its settings are compared with, and how they are shown, takes no part of them for granted.
    assert!(summary.settings.differences(&summary.settings).is_empty());
    let name = if matches!(summary.settings.objective, Objective::Triplet(_)) { "reference" } else { "whitened" };
    assert_eq!(summary.settings.name(), name);
    let _ = (Recipe::Steps(summary.settings.clone()).describe(), summary.settings.check());
    Some(summary)
}
