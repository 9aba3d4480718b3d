//! Reads the whole RAM of a token in QEMU after each thing that happens to it, and searches it for every secret.
//!
//! What the tests on a host search is the token's static memory; here it is that and the stack of the processor's own code,
//! as a debugger sees them.

use std::error::Error;
use std::path::{Path, PathBuf};

use hkdf::Hkdf;
use neural_vault_core::bundle::Bundle;
use neural_vault_core::key::{DeviceSecret, KeyBuffer, KeyContext, derive_v2};
use neural_vault_core::wire::*;
use neural_vault_token_simulator::client::{Client, Transport};
use sha2::Sha256;

use crate::gdb::Stopped;
use crate::machine::{Machine, Setup};
use crate::secret_bytes::{copies, session_keys};
use crate::small::{DIMS, THRESHOLD, scan, with_model};
use crate::story::Host;

/// Where the board's RAM lies, and how much of it the firmware may use.
const RAM: (u32, usize) = (0x2000_0000, 64 * 1024);

const SLOT: u8 = 0;
const APPLICATION: &[u8] = b"door";

const DEVICE_SECRET: [u8; 32] = *b"device secret, as nobody else is";
const ADMIN_KEY: [u8; 32] = *b"administrator's key, some others";

const DEVICE: &str = "device secret";
const ADMINISTRATOR: &str = "admin key";
const SESSION: &str = "session keys";
const EMBEDDING: &str = "embedding";

/// A permanently undefined instruction.
const UNDEFINED: [u8; 2] = [0x00, 0xde];

/// What is searched for.
struct Watch {
    socket: PathBuf,
    secrets: Vec<(&'static str, Vec<u8>)>,
    /// How often the RAM was searched.
    looks: usize,
}

impl Watch {
    fn add(&mut self, name: &'static str, secret: &[u8]) {
        self.secrets.push((name, secret.to_vec()));
    }

    /// Searches the RAM of the running token: each of the named secrets must be there once, all others nowhere.
    fn look(&mut self, event: &str, expected: &[&str]) -> Result<(), Box<dyn Error>> {
        let ram = Stopped::at(&self.socket)?.read(RAM.0, RAM.1)?;
        self.search(&ram, event, expected)
    }

