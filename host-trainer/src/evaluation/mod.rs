//! How well scans are distinguished: protocols, methods, metrics, and the document of it all.

pub mod compare;
#[cfg(any(feature = "onnxruntime", feature = "tract"))]
mod conditions;
#[cfg(any(feature = "onnxruntime", feature = "tract"))]
mod encoders;
#[cfg(any(feature = "onnxruntime", feature = "tract"))]
pub mod evaluate;
#[cfg(any(feature = "onnxruntime", feature = "tract"))]
mod fold;
#[cfg(any(feature = "onnxruntime", feature = "tract"))]
mod items;
#[cfg(any(feature = "onnxruntime", feature = "tract"))]
pub mod methods;
pub mod metrics;
#[cfg(any(feature = "onnxruntime", feature = "tract"))]
pub mod protocols;
pub mod results;
#[cfg(any(feature = "onnxruntime", feature = "tract"))]
pub mod summary;
#[cfg(any(feature = "onnxruntime", feature = "tract"))]
mod sweeps;
pub mod trials;
pub mod verification;
