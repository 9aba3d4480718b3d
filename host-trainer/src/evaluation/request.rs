//! What is asked of an evaluation, and the plan that it makes for recordings.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use neural_vault_core::encoder::WeightFormat;

use super::error::EvaluationError;
use super::methods::{self, METHODS, Method};
use super::plan::Plan;
use super::protocols::{self, HELD_BACK, PERSONS, PROTOCOLS, PersonChoice, Protocol, SessionChoice, TrainedOn};
use super::request_error::{RequestError, RequestNote};
use crate::connectome::Parcels;
use crate::dataset::{Dataset, MAX_FRAMES};
use crate::embedding::{check_long_windows, check_width};
use crate::engine::Engine;
use crate::model::Model;
use crate::results::NamedSessions;
use crate::training::Recipe;

/// Trainings with consecutive seeds that may be asked for.
pub const SEEDS: RangeInclusive<u64> = 1..=100;
/// Ways to choose persons that may be asked for.
pub const DRAWS: RangeInclusive<usize> = 1..=200;
/// Replicates of a bootstrap that may be asked for.
pub const REPLICATES: RangeInclusive<usize> = 20..=100_000;

/// What is asked of an evaluation; an empty list or `None` leaves the choice to the protocol.
#[derive(Clone, Debug)]
pub struct Request {
    /// Protocols; [`protocols::DEFAULT`] if there are none. A given model has its own.
    pub protocols: Vec<&'static dyn Protocol>,
    /// Methods.
    pub methods: Vec<&'static dyn Method>,
    /// Formats of weights in which the method under test is scored as well.
    pub weights: Vec<WeightFormat>,
    /// Sessions named by hand.
    pub sessions: NamedSessions,
    /// Frames of windows, each length scored separately; one frame if there are none, and of a given model its own.
    pub windows: Vec<usize>,
    /// Frames of probes of persons, each length scored separately.
    pub lengths: Vec<usize>,
    /// Persons that are enrolled and probe.
    pub evaluated_persons: Option<usize>,
    /// Ways to choose them that are drawn where there are too many for all.
    pub draws: Option<usize>,
    /// A model that is scored as it is.
    pub model: Option<Model>,
    /// How each fold's encoder is made.
    pub recipe: Recipe,
    /// Seed of splits, noise, resampling and the first training.
    pub seed: u64,
    /// Number of trainings, with consecutive seeds.
    pub seeds: u64,
    /// Persons of other recordings, who are the background of every split.
    pub background: Option<Dataset>,
    /// The regions that features are averaged to where persons are evaluated.
    pub parcels: Option<Parcels>,
    /// The engine that trains, where [`Request::trains`].
    pub engine: Engine,
    /// Bootstrap replicates of a figure.
    pub replicates: usize,
    /// Whether to compute sweeps.
    pub sweeps: bool,
}

