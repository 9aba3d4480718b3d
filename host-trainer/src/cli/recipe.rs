//! The arguments of a recipe, shared by the commands that train.

use clap::{Args, ValueEnum};

use super::arguments::window_range;
use super::failure::{Failure, USAGE};
use crate::training::{Mining, Objective, ProxyAnchor, Recipe, Schedule, Settings, Triplet};

/// A recipe and what may be changed in it; what is not given is the recipe's own.
#[derive(Args)]
pub struct RecipeArguments {
    /// How the model is made.
    #[arg(long, value_enum, default_value_t = RecipeArgument::Whitened)]
    pub recipe: RecipeArgument,
    /// For identities that are not trained with (linear): no weight on what sets the training labels apart.
    #[arg(long)]
    open_set: bool,
    /// Steps [whitened: 1000, reference: 100].
    #[arg(long, value_name = "N")]
    pub steps: Option<u64>,
    /// Window lengths in frames, one of which is drawn for a step (whitened) [1,3,9].
    #[arg(long, value_name = "T,...", value_delimiter = ',', value_parser = window_range)]
    windows: Vec<usize>,
    /// Triplets a step (reference, random mining) [128].
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Distinct windows a step, at most (reference) [160].
    #[arg(long, value_name = "N")]
    rows: Option<usize>,
    /// Frames a window (reference) [1].
    #[arg(long, value_name = "T", value_parser = window_range)]
    window: Option<usize>,
    /// How triplets are chosen (reference) [random].
    #[arg(long, value_enum)]
    mining: Option<MiningArgument>,
    /// Margin of the loss [whitened: 0.1, in cosine; reference: 0.5, in squared distance].
    #[arg(long, value_name = "M")]
    margin: Option<f32>,
    /// Highest learning rate [whitened: 1e-3, reference: 1e-4].
    #[arg(long, value_name = "R")]
    learning_rate: Option<f64>,
    /// Course of the learning rate [whitened: warm-up-cosine, reference: constant].
    #[arg(long, value_enum)]
    schedule: Option<ScheduleArgument>,
    /// Decoupled weight decay [whitened: 0.05 of matrices, reference: 1e-4].
    #[arg(long, value_name = "D")]
    weight_decay: Option<f32>,
    /// Largest gradient norm [1].
    #[arg(long, value_name = "G")]
    clip: Option<f64>,
    /// Dropout [0.1].
    #[arg(long, value_name = "P")]
    dropout: Option<f64>,
    /// Seed: the same seed, recordings and engine make the same weights.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

/// How a model is made.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RecipeArgument {
    /// Whitened front end, then an encoder by proxy-anchor loss: holds on recordings never seen.
    Whitened,
    /// The whitened front end alone: small, fitted at once, and the one to enrol new identities with.
    Linear,
    /// The reference's triplet loss over the whole encoder.
    Reference,
}

/// How triplets are chosen.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MiningArgument {
    /// At random, as the reference does.
    Random,
    /// Every window with its farthest positive and nearest negative.
    BatchHard,
}

/// Course of the learning rate.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ScheduleArgument {
    /// The same throughout.
    Constant,
    /// Half a cosine down to 0.
    Cosine,
    /// Up over the first tenth of the steps, then half a cosine down to 0.
    WarmUpCosine,
}

impl RecipeArguments {
    /// The recipe.
    ///
    /// # Errors
    /// When an argument belongs to another recipe.
    pub fn recipe(&self) -> Result<Recipe, Failure> {
        self.refuse_others()?;
        let (base, objective) = match self.recipe {
            RecipeArgument::Linear => return Ok(Recipe::Linear { open_set: self.open_set }),
            RecipeArgument::Whitened => {
                let own = ProxyAnchor::default();
                let windows = if self.windows.is_empty() { own.windows.clone() } else { self.windows.clone() };
                let margin = self.margin.unwrap_or(own.margin);
                (Settings::whitened(), Objective::ProxyAnchor(ProxyAnchor { windows, margin, ..own }))
            }
            RecipeArgument::Reference => {
                let own = Triplet::default();
                let mining = match self.mining {
                    None | Some(MiningArgument::Random) => Mining::Random,
                    Some(MiningArgument::BatchHard) => Mining::BatchHard,
                };
                let triplet = Triplet {
                    batch: self.batch.unwrap_or(own.batch),
                    rows: self.rows.unwrap_or(own.rows),
                    window: self.window.unwrap_or(own.window),
                    mining,
                    margin: self.margin.unwrap_or(own.margin),
                };
                (Settings::reference(), Objective::Triplet(triplet))
            }
        };
        let schedule = self.schedule.map(|schedule| match schedule {
            ScheduleArgument::Constant => Schedule::Constant,
            ScheduleArgument::Cosine => Schedule::Cosine,
            ScheduleArgument::WarmUpCosine => Schedule::WarmUpCosine,
        });
        let settings = Settings {
            steps: self.steps.unwrap_or(base.steps),
            objective,
            learning_rate: self.learning_rate.unwrap_or(base.learning_rate),
            schedule: schedule.unwrap_or(base.schedule),
            weight_decay: self.weight_decay.unwrap_or(base.weight_decay),
            clip: self.clip.unwrap_or(base.clip),
            dropout: self.dropout.unwrap_or(base.dropout),
            seed: self.seed,
        };
        settings.check()?;
        Ok(Recipe::Steps(settings))
    }

    fn refuse_others(&self) -> Result<(), Failure> {
        use RecipeArgument::{Linear, Reference, Whitened};
        let stepped: &[RecipeArgument] = &[Whitened, Reference];
        let arguments = [
            ("--open-set", self.open_set, &[Linear][..]),
            ("--windows", !self.windows.is_empty(), &[Whitened]),
            ("--batch", self.batch.is_some(), &[Reference]),
            ("--rows", self.rows.is_some(), &[Reference]),
            ("--window", self.window.is_some(), &[Reference]),
            ("--mining", self.mining.is_some(), &[Reference]),
            ("--steps", self.steps.is_some(), stepped),
            ("--margin", self.margin.is_some(), stepped),
            ("--learning-rate", self.learning_rate.is_some(), stepped),
            ("--schedule", self.schedule.is_some(), stepped),
            ("--weight-decay", self.weight_decay.is_some(), stepped),
            ("--clip", self.clip.is_some(), stepped),
            ("--dropout", self.dropout.is_some(), stepped),
        ];
        let name = |recipe: &RecipeArgument| match recipe {
            Whitened => "whitened",
            Linear => "linear",
            Reference => "reference",
        };
        match arguments.iter().find(|(_, given, recipes)| *given && !recipes.contains(&self.recipe)) {
            None => Ok(()),
            Some((argument, _, recipes)) => {
                let (this, others) = (name(&self.recipe), recipes.iter().map(name).collect::<Vec<_>>().join(" or "));
                Err(Failure::new(USAGE, format!("recipe {this} takes no {argument}; it belongs to --recipe {others}")))
            }
        }
    }
}
