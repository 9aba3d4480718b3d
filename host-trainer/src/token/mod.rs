//! A verification token at the other end of a serial port, a TCP connection or a Unix socket.
//!
//! Messages and frames are those of [`neural_vault_core::wire`], sessions those of [`neural_vault_session`]. After a
//! handshake, requests are sealed and sent one at a time, and each frame is repeated until a valid answer arrives. The
//! token answers a repeated frame without acting twice, so a repetition never costs an attempt.

mod client;
mod commands;
mod error;
mod frames;
mod port;
mod transport;

pub use client::Client;
pub use commands::prototype_digest;
pub use error::TokenError;
pub use frames::Timeouts;
pub use neural_vault_session::{Fingerprint, PublicKey};
pub use port::{Port, PortError, SerialDevice, serial_devices};