impl Request {
    /// The protocols to evaluate by; of a given model the one that says what it is for.
    #[must_use]
    pub fn protocols(&self) -> Vec<&'static dyn Protocol> {
        match &self.model {
            Some(model) if model.dims().is_connectome() => vec![PERSONS],
            Some(_) => vec![HELD_BACK],
            None if self.protocols.is_empty() => vec![protocols::DEFAULT],
            None => self.protocols.clone(),
        }
    }

    /// Whether encoders are trained, which some protocol scores windows by.
    #[must_use]
    pub fn trains(&self) -> bool {
        self.model.is_none() && trains(&self.protocols())
    }

    /// The plan for these recordings, and notes on what its figures do not stand for.
    ///
    /// # Errors
    /// When something asked for does not fit the rest of it, the model or the recordings.
    pub fn plan(self, dataset: &Dataset) -> Result<(Plan, Vec<RequestNote>), EvaluationError> {
        in_range("seeds", self.seeds, SEEDS)?;
        in_range("replicates", self.replicates, REPLICATES)?;
        self.draws.map_or(Ok(()), |draws| in_range("draws", draws, DRAWS))?;
        self.windows.iter().try_for_each(|&window| in_range("frames of a window", window, 1..=MAX_FRAMES))?;
        self.lengths.iter().try_for_each(|&frames| in_range("frames of a probe", frames, 2..=usize::MAX))?;
        check_long_windows(&self.windows, dataset)?;
        let (methods, trains) = (self.methods()?, self.trains());
        let lengths: Vec<usize> = self.lengths.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let mut notes = Vec::new();
        let (windows, lengths, trained) = match &self.model {
            Some(model) => {
                check_width(dataset, model.dims().features)?;
                let trained = TrainedOn::of(model);
                notes = RequestNote::of_model(model, &trained, dataset);
                (self.windows_of(model)?, lengths_of(model, lengths)?, Some(trained))
            }
            None if trains && matches!(self.recipe, Recipe::Connectome(_)) => {
                return Err(RequestError::RecipeOfScans.into());
            }
            None if self.windows.is_empty() => {
                let has_longer = self.recipe.windows().iter().any(|window| *window > 1);
                let note = RequestNote::SingleFrames { recipe: self.recipe.name() };
                notes.extend((trains && has_longer).then_some(note));
                (vec![1], lengths, None)
            }
            None => (self.windows.clone(), lengths, None),
        };
        let persons = PersonChoice {
            evaluated: self.evaluated_persons,
            draws: self.draws.unwrap_or(PersonChoice::default().draws),
            background: self.background.as_ref().map_or(0, |background| background.labels.len()),
        };
        let sessions = SessionChoice {
            training: dataset.known_sessions(&self.sessions.training)?,
            enrolment: dataset.known_sessions(&self.sessions.enrolment)?,
            probes: dataset.known_sessions(&self.sessions.probes)?,
            persons,
            trained,
        };
        let Self { model, recipe, seed, seeds, background, parcels, engine, replicates, sweeps, .. } = self;
        let plan = Plan {
            methods,
            sessions,
            model,
            recipe,
            seed,
            seeds,
            windows,
            lengths,
            background,
            parcels,
            engine,
            replicates,
            sweeps,
        };
        Ok((plan, notes))
    }

    /// The methods, each once; those asked for must fit some protocol, or the given model.
    fn methods(&self) -> Result<Vec<&'static dyn Method>, RequestError> {
        let protocols = self.protocols();
        let fits = |method: &'static dyn Method| match &self.model {
            Some(_) => protocols.iter().any(|protocol| method.fits_given_model(*protocol)),
            None => protocols.iter().any(|protocol| method.fits(*protocol)),
        };
        if let Some(method) = self.methods.iter().find(|method| !fits(**method)) {
            let method = method.argument();
            return Err(match &self.model {
                Some(_) => {
                    let fitting = METHODS.iter().filter(|method| fits(**method));
                    RequestError::NeedsTraining { method, fitting: fitting.map(|method| method.argument()).collect() }
                }
                None => RequestError::NoProtocol { method, fitting: protocols_of(method) },
            });
        }
        let all = || METHODS.iter().copied().filter(|method| self.model.is_none() || fits(*method)).collect();
        let mut methods: Vec<_> = if self.methods.is_empty() { all() } else { self.methods.clone() };
        methods.extend(self.weights.iter().map(|format| methods::with_weights(*format)));
        let mut seen = BTreeSet::new();
        methods.retain(|method| seen.insert(method.name()));
        Ok(methods)
    }

    /// Frames of windows of a given model: those asked for, or its own.
    fn windows_of(&self, model: &Model) -> Result<Vec<usize>, RequestError> {
        let positions = model.dims().max_window();
        match self.windows.as_slice() {
            [] => Ok(vec![model.provenance().window]),
            _ if model.dims().is_connectome() => Err(RequestError::NoWindows),
            windows => match windows.iter().find(|window| **window > positions) {
                Some(&window) => Err(RequestError::Positions { window, positions }),
                None => Ok(windows.to_vec()),
            },
        }
    }
}

/// Frames of probes of a given model: those asked for, or the fewest that it is for.
fn lengths_of(model: &Model, asked: Vec<usize>) -> Result<Vec<usize>, RequestError> {
    match (model.dims().is_connectome(), asked.is_empty()) {
        (true, true) => Ok(vec![model.provenance().window]),
        (false, false) => Err(RequestError::NoLengths),
        _ => Ok(asked),
    }
}

/// Whether some protocol trains encoders, and scores windows by them.
pub(super) fn trains(protocols: &[&'static dyn Protocol]) -> bool {
    protocols.iter().any(|protocol| !protocol.scores_scans())
}

/// The names of the protocols that score the method of this name.
fn protocols_of(method: &str) -> Vec<&'static str> {
    let method = METHODS.iter().find(|one| one.argument() == method);
    let fits = |protocol: &&&dyn Protocol| method.is_some_and(|method| method.fits(**protocol));
    PROTOCOLS.iter().filter(fits).map(|protocol| protocol.name()).collect()
}

