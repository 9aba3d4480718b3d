//! Attacks on a token: each would succeed without the one defence that its test names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod between;
mod budget;
mod changes;
mod cut_log;
mod damage;
mod erasure;
mod injection;
mod length;
mod old_images;
mod oracle;
mod relay;
mod replay;
