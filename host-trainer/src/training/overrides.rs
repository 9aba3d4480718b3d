//! Settings that replace a recipe's defaults.

use super::check::in_range;
use super::{Mining, Objective, RECIPES, Recipe, RecipeKind, Schedule, Settings, TrainingError};
use crate::connectome::Parcels;
use crate::dataset::Dataset;
use crate::embedding::{EmbeddingError, check_long_windows};
use crate::escape::Escaped;

/// Most frames that may be asked of a probe.
const MAX_PROBE: usize = 1 << 16;

/// The settings that were given; a recipe has its own default for each of the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// Whether all axes have the same weight.
    pub open_set: Option<bool>,
    /// Window lengths in frames, one of which is drawn per step.
    pub windows: Option<Vec<usize>>,
    /// Number of steps.
    pub steps: Option<u64>,
    /// Triplets per step.
    pub batch: Option<usize>,
    /// Most distinct windows per step.
    pub rows: Option<usize>,
    /// Frames per window.
    pub window: Option<usize>,
    /// How triplets are chosen.
    pub mining: Option<Mining>,
    /// Margin of the loss.
    pub margin: Option<f32>,
    /// The highest learning rate.
    pub learning_rate: Option<f64>,
    /// How the learning rate changes over the run.
    pub schedule: Option<Schedule>,
    /// Decoupled weight decay.
    pub weight_decay: Option<f32>,
    /// Largest gradient norm.
    pub clip: Option<f64>,
    /// Dropout probability.
    pub dropout: Option<f64>,
    /// The region of each feature.
    pub parcels: Option<Parcels>,
    /// Fewest frames of a probe.
    pub frames: Option<usize>,
}

impl RecipeKind {
    /// The recipe with its default settings but those given, and with this seed.
    ///
    /// # Errors
    /// [`TrainingError::OtherRecipe`] when a setting belongs to another recipe, and [`TrainingError::Setting`] when its value
    /// is out of range.
    pub fn with(&self, overrides: Overrides, seed: u64) -> Result<Recipe, TrainingError> {
        overrides.given().into_iter().try_for_each(|setting| self.check_setting(setting))?;
        let mut recipe = (self.recipe)().with_seed(seed);
        match &mut recipe {
            Recipe::Linear { open_set } => set(open_set, overrides.open_set),
            Recipe::Connectome(settings) => {
                if let Some(frames) = overrides.frames {
                    let range = || format!("{frames} is not in 2 to {MAX_PROBE}");
                    in_range("frames", (2..=MAX_PROBE).contains(&frames), range)?;
                    settings.frames = frames;
                }
                settings.parcels = overrides.parcels;
            }
            Recipe::Steps(settings) => {
                overrides.change(settings);
                settings.check()?;
            }
        }
        Ok(recipe)
    }

    /// Refuses a setting that belongs to other recipes.
    ///
    /// # Errors
    /// [`TrainingError::OtherRecipe`], which names them.
    pub fn check_setting(&self, setting: &'static str) -> Result<(), TrainingError> {
        if self.settings.contains(&setting) {
            return Ok(());
        }
        let owners = RECIPES.iter().filter(|kind| kind.settings.contains(&setting)).map(|kind| kind.name).collect();
        Err(TrainingError::OtherRecipe { recipe: self.name, setting, owners })
    }
}

impl Overrides {
    /// Refuses window lengths that no scan is long enough for: its frames would be repeated to fill them.
    ///
    /// # Errors
    /// [`TrainingError::Setting`], which names the longest scan.
    pub fn check_windows(&self, dataset: &Dataset) -> Result<(), TrainingError> {
        for (name, windows) in
            [("windows", self.windows.as_deref()), ("window", self.window.as_ref().map(std::slice::from_ref))]
        {
            let checked = check_long_windows(windows.unwrap_or_default(), dataset);
            if let Err(EmbeddingError::LongWindow { window, scan, frames }) = checked {
                let scan = Escaped(&scan);
                let reason = format!("{window}: the longest scan ({scan}) has {frames} frames; ask for fewer");
                return Err(TrainingError::Setting { name, reason });
            }
        }
        Ok(())
    }

