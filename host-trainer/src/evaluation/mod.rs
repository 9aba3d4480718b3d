//! Evaluation of how well scans are distinguished: protocols, methods and their figures.

mod conditions;
mod embed;
mod encoders;
pub mod error;
pub mod evaluate;
mod evaluated;
mod figures;
mod fold;
mod items;
pub mod methods;
mod persons;
pub mod persons_error;
pub mod plan;
pub mod progress;
pub mod protocols;
mod scoring;
pub mod summary;
mod sweeps;
mod trained;
