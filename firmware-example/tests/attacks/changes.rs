//! The changes of a token that must not be taken back.

use neural_vault_core::wire::*;
use neural_vault_token::store::BANK;
use neural_vault_token::token::Token;
use neural_vault_token_simulator::client::Client;
use neural_vault_token_simulator::*;

pub type Host<'m> = Client<Token<'m, SimBoard>>;

pub const WITHOUT_EXPORT: Policy = Policy { allow_export: false, confirm_verify: false, confirm_challenge: false };

/// A change of an enrolled token.
pub struct Change {
    pub name: &'static str,
    pub make: fn(&mut Host<'_>) -> Result<(), Refusal>,
    /// Whether it begins a new generation.
    pub renews: bool,
}

pub const CHANGES: [Change; 6] = [
    Change { name: "set policy", make: |client| client.admin::<SetPolicy, _>(&ADMIN, WITHOUT_EXPORT), renews: false },
    Change { name: "enrol", make: |client| enrol(client, EMPTY), renews: true },
    Change { name: "enrol over an enrolment", make: |client| enrol(client, SLOT), renews: true },
    Change { name: "rotate", make: |client| client.admin::<Rotate, _>(&ADMIN, IN_SLOT).map(|_| ()), renews: true },
    Change { name: "revoke", make: |client| client.admin::<Revoke, _>(&ADMIN, IN_SLOT), renews: true },
    Change { name: "wipe", make: |client| client.admin::<Wipe, _>(&ADMIN, ()), renews: true },
];

pub const IN_SLOT: SlotNumber = SlotNumber { slot: SLOT };

/// Wipes a token whose records are not sound.
pub fn wipe_unsound(client: &mut Host<'_>) -> Result<(), Refusal> {
    client.call::<Wipe>(&Authorised { tag: [0; TAG_LENGTH], command: () })
}

/// Why a token does nothing after a start.
pub fn reason(board: &SimBoard, model: &[u8]) -> Fault {
    session(board.copy(), model, |client| client.call::<Provision>(&provisioning(model)).unwrap_err().fault().unwrap())
}

/// The content of a board after a change.
pub fn after(board: &SimBoard, model: &[u8], change: &Change) -> SimBoard {
    let board = board.copy();
    session(board.clone(), model, |client| (change.make)(client).unwrap());
    board
}

/// Start of the only bank that is not erased.
pub fn live_bank(content: &[u8]) -> usize {
    [0, BANK as usize].into_iter().find(|bank| content[*bank..][..16] != [0xff; 16]).unwrap()
}

fn enrol(client: &mut Host<'_>, slot: u8) -> Result<(), Refusal> {
    let scans: Vec<_> = (0..2).map(|take| scan(77, take)).collect();
    client.enrol(&ADMIN, slot, DIMS.features, &scans, THRESHOLD).map(|_| ())
}
