//! A token whose memory is searched for secrets.

use std::alloc::{Layout, alloc_zeroed, dealloc};

use hkdf::Hkdf;
use neural_vault_core::bundle::Bundle;
use neural_vault_core::key::{DeviceSecret, KeyBuffer, KeyContext, derive_v2};
use neural_vault_core::wire::*;
use neural_vault_session::{PublicKey, StaticKey};
use neural_vault_token::memory::Memory;
use neural_vault_token::token::Token;
use neural_vault_token_simulator::client::Client;
use neural_vault_token_simulator::flash::Flash;
use neural_vault_token_simulator::*;
use sha2::Sha256;

use crate::secret_bytes::{bytes_of, copies, session_keys};

pub const DEVICE: [u8; 32] = *b"device secret, as nobody else is";
pub const KEY: [u8; 32] = *b"administrator's key, some others";
pub const BOARD: [u8; 32] = *b"BOARD'S OWN, BURNT INTO ITS CHIP";

pub type Simulated<'m> = Client<Token<'m, SimBoard>>;

/// A name and the bytes.
pub type Secret = (&'static str, Vec<u8>);

/// A running token, its memory, and what is searched for.
pub struct Watched<'m> {
    pub memory: *const Memory,
    pub client: Simulated<'m>,
    pub secrets: Vec<Secret>,
    pub looks: usize,
}

/// Starts a token on this board, and hands it to `use_it`.
pub fn watch(board: SimBoard, model: &[u8], secrets: &[Secret], use_it: impl FnOnce(&mut Watched<'_>)) {
    let layout = Layout::new::<Memory>();
    // SAFETY: the size is not zero. Zeros first, so that what is found in padding was not there before.
    let memory = unsafe { alloc_zeroed(layout) }.cast::<Memory>();
    // SAFETY: it was just allocated with this layout.
    unsafe { memory.write(Memory::new()) };
    // SAFETY: the memory is valid until it is freed below, and the token is its only other user.
    let client = Client::new(Token::start(board, model, unsafe { &mut *memory }));
    let mut watched = Watched { memory, client, secrets: secrets.to_vec(), looks: 0 };
    use_it(&mut watched);
    drop(watched);
    // SAFETY: its users are gone; it was allocated with this layout.
    unsafe { (memory.drop_in_place(), dealloc(memory.cast(), layout)) };
}

impl Watched<'_> {
    /// Fails unless the named secrets are in memory as often as given, and all others nowhere.
    pub fn holds(&mut self, event: &str, expected: &[(&str, usize)]) {
        self.look(event, |name, found| {
            found == expected.iter().find(|(known, _)| *known == name).map_or(0, |known| known.1)
        });
    }

    /// Fails if a secret is in memory that is not named, or one that is named is there twice.
    pub fn holds_at_most(&mut self, event: &str, allowed: &[&str]) {
        self.look(event, |name, found| found <= usize::from(allowed.contains(&name)));
    }

    fn look(&mut self, event: &str, is_right: impl Fn(&str, usize) -> bool) {
        let bytes = bytes_of(self.memory);
        for (name, secret) in &self.secrets {
            let found = copies(&bytes, secret);
            assert!(is_right(name, found), "{event}: {name} is in memory {found} times");
        }
        self.looks += 1;
    }

    /// Adds the keys of the open session, as the host's end holds them.
    pub fn watch_session(&mut self) {
        let keys = session_keys(self.client.session());
        self.secrets.retain(|(name, _)| *name != SESSION);
        self.secrets.push((SESSION, keys));
    }

    pub fn open_session(&mut self) {
        self.client.handshake().unwrap();
        self.watch_session();
    }
}

pub const SESSION: &str = "session keys";
pub const RUNNING: [(&str, usize); 4] = [("device secret", 1), ("admin key", 1), ("static key", 1), (SESSION, 1)];
pub const RUNNING_NAMES: [&str; 4] = ["device secret", "admin key", "static key", SESSION];

