//! The messages: plain data in postcard's encoding, fields in the order they are sent.

mod administration;
mod conversation;
mod label;
mod scans;

pub use administration::*;
pub use conversation::*;
pub use label::*;
pub use scans::*;

pub use crate::budget::{AcceptedRisk, FalseMatches};
