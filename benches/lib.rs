//! Criterion benches of the hot path; see `benches/README.md`.
