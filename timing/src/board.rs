//! What `seal.rs` of the token takes from its other files.

pub use neural_vault_token::board::BoardSecret;
