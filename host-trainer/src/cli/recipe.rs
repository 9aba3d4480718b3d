//! The arguments of a recipe, shared by the commands that train.

use clap::Args;
use clap::builder::TypedValueParser;

use super::arguments::{one_of, window_range};
use super::failure::Failure;
use crate::dataset::Dataset;
use crate::training::{Mining, Overrides, RECIPES, Recipe, RecipeKind, Schedule};

/// The heading of the options here.
const HEADING: &str = "The recipe and its settings";

/// A recipe and its settings; a setting that is not given has the recipe's default.
#[derive(Args)]
pub struct RecipeArguments {
    /// The recipe.
    #[arg(help_heading = HEADING, long, value_parser = recipes(), default_value = RECIPES[0].name)]
    pub recipe: &'static RecipeKind,
    /// For identities that the model is not trained on (linear): no extra weight for the axes that separate the training labels.
    #[arg(help_heading = HEADING, long)]
    open_set: bool,
    /// Steps [whitened: 1000, reference: 100].
    #[arg(help_heading = HEADING, long, value_name = "N")]
    pub steps: Option<u64>,
    /// Window lengths in frames, one of which is drawn per step (whitened) [1,3,9].
    #[arg(help_heading = HEADING, long, value_name = "T,...", value_delimiter = ',', value_parser = window_range)]
    windows: Vec<usize>,
    /// Triplets per step (reference, random mining) [128].
    #[arg(help_heading = HEADING, long, value_name = "N")]
    batch: Option<usize>,
    /// Most distinct windows per step (reference) [160].
    #[arg(help_heading = HEADING, long, value_name = "N")]
    rows: Option<usize>,
    /// Frames per window (reference) [1].
    #[arg(help_heading = HEADING, long, value_name = "T", value_parser = window_range)]
    window: Option<usize>,
    /// How triplets are chosen (reference) [random].
    #[arg(help_heading = HEADING, long, value_parser = one_of(Mining::ALL))]
    mining: Option<Mining>,
    /// Margin of the loss [whitened: 0.1, in cosine; reference: 0.5, in squared distance].
    #[arg(help_heading = HEADING, long, value_name = "M")]
    margin: Option<f32>,
    /// Highest learning rate [whitened: 1e-3, reference: 1e-4].
    #[arg(help_heading = HEADING, long, value_name = "R")]
    learning_rate: Option<f64>,
    /// Schedule of the learning rate [whitened: warm-up-cosine, reference: constant].
    #[arg(help_heading = HEADING, long, value_parser = one_of(Schedule::ALL))]
    schedule: Option<Schedule>,
    /// Decoupled weight decay [whitened: 0.05 of matrices, reference: 1e-4].
    #[arg(help_heading = HEADING, long, value_name = "D")]
    weight_decay: Option<f32>,
    /// Largest gradient norm [1].
    #[arg(help_heading = HEADING, long, value_name = "G")]
    clip: Option<f64>,
    /// Dropout [0.1].
    #[arg(help_heading = HEADING, long, value_name = "P")]
    dropout: Option<f64>,
    /// Seed: the same seed, recordings and engine make the same weights.
    #[arg(help_heading = HEADING, long, default_value_t = 0)]
    pub seed: u64,
}

impl RecipeArguments {
    /// The recipe with the settings given here and in `others`, none of which is an argument here.
    ///
    /// # Errors
    /// When an argument belongs to another recipe, or its value is out of range.
    pub fn recipe(&self, others: Overrides) -> Result<Recipe, Failure> {
        let overrides = Overrides {
            open_set: self.open_set.then_some(true),
            steps: self.steps,
            batch: self.batch,
            rows: self.rows,
            mining: self.mining,
            margin: self.margin,
            learning_rate: self.learning_rate,
            schedule: self.schedule,
            weight_decay: self.weight_decay,
            clip: self.clip,
            dropout: self.dropout,
            ..self.windows(others)
        };
        Ok(self.recipe.with(overrides, self.seed)?)
    }

    /// Refuses windows to train on that no scan is long enough for.
    pub fn refuse_long_windows(&self, dataset: &Dataset) -> Result<(), Failure> {
        Ok(self.windows(Overrides::default()).check_windows(dataset)?)
    }

    /// Refuses the first of these settings that is given and belongs to another recipe.
    pub fn refuse(&self, given: &[(&'static str, bool)]) -> Result<(), Failure> {
        let given = given.iter().filter(|(_, is_given)| *is_given);
        Ok(given.map(|(name, _)| *name).try_for_each(|name| self.recipe.check_setting(name))?)
    }

    fn windows(&self, others: Overrides) -> Overrides {
        let windows = (!self.windows.is_empty()).then(|| self.windows.clone());
        Overrides { windows, window: self.window, ..others }
    }
}

fn recipes() -> impl TypedValueParser<Value = &'static RecipeKind> {
    one_of(RECIPES.map(|kind| (kind.name, kind.help, kind)))
}
