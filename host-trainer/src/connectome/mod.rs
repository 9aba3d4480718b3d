//! Recipe `connectome`: how regions covary tells persons apart, also those the model was never fitted to.
//!
//! `fit` finds the whitening and the mean of a few background persons in closed form; [`ImpostorTable`] is what scans of
//! different persons score, by their length; [`Parcels`] average the vertices of a surface to regions.

#[cfg(feature = "_engine")]
mod background;
#[cfg(feature = "_engine")]
mod fit;
mod fitted;
mod impostor;
mod parcels;
#[cfg(feature = "_engine")]
mod tangent;

#[cfg(feature = "_engine")]
pub use fit::{FEWEST_PERSONS, FitError, Person, Run, fit};
pub use fitted::Fitted;
pub use impostor::ImpostorTable;
pub use parcels::{MIN_REGIONS, Parcels, ParcelsError};
