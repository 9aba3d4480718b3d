//! How well scans are distinguished: protocols, methods, metrics, and the document of it all.

pub mod compare;
mod conditions;
mod encoders;
pub mod evaluate;
mod fold;
mod items;
pub mod methods;
pub mod metrics;
pub mod protocols;
pub mod results;
pub mod summary;
mod sweeps;
pub mod trials;
pub mod verification;
