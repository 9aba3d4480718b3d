//! What determines the figures of an evaluation, for its document.

use super::plan::Plan;
use super::protocols::Protocol;
use super::request::trains;
use crate::hex;
use crate::model::Model;
use crate::results::{EvaluatedModel, EvaluationSettings, NamedSessions, PersonSettings};
use crate::training::{Connectome, Recipe};

impl Plan {
    /// The settings that the results of these protocols are documented with; `command` is what makes them again.
    #[must_use]
    pub fn settings(&self, protocols: &[&'static dyn Protocol], command: Option<String>) -> EvaluationSettings {
        let choice = &self.sessions;
        let sessions = NamedSessions {
            training: choice.training.clone(),
            enrolment: choice.enrolment.clone(),
            probes: choice.probes.clone(),
        };
        let is_given = self.model.is_some();
        // Where nothing but persons is evaluated, the recipe is that of the method under test.
        let fitted = Recipe::Connectome(Connectome::default());
        let recipe = (!is_given).then(|| if trains(protocols) { &self.recipe } else { &fitted });
        let persons = protocols.iter().any(|protocol| protocol.scores_scans()) && !is_given;
        let background = self.background.as_ref().map(|background| background.labels.clone());
        EvaluationSettings {
            program: concat!("neural-vault ", env!("CARGO_PKG_VERSION")).to_owned(),
            command,
            engine: recipe.is_some_and(|recipe| recipe.steps() > 0).then(|| self.engine.name().to_owned()),
            seed: self.seed,
            trainings: if is_given { 0 } else { self.seeds },
            replicates: self.replicates,
            sessions,
            recipe: recipe.map(Recipe::describe),
            model: self.model.as_ref().map(describe),
            persons: persons
                .then(|| PersonSettings { draws: choice.persons.draws, background: background.unwrap_or_default() }),
        }
    }
}

fn describe(model: &Model) -> EvaluatedModel {
    let provenance = model.provenance();
    EvaluatedModel {
        digest: hex::encode(model.digest()),
        recipe: provenance.recipe_name().to_owned(),
        weights: model.format().name().to_owned(),
        window_frames: provenance.window,
        labels: provenance.labels.clone(),
        training_sessions: provenance.training_sessions.clone(),
    }
}