fn in_range<T: TryInto<u64> + PartialOrd>(
    what: &'static str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<(), RequestError> {
    if range.contains(&value) {
        return Ok(());
    }
    let number = |value: T| value.try_into().unwrap_or(u64::MAX);
    let (low, high) = range.into_inner();
    Err(RequestError::Range { what, value: number(value), low: number(low), high: number(high) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dataset::Synthetic;

    fn recordings() -> Dataset {
        Synthetic { classes: 6, timesteps: 8, features: 5, sessions: 3, noise: 1.0, seed: 1 }.recordings()
    }

    fn request() -> Request {
        Request {
            protocols: Vec::new(),
            methods: Vec::new(),
            weights: Vec::new(),
            sessions: NamedSessions::default(),
            windows: Vec::new(),
            lengths: Vec::new(),
            evaluated_persons: None,
            draws: None,
            model: None,
            recipe: Recipe::Linear { open_set: false },
            seed: 3,
            seeds: 1,
            background: None,
            parcels: None,
            engine: Engine::Tract,
            replicates: 50,
            sweeps: true,
        }
    }

    fn refused(request: Request) -> String {
        request.plan(&recordings()).unwrap_err().to_string()
    }

    fn method(name: &str) -> &'static dyn Method {
        *METHODS.iter().find(|method| method.argument() == name).unwrap()
    }

    #[test]
    fn nothing_asked_for_is_the_default_protocol_with_all_methods_and_single_frames() {
        let request = request();
        assert_eq!(request.protocols()[0].name(), protocols::DEFAULT.name());
        assert!(request.trains());
        let (plan, notes) = request.plan(&recordings()).unwrap();
        assert_eq!((plan.methods.len(), plan.windows), (METHODS.len(), vec![1]));
        let note = "single frames are scored; a model of recipe linear embeds longer windows";
        assert_eq!(notes.iter().map(ToString::to_string).collect::<Vec<_>>(), [note]);
    }

    #[test]
    fn a_method_that_is_asked_for_twice_is_scored_once_and_weights_come_last() {
        let methods = vec![method("raw-cosine"), method("neuralvault"), method("raw-cosine")];
        let weights = vec![WeightFormat::I8];
        let (plan, _) = Request { methods, weights, windows: vec![2], ..request() }.plan(&recordings()).unwrap();
        let names: Vec<_> = plan.methods.iter().map(|method| method.name()).collect();
        assert_eq!(names, ["raw cosine", "NeuralVault", "NeuralVault i8"]);
    }

    #[test]
    fn lengths_are_scored_in_ascending_order_each_once() {
        let asked = Request { protocols: vec![PERSONS], lengths: vec![20, 10, 20], ..request() };
        assert!(!asked.trains());
        let (plan, notes) = asked.plan(&recordings()).unwrap();
        assert_eq!((plan.lengths, notes), (vec![10, 20], Vec::new()));
    }

    #[test]
    fn what_does_not_fit_together_is_refused_by_name() {
        let fingerprint = Request { methods: vec![method("fingerprint")], ..request() };
        let text = "no protocol here scores method fingerprint; it belongs to protocol unseen-persons";
        assert_eq!(refused(fingerprint), text);
        let connectome = Request { recipe: Recipe::Connectome(Default::default()), ..request() };
        assert!(refused(connectome).starts_with("recipe connectome embeds whole scans"));
        let unknown = NamedSessions { probes: vec!["run77".to_owned()], ..NamedSessions::default() };
        assert!(refused(Request { sessions: unknown, ..request() }).contains("no session `run77`"));
        assert!(refused(Request { windows: vec![9], ..request() }).contains("the longest scan"));
        for (request, text) in [
            (Request { replicates: 10, ..request() }, "replicates 10: 20 to 100000 are possible"),
            (Request { seeds: 0, ..request() }, "seeds 0: 1 to 100 are possible"),
            (Request { draws: Some(201), ..request() }, "draws 201: 1 to 200 are possible"),
            (Request { lengths: vec![1], ..request() }, "frames of a probe 1: 2 or more are possible"),
        ] {
            assert_eq!(refused(request), text);
        }
    }
}
