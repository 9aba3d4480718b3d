//! What a host can see of a token.

use neural_vault_core::wire::*;
use neural_vault_token::token::Token;

use crate::client::Client;
use crate::{ADMIN, SimBoard, session};

/// What a host can see of a token's records.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Whether it has records, and whether they are sound.
    pub state: State,
    /// What it does and asks for.
    pub policy: Policy,
    /// Misses in a row.
    pub misses: u8,
    /// Its enrolments; a token that is blank or disabled lists none.
    pub slots: Option<[SlotInfo; SLOTS]>,
}

impl Seen {
    /// The same with another attempt counted.
    pub fn with_an_attempt(&self) -> Self {
        Self { misses: self.misses + 1, ..self.clone() }
    }
}

/// What a host sees by requests of [`ADMIN`].
pub fn see(client: &mut Client<Token<'_, SimBoard>>) -> Seen {
    let TokenInfo { state, policy, misses, .. } = client.call::<Info>(&()).unwrap();
    let is_provisioned = !matches!(state, State::Blank | State::Disabled);
    let slots = is_provisioned.then(|| client.admin::<ListSlots, _>(&ADMIN, ()).unwrap());
    Seen { state, policy, misses, slots }
}

/// What a host sees after a start on a copy of this board.
pub fn seen(board: &SimBoard, model: &[u8]) -> Seen {
    session(board.copy(), model, see)
}
