//! The provenance of a model: labels, sessions, window and recipe of its training.

use neural_vault_core::bundle::{Description, RECIPE_LENGTH, label_digest};
use neural_vault_core::encoder::Fill;
use serde::{Deserialize, Serialize};

/// The provenance of a model: what an operator needs to use it and to judge its scores.
///
/// The model's digest covers the labels, the window and the name of the recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Names of the classes it was trained on, in the order of their numbers.
    pub labels: Vec<String>,
    /// Sessions it was trained on; empty when the recordings named none.
    pub training_sessions: Vec<String>,
    /// Frames per training window, the default window to enrol and verify with; 1 to the model's positions.
    pub window: usize,
    /// How it was trained: the recipe's name, in lower-case letters, digits and hyphens, then words and numbers.
    pub recipe: String,
    /// Effective dimension of the embeddings of its training windows, see
    /// [`participation_ratio`](crate::metrics::information::participation_ratio).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_dimension: Option<f32>,
}

impl Default for Provenance {
    /// No labels, sessions or recipe, and windows of one frame.
    fn default() -> Self {
        Self {
            labels: Vec::new(),
            training_sessions: Vec::new(),
            window: 1,
            recipe: String::new(),
            effective_dimension: None,
        }
    }
}

/// Effective dimensions below this call for a warning.
const FEW_DIMENSIONS: f32 = 8.0;

impl Provenance {
    /// The name at the start of [`Provenance::recipe`], as a bundle holds it.
    #[must_use]
    pub fn recipe_name(&self) -> &str {
        let in_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let end = self.recipe.find(|c| !in_name(c)).unwrap_or(self.recipe.len());
        &self.recipe[..end.min(RECIPE_LENGTH)]
    }

    /// What the bundle of a model says of it.
    pub(super) fn description(&self, fill: Fill) -> Description<'_> {
        let labels = label_digest(self.labels.iter().map(String::as_str));
        Description { fill, window: self.window, recipe: self.recipe_name(), labels }
    }

    /// A warning if the embeddings, of `latent` components, use few dimensions.
    #[must_use]
    pub fn spread_note(&self, latent: usize) -> Option<String> {
        let dimension = self.effective_dimension.filter(|&dimension| dimension < FEW_DIMENSIONS)?;
        Some(format!(
            "the embeddings use {dimension:.1} of {latent} dimensions: prototypes are easy to guess, and a key is \
             only as strong as the device secret it is derived with"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_recipe_is_the_start_of_its_text() {
        for (recipe, name) in [
            ("whitened: {\"steps\":200}", "whitened"),
            ("linear, open set", "linear"),
            ("reference", "reference"),
            ("a-recipe-2 of mine", "a-recipe-2"),
            ("Unknown", ""),
            ("", ""),
            ("abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwx"),
        ] {
            assert_eq!(Provenance { recipe: recipe.to_owned(), ..Provenance::default() }.recipe_name(), name);
        }
    }
}