pub fn with_embedding(name: &'static str) -> Vec<(&'static str, usize)> {
    [&RUNNING[..], &[(name, 1)]].concat()
}

pub fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A board with an enrolment, and every secret that there is about it.
pub fn enrolled(model: &[u8]) -> (SimBoard, Vec<Secret>) {
    let mut board = SimBoard { secret: BOARD, ..SimBoard::new(Flash::new()) };
    let mut secrets = vec![
        ("board secret", BOARD.to_vec()),
        ("device secret", DEVICE.to_vec()),
        ("admin key", KEY.to_vec()),
        ("prototype", floats(&prototype(model))),
        ("genuine embedding", floats(&embedding(model, &genuine(9)))),
        ("other embedding", floats(&embedding(model, &impostor(1)))),
        ("scan", floats(&genuine(9)[..8])),
    ];
    for generation in 0u32..6 {
        let mut key = [0; 16];
        let info = [&b"neural-vault/token/seal/v2"[..], &generation.to_le_bytes()].concat();
        Hkdf::<Sha256>::from_prk(&BOARD).unwrap().expand(&info, &mut key).unwrap();
        secrets.push(("sealing key", key.to_vec()));
    }
    watch(board.clone(), model, &[], |token| {
        token.client.handshake().unwrap();
        let (device_secret, admin_key) = (Some(DeviceSecret::from_bytes(&DEVICE)), AdminKey::from_bytes(&KEY));
        token.client.call::<Provision>(&Provisioning { device_secret, admin_key, ..provisioning(model) }).unwrap();
        let enrolled = token.client.enrol(&KEY, SLOT, DIMS.features, &enrolled_scans(), THRESHOLD).unwrap();
        secrets.push(("challenge key", enrolled.challenge_key.expose_secret().to_vec()));
        secrets.push(("exported key", exported_key(model, &enrolled.id).to_vec()));
        secrets.push(("static key", static_key(token.memory, token.client.token.unwrap()).to_vec()));
    });
    // The next start draws other bytes: a token without records gets another static key.
    board.reseed(99);
    (board, secrets)
}

pub fn exported_key(model: &[u8], id: &[u8; 16]) -> [u8; 32] {
    let bundle = Bundle::open(model).unwrap();
    let context = KeyContext { model_digest: bundle.digest(), enrolment_id: id, application: b"x" };
    let mut buffer = KeyBuffer::empty();
    *derive_v2(&prototype(model), &DeviceSecret::from_bytes(&DEVICE), &context, &mut buffer).unwrap().expose_secret()
}

/// The secret key of this public key, found in the token's memory.
pub fn static_key(memory: *const Memory, public: PublicKey) -> [u8; 32] {
    let bytes = bytes_of(memory);
    let is_key = |window: &&[u8; 32]| {
        window.iter().filter(|byte| **byte != 0).count() > 16 && StaticKey::from_bytes(window).public() == public
    };
    *bytes.windows(32).map(|window| window.try_into().unwrap()).find(is_key).expect("a running token has its key")
}

pub fn question() -> Question<'static> {
    Question { slot: SLOT, nonce: [0; 32], application: b"x" }
}

pub fn purposes() -> [Purpose<'static>; 3] {
    let request = KeyRequest { slot: SLOT, application: b"x" };
    [Purpose::Verify { slot: SLOT }, Purpose::Challenge(question()), Purpose::Export(request)]
}

/// Asks for what the scan is for; returns whether it was released.
pub fn release(client: &mut Simulated<'_>, purpose: Purpose<'_>) -> bool {
    match purpose {
        Purpose::Verify { .. } => client.call::<Verify>(&()).is_ok(),
        Purpose::Challenge(_) => client.call::<Challenge>(&()).is_ok(),
        _ => client.call::<ExportKey>(&()).is_ok(),
    }
}
