//! The report and the comparison, on evaluations made for the purpose.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod command;
mod comparison;
mod document;
mod fixture;
mod page;
#[path = "../schemas/mod.rs"]
mod schemas;
mod scores;
