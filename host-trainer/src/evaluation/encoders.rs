//! The encoders of a protocol's folds: the one under test, the reference's, and those made again with new labels.

use neural_vault_core::bundle::Bundle;

use super::evaluate::{EvaluationError, Plan};
use super::fold::Prepared;
use super::items::Items;
use super::methods::Method;
use super::protocols::{Fold, Protocol};
use crate::dataset::Dataset;
use crate::embedding::aligned_bundle;
use crate::model::{Model, ModelError};
use crate::training::{Recipe, Settings};

/// A trained encoder.
pub(super) struct Trained {
    /// The model's bundle, and statistics that change nothing: what is encoded comes standardised.
    bundle: Vec<u32>,
    pub(super) zeros: Vec<f32>,
    pub(super) ones: Vec<f32>,
    /// Window lengths that it was trained on.
    pub(super) windows: Vec<usize>,
}

impl Trained {
    /// Trains an encoder on the rows at `training`.
    pub(super) fn on(
        dataset: &Dataset,
        training: &[usize],
        recipe: &Recipe,
        plan: &Plan,
    ) -> Result<Self, EvaluationError> {
        let model = recipe.train(dataset.select(training), plan.engine, 1, &mut |_| ())?;
        Ok(Self::new(&model, recipe.windows())?)
    }

    fn new(model: &Model, windows: Vec<usize>) -> Result<Self, ModelError> {
        let features = model.dims.features;
        Ok(Self { bundle: aligned_bundle(model)?, zeros: vec![0.0; features], ones: vec![1.0; features], windows })
    }

    pub(super) fn open(&self) -> Result<Bundle<'_>, ModelError> {
        Bundle::open(bytemuck::cast_slice(&self.bundle)).map_err(|e| ModelError::Bundle(e.to_string()))
    }
}

/// One encoder a fold of each kind that the methods ask for.
pub(super) struct Encoders<T> {
    /// What every method but two shares.
    pub shared: Vec<T>,
    /// By the reference's recipe.
    pub reference: Vec<T>,
    /// Trained with the enrolled labels as well.
    pub refit: Vec<T>,
}

impl<T> Encoders<T> {
    /// The encoders that `method` scores with.
    pub(super) fn of(&self, method: Method) -> &[T] {
        match method {
            Method::Reference => &self.reference,
            Method::Refit => &self.refit,
            _ => &self.shared,
        }
    }
}

impl Encoders<Trained> {
    /// Trains the encoders of one seed.
    pub(super) fn train(dataset: &Dataset, folds: &[Fold], plan: &Plan, seed: u64) -> Result<Self, EvaluationError> {
        let recipe = plan.recipe.clone().with_seed(seed);
        let wanted = |method| plan.methods.contains(&method);
        let all = |recipe: &Recipe, rows: fn(&Fold) -> Vec<usize>| {
            folds.iter().map(|fold| Trained::on(dataset, &rows(fold), recipe, plan)).collect::<Result<Vec<_>, _>>()
        };
        let reference = Recipe::Steps(Settings { seed, ..Settings::reference() });
        let with_enrolled = |fold: &Fold| {
            let mut rows = [&fold.training[..], &fold.enrolment].concat();
            rows.sort_unstable();
            rows.dedup();
            rows
        };
        Ok(Self {
            shared: all(&recipe, |fold| fold.training.clone())?,
            reference: if wanted(Method::Reference) {
                all(&reference, |fold| fold.training.clone())?
            } else {
                Vec::new()
            },
            refit: if wanted(Method::Refit) { all(&recipe, with_enrolled)? } else { Vec::new() },
        })
    }

    /// Encodes the windows of `items` by every encoder.
    pub(super) fn prepare<'e>(
        &'e self,
        dataset: &Dataset,
        items: &Items,
        protocol: Protocol,
        plan: &Plan,
    ) -> Result<Encoders<Prepared<'e>>, EvaluationError> {
        let open_set = protocol == Protocol::Unseen;
        let each = |trained: &'e [Trained], others: bool| {
            let folds = items.folds.iter().zip(trained);
            let prepare =
                |(fold, trained)| Prepared::new(dataset, items, fold, trained, others.then_some(open_set), plan);
            folds.map(prepare).collect::<Result<Vec<_>, EvaluationError>>()
        };
        Ok(Encoders {
            shared: each(&self.shared, true)?,
            reference: each(&self.reference, false)?,
            refit: each(&self.refit, false)?,
        })
    }
}
