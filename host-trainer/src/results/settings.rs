//! The settings that, with the recordings, determine the figures of an evaluation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The settings of an evaluation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EvaluationSettings {
    /// The program and its version.
    pub program: String,
    /// The command that makes these figures again, with names of files without their folders; none where a library made them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The engine that trained; none where nothing was trained by steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Seed of splits, noise, resampling and the first training.
    pub seed: u64,
    /// Trainings with consecutive seeds; 0 where a given model is evaluated.
    pub trainings: u64,
    /// Replicates of a bootstrap.
    pub replicates: usize,
    /// Sessions named by hand; empty lists leave the choice to the protocol.
    pub sessions: NamedSessions,
    /// The recipe: its `name` and its settings, in full; none where a given model is evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Map<String, Value>>,
    /// The given model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<EvaluatedModel>,
    /// How persons were chosen, where persons are evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persons: Option<PersonSettings>,
}

/// Sessions named by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedSessions {
    /// Sessions that train.
    pub training: Vec<String>,
    /// Sessions that are enrolled.
    pub enrolment: Vec<String>,
    /// Sessions that probe.
    pub probes: Vec<String>,
}

/// A model that was trained before the evaluation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluatedModel {
    /// Its digest, in hexadecimal.
    pub digest: String,
    /// The name of its recipe.
    pub recipe: String,
    /// How its weights are stored.
    pub weights: String,
    /// Frames of its windows, or fewest frames of a probe.
    pub window_frames: usize,
    /// The labels that trained it, as far as its files name them.
    pub labels: Vec<String>,
    /// The sessions that trained it, as far as its files name them.
    pub training_sessions: Vec<String>,
}

/// How persons were chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonSettings {
    /// Ways to choose persons that are drawn where there are too many for all.
    pub draws: usize,
    /// Persons of other recordings, who are the background of every split.
    pub background: Vec<String>,
}

impl EvaluationSettings {
    /// The name of the recipe of what was evaluated.
    #[must_use]
    pub fn recipe_name(&self) -> &str {
        let trained = self.recipe.as_ref().and_then(|recipe| recipe.get("name")).and_then(Value::as_str);
        let given = self.model.as_ref().map(|model| model.recipe.as_str());
        trained.or(given).unwrap_or("unknown")
    }

    /// Every setting by its name, after a dot where it is one of an object, with its value in words.
    #[must_use]
    pub fn flat(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        flatten("", &serde_json::to_value(self).unwrap_or_default(), &mut found);
        found
    }
}

fn flatten(path: &str, value: &Value, found: &mut BTreeMap<String, String>) {
    let text = match value {
        Value::Object(map) => {
            for (name, value) in map {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&path, value, found);
            }
            return;
        }
        Value::Array(list) if list.is_empty() => return,
        Value::Array(list) => list.iter().map(word).collect::<Vec<_>>().join(", "),
        other => word(other),
    };
    found.insert(path.to_owned(), text);
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
