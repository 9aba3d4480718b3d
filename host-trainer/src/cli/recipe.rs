//! The arguments of a recipe, shared by the commands that train.

use clap::Args;
use clap::builder::TypedValueParser;

use super::arguments::{one_of, window_range};
use super::failure::{Failure, USAGE};
use super::scans::refuse_long_windows;
use crate::dataset::Dataset;
use crate::training::{Mining, Objective, RECIPES, Recipe, RecipeKind, Schedule, Settings};

/// The heading of the options here.
const HEADING: &str = "The recipe and its settings";

/// A recipe and its settings; a setting that is not given has the recipe's default.
#[derive(Args)]
pub struct RecipeArguments {
    /// The recipe.
    #[arg(help_heading = HEADING, long, value_parser = recipes(), default_value = RECIPES[0].name)]
    recipe: &'static RecipeKind,
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
    /// The recipe.
    ///
    /// # Errors
    /// When an argument belongs to another recipe, or its value is out of range.
    pub fn recipe(&self) -> Result<Recipe, Failure> {
        self.refuse_others()?;
        let mut recipe = (self.recipe.recipe)();
        match &mut recipe {
            Recipe::Linear { open_set } => *open_set = self.open_set,
            Recipe::Connectome(_) => {}
            Recipe::Steps(settings) => {
                self.change(settings);
                settings.check()?;
            }
        }
        Ok(recipe)
    }

    /// Refuses windows to train on that no scan is long enough for.
    pub fn refuse_long_windows(&self, dataset: &Dataset) -> Result<(), Failure> {
        refuse_long_windows("--windows", &self.windows, dataset)?;
        refuse_long_windows("--window", self.window.as_slice(), dataset)
    }

    /// Replaces the recipe's defaults by the given settings.
    fn change(&self, settings: &mut Settings) {
        set(&mut settings.steps, self.steps);
        set(&mut settings.learning_rate, self.learning_rate);
        set(&mut settings.schedule, self.schedule);
        set(&mut settings.weight_decay, self.weight_decay);
        set(&mut settings.clip, self.clip);
        set(&mut settings.dropout, self.dropout);
        settings.seed = self.seed;
        match &mut settings.objective {
            Objective::ProxyAnchor(proxies) => {
                set(&mut proxies.windows, (!self.windows.is_empty()).then(|| self.windows.clone()));
                set(&mut proxies.margin, self.margin);
            }
            Objective::Triplet(triplet) => {
                set(&mut triplet.batch, self.batch);
                set(&mut triplet.rows, self.rows);
                set(&mut triplet.window, self.window);
                set(&mut triplet.mining, self.mining);
                set(&mut triplet.margin, self.margin);
            }
        }
    }

    fn refuse_others(&self) -> Result<(), Failure> {
        let given = [
            ("open-set", self.open_set),
            ("windows", !self.windows.is_empty()),
            ("batch", self.batch.is_some()),
            ("rows", self.rows.is_some()),
            ("window", self.window.is_some()),
            ("mining", self.mining.is_some()),
            ("steps", self.steps.is_some()),
            ("margin", self.margin.is_some()),
            ("learning-rate", self.learning_rate.is_some()),
            ("schedule", self.schedule.is_some()),
            ("weight-decay", self.weight_decay.is_some()),
            ("clip", self.clip.is_some()),
            ("dropout", self.dropout.is_some()),
        ];
        self.refuse(&given)
    }

    /// Refuses the first of these arguments that is given and belongs to another recipe.
    pub fn refuse(&self, given: &[(&str, bool)]) -> Result<(), Failure> {
        let RecipeKind { name: this, settings, .. } = self.recipe;
        match given.iter().find(|(name, is_given)| *is_given && !settings.contains(name)) {
            None => Ok(()),
            Some((name, _)) => {
                let owners = RECIPES.iter().filter(|kind| kind.settings.contains(name)).map(|kind| kind.name);
                let owners = owners.collect::<Vec<_>>().join(" or ");
                Err(Failure::new(USAGE, format!("recipe {this} takes no --{name}; it belongs to --recipe {owners}")))
            }
        }
    }
}

fn set<T>(own: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *own = given;
    }
}

fn recipes() -> impl TypedValueParser<Value = &'static RecipeKind> {
    one_of(RECIPES.map(|kind| (kind.name, kind.help, kind)))
}
