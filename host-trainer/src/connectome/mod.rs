//! Recipe `connectome`: how regions covary separates persons, also those the model was never fitted to.
//!
//! `fit` finds the whitening and the mean of a few background persons in closed form; [`ImpostorTable`] is what scans of
//! different persons score, by their length; [`Parcels`] average the vertices of a surface to regions.

#[cfg(feature = "_engine")]
mod background;
#[cfg(feature = "_engine")]
mod fit;
#[cfg(feature = "_engine")]
mod fit_error;
mod fitted;
mod impostor;
mod parcels;
#[cfg(feature = "_engine")]
mod person;
#[cfg(feature = "_engine")]
mod tangent;
#[cfg(feature = "_engine")]
mod whitening;

#[cfg(feature = "_engine")]
pub use fit::fit;
#[cfg(feature = "_engine")]
pub use fit_error::{FEWEST_PERSONS, FitError};
pub use fitted::Fitted;
pub use impostor::ImpostorTable;
pub use parcels::{MIN_REGIONS, Parcels, ParcelsError};
#[cfg(feature = "_engine")]
pub use person::{Person, Run};