    fn search(&mut self, ram: &[u8], event: &str, expected: &[&str]) -> Result<(), Box<dyn Error>> {
        self.looks += 1;
        let mut wrong = Vec::new();
        for (name, secret) in &self.secrets {
            let (found, right) = (copies(ram, secret), usize::from(expected.contains(name)));
            if found != right {
                wrong.push(format!("{name} {found} times, not {right}"));
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(format!("{event}: in RAM is {}", wrong.join(", ")).into()) }
    }

    /// Replaces the keys that are watched by those of the session just opened.
    fn watch_session(&mut self, client: &mut Client<Machine>) {
        self.secrets.retain(|(name, _)| *name != SESSION);
        let keys = session_keys(client.session());
        self.add(SESSION, &keys);
    }
}

/// Takes a token from blank to wiped and to disabled; prints how often its RAM was searched, and for what.
pub fn search(setup: &Setup) -> Result<(), Box<dyn Error>> {
    let (mut setup, bundle) = with_model(setup)?;
    let socket = setup.folder.join("gdb.sock");
    setup.more = vec!["-gdb".to_owned(), format!("unix:{},server=on,wait=off", socket.display())];
    let mut watch = Watch { socket, secrets: Vec::new(), looks: 0 };
    let host = Host::new(bundle.bytes(), 1)?;
    let floats = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    watch.add(DEVICE, &DEVICE_SECRET);
    watch.add(ADMINISTRATOR, &ADMIN_KEY);
    watch.add(EMBEDDING, &floats(&host.embedding(&scan(2))?));
    watch.add("prototype", &floats(&host.embedding(&scan(1))?));
    let running = [DEVICE, ADMINISTRATOR, SESSION];

    let mut token = setup.start(None)?;
    let board: [u8; 32] = std::fs::read(setup.folder.join("token.secret"))?[..].try_into()?;
    watch.add("board secret", &board);
    for generation in 0u32..8 {
        let mut key = [0; 16];
        let info = [&b"neural-vault/token/seal/v2"[..], &generation.to_le_bytes()].concat();
        Hkdf::<Sha256>::from_prk(&board)?.expand(&info, &mut key)?;
        watch.add("sealing key", &key);
    }
    watch.watch_session(&mut token);
    watch.look("blank", &[SESSION])?;
    token.call::<Provision>(&Provisioning {
        device_secret: Some(DeviceSecret::from_bytes(&DEVICE_SECRET)),
        admin_key: AdminKey::from_bytes(&ADMIN_KEY),
        model: *Bundle::open(bundle.bytes())?.digest(),
        window: 1,
        policy: Policy { allow_export: true, confirm_verify: false, confirm_challenge: false },
    })?;
    watch.look("provisioned", &running)?;
    let enrolled = token.enrol(&ADMIN_KEY, SLOT, DIMS.features, &[scan(1)], THRESHOLD)?;
    watch.add("challenge key", enrolled.challenge_key.expose_secret());
    let bundle = Bundle::open(bundle.bytes())?;
    let context = KeyContext { model_digest: bundle.digest(), enrolment_id: &enrolled.id, application: APPLICATION };
    let mut buffer = KeyBuffer::empty();
    let key = derive_v2(&host.embedding(&scan(1))?, &DeviceSecret::from_bytes(&DEVICE_SECRET), &context, &mut buffer)?;
    watch.add("exported key", key.expose_secret());
    watch.look("enrolled", &running)?;
    token.transport.stop();
    let mut token = setup.start(None)?;
    watch.watch_session(&mut token);
    watch.look("started", &running)?;

    let question = Question { slot: SLOT, nonce: [3; 32], application: APPLICATION };
    let request = KeyRequest { slot: SLOT, application: APPLICATION };
    for purpose in [Purpose::Verify { slot: SLOT }, Purpose::Challenge(question), Purpose::Export(request)] {
        for person in [1, 2] {
            token.scan(purpose, DIMS.features, &scan(person))?;
            let held = if person == 1 { "prototype" } else { EMBEDDING };
            watch.look("scan complete", &[&running[..], &[held]].concat())?;
            let released = match purpose {
                Purpose::Verify { .. } => token.call::<Verify>(&()).is_ok(),
                Purpose::Challenge(_) => token.call::<Challenge>(&()).is_ok(),
                _ => token.call::<ExportKey>(&()).is_ok(),
            };
            if released != (person == 1) {
                return Err(format!("person {person}: {released}").into());
            }
            watch.look("answered", &running)?;
        }
    }
    token.transport.exchange(b"\x05no frame at all\0");
    watch.look("a damaged frame", &running)?;
    let slot = SlotNumber { slot: SLOT };
    if token.admin::<Revoke, _>(&DEVICE_SECRET, slot).is_ok() {
        return Err("a wrong tag was accepted".into());
    }
    watch.look("a wrong tag", &running)?;
    let rotated = token.admin::<Rotate, _>(&ADMIN_KEY, slot)?;
    watch.add("rotated challenge key", rotated.challenge_key.expose_secret());
    watch.look("rotated", &running)?;

    token.scan(Purpose::Verify { slot: SLOT }, DIMS.features, &scan(2))?;
    watch.look("before a processor fault", &[&running[..], &[EMBEDDING]].concat())?;
    let ram = ram_after_a_fault(&watch.socket, &mut token.transport)?;
    watch.search(&ram, "a processor fault", &[])?;
    token.transport.stop();

    let mut token = setup.start(None)?;
    watch.watch_session(&mut token);
    token.admin::<Revoke, _>(&ADMIN_KEY, slot)?;
    watch.look("revoked", &running)?;
    let sound = std::fs::read(setup.folder.join("token.flash"))?;
    token.admin::<Wipe, _>(&ADMIN_KEY, ())?;
    watch.look("wiped", &[])?;
    token.transport.stop();

    // The flash as it was before the wipe, which the board's counter refuses.
    std::fs::write(setup.folder.join("token.flash"), sound)?;
    let mut token = setup.start(None)?;
    watch.watch_session(&mut token);
    if token.call::<Info>(&())?.state != State::Disabled {
        return Err("an old flash was taken".into());
    }
    watch.look("disabled", &[SESSION])?;
    println!("RAM searched {} times for {} secrets: none where it may not be", watch.looks, watch.secrets.len());
    Ok(())
}

/// The RAM after a waiting processor met an undefined instruction, when it starts again.
fn ram_after_a_fault(socket: &Path, token: &mut Machine) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut stopped = Stopped::at(socket)?;
    let reset = u32::from_le_bytes(stopped.read(4, 4)?[..].try_into()?) & !1;
    let here = stopped.program_counter()?;
    stopped.write(here, &UNDEFINED)?;
    // A byte wakes it.
    token.send(&[1])?;
    stopped.run_to(reset)?;
    stopped.read(RAM.0, RAM.1)
}
