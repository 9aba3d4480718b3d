//! Attacks on a token: each would succeed without the one defence that its test names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cut_log;
mod damage;
mod erasure;
mod old_images;
mod seen;