    /// The names of the settings that are given, as [`RecipeKind::settings`] has them.
    fn given(&self) -> Vec<&'static str> {
        // Without `..`, so that no setting is forgotten here.
        let Self {
            open_set,
            windows,
            steps,
            batch,
            rows,
            window,
            mining,
            margin,
            learning_rate,
            schedule,
            weight_decay,
            clip,
            dropout,
            parcels,
            frames,
        } = self;
        let all = [
            ("open-set", open_set.is_some()),
            ("windows", windows.is_some()),
            ("batch", batch.is_some()),
            ("rows", rows.is_some()),
            ("window", window.is_some()),
            ("mining", mining.is_some()),
            ("steps", steps.is_some()),
            ("margin", margin.is_some()),
            ("learning-rate", learning_rate.is_some()),
            ("schedule", schedule.is_some()),
            ("weight-decay", weight_decay.is_some()),
            ("clip", clip.is_some()),
            ("dropout", dropout.is_some()),
            ("parcels", parcels.is_some()),
            ("frames", frames.is_some()),
        ];
        all.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name).collect()
    }

    /// Replaces the defaults of a recipe that has steps.
    fn change(self, settings: &mut Settings) {
        set(&mut settings.steps, self.steps);
        set(&mut settings.learning_rate, self.learning_rate);
        set(&mut settings.schedule, self.schedule);
        set(&mut settings.weight_decay, self.weight_decay);
        set(&mut settings.clip, self.clip);
        set(&mut settings.dropout, self.dropout);
        match &mut settings.objective {
            Objective::ProxyAnchor(proxies) => {
                set(&mut proxies.windows, self.windows);
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
}

fn set<T>(own: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *own = given;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dataset::Synthetic;

    fn kind(name: &str) -> &'static RecipeKind {
        RECIPES.iter().find(|kind| kind.name == name).unwrap()
    }

    #[test]
    fn a_recipe_without_settings_has_its_defaults_and_the_seed() {
        for kind in RECIPES {
            assert_eq!(kind.with(Overrides::default(), 7).unwrap(), (kind.recipe)().with_seed(7));
        }
    }

    #[test]
    fn each_setting_that_a_recipe_lists_changes_it() {
        let changes: [(&str, Overrides); 13] = [
            ("open-set", Overrides { open_set: Some(true), ..Overrides::default() }),
            ("windows", Overrides { windows: Some(vec![2]), ..Overrides::default() }),
            ("steps", Overrides { steps: Some(5), ..Overrides::default() }),
            ("batch", Overrides { batch: Some(5), ..Overrides::default() }),
            ("rows", Overrides { rows: Some(5), ..Overrides::default() }),
            ("window", Overrides { window: Some(5), ..Overrides::default() }),
            ("mining", Overrides { mining: Some(Mining::BatchHard), ..Overrides::default() }),
            ("margin", Overrides { margin: Some(0.25), ..Overrides::default() }),
            ("learning-rate", Overrides { learning_rate: Some(0.25), ..Overrides::default() }),
            ("schedule", Overrides { schedule: Some(Schedule::Cosine), ..Overrides::default() }),
            ("weight-decay", Overrides { weight_decay: Some(0.25), ..Overrides::default() }),
            ("clip", Overrides { clip: Some(0.25), ..Overrides::default() }),
            ("dropout", Overrides { dropout: Some(0.25), ..Overrides::default() }),
        ];
        for kind in RECIPES {
            for (name, overrides) in &changes {
                match kind.with(overrides.clone(), 0) {
                    Ok(recipe) => {
                        assert!(kind.settings.contains(name), "{} takes {name}", kind.name);
                        assert_ne!(recipe, (kind.recipe)(), "{name} of {}", kind.name);
                    }
                    Err(TrainingError::OtherRecipe { recipe, setting, owners }) => {
                        assert!(!kind.settings.contains(name), "{} refuses {name}", kind.name);
                        assert_eq!((recipe, setting), (kind.name, *name));
                        assert!(!owners.is_empty());
                    }
                    Err(error) => unreachable!("{name} of {}: {error}", kind.name),
                }
            }
        }
    }

    #[test]
    fn a_setting_of_other_recipes_is_refused_with_their_names() {
        let overrides = Overrides { steps: Some(3), ..Overrides::default() };
        let error = kind("connectome").with(overrides, 0).unwrap_err();
        assert_eq!(error.to_string(), "recipe connectome takes no steps; it belongs to recipe whitened or reference");
    }

    #[test]
    fn probes_of_a_connectome_have_two_frames_or_more() {
        let of = |frames| kind("connectome").with(Overrides { frames: Some(frames), ..Overrides::default() }, 0);
        assert!(matches!(of(2), Ok(Recipe::Connectome(settings)) if settings.frames == 2));
        assert_eq!(of(1).unwrap_err().to_string(), "frames 1 is not in 2 to 65536");
        assert!(of(MAX_PROBE + 1).is_err());
    }

    #[test]
    fn windows_that_no_scan_fills_are_refused_by_the_longest_scan() {
        let data = Synthetic { classes: 2, timesteps: 4, features: 3, sessions: 1, noise: 1.0, seed: 1 }.recordings();
        let check = |overrides: Overrides| overrides.check_windows(&data).map_err(|error| error.to_string());
        assert_eq!(check(Overrides::default()), Ok(()));
        assert_eq!(check(Overrides { windows: Some(vec![1, 4]), window: Some(4), ..Overrides::default() }), Ok(()));
        let refused = check(Overrides { window: Some(5), ..Overrides::default() }).unwrap_err();
        assert!(refused.starts_with("window 5: the longest scan (class0"), "{refused}");
        assert!(refused.ends_with(" has 4 frames; ask for fewer"), "{refused}");
        assert!(check(Overrides { windows: Some(vec![1, 5]), ..Overrides::default() }).is_err());
    }
}
