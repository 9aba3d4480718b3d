//! `token`: the real token on a simulated board, behind a socket or a pseudo-terminal.
#![cfg(unix)]

mod between;
mod example;
mod life;
mod line;
mod person;
mod refused;
mod session;
pub mod simulated;
mod state;
