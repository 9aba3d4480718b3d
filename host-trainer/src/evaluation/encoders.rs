//! The encoders of a protocol's folds: the one under test, the reference's, and those made again with new labels.

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::WeightFormat;

use super::evaluate::{EvaluationError, Plan};
use super::fold::Prepared;
use super::items::Items;
use super::methods::Method;
use super::protocols::{Fold, Protocol};
use crate::dataset::Dataset;
use crate::model::{Model, ModelError};
use crate::training::{Recipe, Settings};

/// A trained encoder.
pub(super) struct Trained {
    model: Model,
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
        let model = train(dataset, training, recipe, plan)?;
        Ok(Self { model, windows: recipe.windows() })
    }

    pub(super) fn open(&self) -> Result<Bundle<'_>, ModelError> {
        self.model.bundle()
    }
}

fn train(dataset: &Dataset, training: &[usize], recipe: &Recipe, plan: &Plan) -> Result<Model, EvaluationError> {
    Ok(recipe.train(dataset.select(training), plan.engine, 1, &mut |_| ())?)
}

/// One encoder a fold of each kind that the methods ask for.
pub(super) struct Encoders<T> {
    /// What every method shares that has none of its own.
    pub shared: Vec<T>,
    /// The shared ones with their weights in other formats.
    pub stored: Vec<(WeightFormat, Vec<T>)>,
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
            Method::Stored(format) => {
                let of_format = self.stored.iter().find(|(stored, _)| *stored == format);
                of_format.map_or(&[], |(_, encoders)| encoders)
            }
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
        let models = folds.iter().map(|fold| train(dataset, &fold.training, &recipe, plan));
        let models = models.collect::<Result<Vec<_>, _>>()?;
        let stored_as = |format| {
            // Calibrated on what trained it, as an operator would.
            let quantised = folds.iter().zip(&models).map(|(fold, model)| {
                let model = model.quantise(format, &dataset.select(&fold.training).values)?;
                Ok(Trained { model, windows: recipe.windows() })
            });
            Ok((format, quantised.collect::<Result<Vec<_>, ModelError>>()?))
        };
        let formats = plan.methods.iter().filter_map(|method| match method {
            Method::Stored(format) => Some(*format),
            _ => None,
        });
        let stored = formats.map(stored_as).collect::<Result<_, ModelError>>()?;
        Ok(Self {
            shared: models.into_iter().map(|model| Trained { model, windows: recipe.windows() }).collect(),
            stored,
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
            stored: self
                .stored
                .iter()
                .map(|(format, trained)| Ok((*format, each(trained, false)?)))
                .collect::<Result<_, EvaluationError>>()?,
            reference: each(&self.reference, false)?,
            refit: each(&self.refit, false)?,
        })
    }
}
