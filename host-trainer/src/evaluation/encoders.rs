//! The encoders of a protocol's folds: the one under test, and those trained for single methods.

use super::error::EvaluationError;
use super::methods::{EncoderUse, Method};
use super::plan::Plan;
use super::progress::Stage;
use super::protocols::Fold;
use super::trained::{Trained, TrainingTask};
use crate::dataset::Dataset;
use crate::model::Model;

/// For each fold, the encoders that the methods need.
pub(super) struct Encoders<T> {
    /// The encoder under test; shared by all methods without an encoder of their own.
    pub shared: Vec<T>,
    /// The encoders of methods that train one for themselves.
    own: Vec<(&'static dyn Method, Vec<T>)>,
}

impl<T> Encoders<T> {
    /// The encoders that `method` scores with.
    pub(super) fn for_method(&self, method: &dyn Method) -> &[T] {
        let own = self.own.iter().find(|(owner, _)| owner.name() == method.name());
        own.map_or(&self.shared, |(_, encoders)| encoders)
    }

    /// Maps every encoder by `make`, which also gets its fold's number and the methods that score with it.
    pub(super) fn map<'t, U, E>(
        &'t self,
        methods: &[&'static dyn Method],
        make: impl Fn(usize, &'t T, &[&'static dyn Method]) -> Result<U, E>,
    ) -> Result<Encoders<U>, E> {
        let each = |encoders: &'t [T], methods: &[&'static dyn Method]| {
            encoders.iter().enumerate().map(|(fold, encoder)| make(fold, encoder, methods)).collect::<Result<_, E>>()
        };
        let own = self.own.iter().map(|(method, encoders)| Ok((*method, each(encoders, &[*method])?)));
        Ok(Encoders { shared: each(&self.shared, &sharing(methods))?, own: own.collect::<Result<_, E>>()? })
    }
}

impl Encoders<Trained> {
    /// Trains the encoders of one seed; `stage` counts [`Encoders::steps`].
    pub(super) fn train(
        dataset: &Dataset,
        folds: &[Fold],
        plan: &Plan,
        seed: u64,
        stage: &Stage<'_>,
    ) -> Result<Self, EvaluationError> {
        let recipe = plan.recipe.clone().with_seed(seed);
        let task = |fold| TrainingTask { dataset, fold, recipe: &recipe, seed, engine: plan.engine, stage };
        let models = folds.iter().map(|fold| task(fold).train(&fold.training, &recipe));
        let models = models.collect::<Result<Vec<_>, _>>()?;
        let mut own = Vec::new();
        for &method in &plan.methods {
            if let EncoderUse::Own(encoder) = method.encoder() {
                let trained = folds.iter().zip(&models).map(|(fold, model)| encoder.train(&task(fold), model));
                own.push((method, trained.collect::<Result<_, _>>()?));
            }
        }
        let shared = models.into_iter().map(|model| Trained::new(model, recipe.windows()));
        Ok(Self { shared: shared.collect(), own })
    }

    /// Steps of training the encoders of one seed; one of a recipe in closed form.
    pub(super) fn steps(folds: &[Fold], plan: &Plan) -> u64 {
        let own = plan.methods.iter().map(|method| match method.encoder() {
            EncoderUse::Own(encoder) => encoder.steps(&plan.recipe),
            EncoderUse::None | EncoderUse::Shared => 0,
        });
        folds.len() as u64 * (plan.recipe.steps().max(1) + own.sum::<u64>())
    }

    /// A given model for every fold.
    pub(super) fn given(model: &Model, folds: &[Fold]) -> Self {
        // A window of any length is embedded as a whole, as commands embed it.
        let windows: Vec<usize> = (1..=model.dims().max_window()).collect();
        Self { shared: folds.iter().map(|_| Trained::new(model.clone(), windows.clone())).collect(), own: Vec::new() }
    }
}

impl<T> Encoders<T> {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.shared.len() + self.own.iter().map(|(_, encoders)| encoders.len()).sum::<usize>()
    }
}

/// The methods that share the encoder under test or need no encoder.
pub(super) fn sharing(methods: &[&'static dyn Method]) -> Vec<&'static dyn Method> {
    methods.iter().copied().filter(|method| !matches!(method.encoder(), EncoderUse::Own(_))).collect()
}
