//! `token`: the real token on a simulated board, behind a socket or a pseudo-terminal.
#![cfg(unix)]

mod example;
mod life;
mod line;
mod refused;
pub mod simulated;
