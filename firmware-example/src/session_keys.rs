//! The keys of the link, in one place.

use neural_vault_session::{Session, StaticKey};

/// The keys of the link.
pub(crate) struct SessionKeys {
    /// The open session.
    pub(crate) session: Option<Session>,
    /// The static key of a token that has none on its flash. Provisioning keeps it.
    pub(crate) unprovisioned: Option<StaticKey>,
}

impl SessionKeys {
    pub(crate) const fn new() -> Self {
        Self { session: None, unprovisioned: None }
    }
}
