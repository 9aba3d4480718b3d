#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

mod error;
mod handshake;
mod keys;
mod secret;
mod session;
mod suite;

pub use error::SessionError;
pub use handshake::{Handshaken, Initiator, Pattern, respond};
pub use keys::{Fingerprint, PublicKey, StaticKey};
pub use session::Session;
pub use suite::TAG_LENGTH;
