//! Evaluation of how well scans are distinguished: protocols, methods and their figures.

mod conditions;
pub mod date;
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
pub mod request;
pub mod request_error;
mod scoring;
mod settings;
pub mod summary;
mod sweeps;
pub mod table;
mod trained;
