//! How well scans are distinguished: protocols, methods, metrics, and the document of results.

pub mod compare;
mod conditions;
mod embed;
mod encoders;
pub mod error;
pub mod evaluate;
mod figures;
mod fold;
mod items;
pub mod methods;
pub mod metrics;
pub mod plan;
pub mod protocols;
pub mod results;
mod scoring;
pub mod summary;
mod sweeps;
mod trained;
pub mod trials;
pub mod verification;
