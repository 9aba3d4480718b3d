//! A verification token at the other end of a serial port, a TCP connection or a Unix socket.
//!
//! Messages and frames are those of [`neural_vault_core::wire`]. A handshake comes when the port is opened, then one request
//! at a time; a frame is repeated until a sound answer comes. The token answers a repeated frame without acting twice, so
//! that asking again never costs an attempt.

mod client;
mod commands;
mod error;
mod port;
mod transport;

pub use client::{Client, Timeouts};
pub use commands::prototype_digest;
pub use error::TokenError;
pub use port::{Port, PortError, SerialDevice, serial_devices};
