//! What differs between the settings of two runs, setting by setting.

use std::fmt;

use super::Settings;
use super::sampler::Listed;

/// A setting that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The setting: `recipe`, `seed`, or as [`RecipeKind::settings`](super::RecipeKind::settings) names it.
    pub name: &'static str,
    /// Its value in the earlier run.
    pub was: String,
    /// Its value now.
    pub is: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} was {}", self.name, self.is, self.was)
    }
}

impl Settings {
    /// What differs from the settings of an earlier run; of another recipe, which has other settings, only its name.
    #[must_use]
    pub fn differences(&self, earlier: &Self) -> Vec<Difference> {
        let (is, was) = (self.name(), earlier.name());
        if is != was {
            return vec![Difference { name: "recipe", was: was.to_owned(), is: is.to_owned() }];
        }
        let pairs = self.listed().into_iter().zip(earlier.listed());
        let changed = pairs.filter(|((_, is), (_, was))| is != was);
        changed.map(|((name, is), (_, was))| Difference { name, was, is }).collect()
    }

    fn listed(&self) -> Listed {
        let Self { steps, objective, learning_rate, schedule, weight_decay, clip, dropout, seed } = self;
        let own = [
            ("steps", steps.to_string()),
            ("learning-rate", learning_rate.to_string()),
            ("schedule", schedule.name().to_owned()),
            ("weight-decay", weight_decay.to_string()),
            ("clip", clip.to_string()),
            ("dropout", dropout.to_string()),
            ("seed", seed.to_string()),
        ];
        own.into_iter().chain(objective.settings().listed()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{Objective, ProxyAnchor, RECIPES, Recipe, Schedule};

    #[test]
    fn each_setting_that_differs_is_named_and_no_other() {
        let earlier = Settings::whitened();
        let changed = Settings {
            steps: 300,
            schedule: Schedule::Constant,
            objective: Objective::ProxyAnchor(ProxyAnchor { windows: vec![1, 2], ..ProxyAnchor::default() }),
            ..earlier.clone()
        };
        let texts: Vec<String> = changed.differences(&earlier).iter().map(Difference::to_string).collect();
        assert_eq!(texts, ["steps 300 was 1000", "schedule constant was warm-up-cosine", "windows 1,2 was 1,3,9"]);
        assert_eq!(earlier.differences(&earlier), []);
        let other = Settings::reference().differences(&earlier);
        assert_eq!(other.iter().map(Difference::to_string).collect::<Vec<_>>(), ["recipe reference was whitened"]);
    }

    #[test]
    fn every_setting_of_a_recipe_is_compared() {
        for kind in RECIPES {
            let Recipe::Steps(settings) = (kind.recipe)() else { continue };
            let listed = settings.listed();
            for name in kind.settings {
                assert!(listed.iter().any(|(listed, value)| listed == name && !value.is_empty()), "{name}");
            }
        }
    }
}
