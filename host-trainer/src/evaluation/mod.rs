//! How well scans are distinguished: protocols, methods, metrics, and the document of it all.

pub mod compare;
#[cfg(feature = "training")]
mod conditions;
#[cfg(feature = "training")]
mod encoders;
#[cfg(feature = "training")]
pub mod evaluate;
#[cfg(feature = "training")]
mod fold;
#[cfg(feature = "training")]
mod items;
#[cfg(feature = "training")]
pub mod methods;
pub mod metrics;
#[cfg(feature = "training")]
pub mod protocols;
pub mod results;
#[cfg(feature = "training")]
pub mod summary;
#[cfg(feature = "training")]
mod sweeps;
pub mod trials;
pub mod verification;
