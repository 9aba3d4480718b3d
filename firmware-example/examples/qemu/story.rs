//! A token from blank to wiped on real recordings; what it prints is compared with a committed copy.

use std::error::Error;

use hmac::{Hmac, KeyInit, Mac};
use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::Encoder;
use neural_vault_core::key::{DeviceSecret, KeyBuffer, KeyContext, derive_v2};
use neural_vault_core::scan::ScanEncoder;
use neural_vault_core::wire::*;
use neural_vault_token::limits::{MISSES_IN_A_ROW, MISSES_IN_ALL};
use neural_vault_token_simulator::client::Client;
use sha2::Sha256;

use crate::machine::{Machine, Setup};
use crate::recordings::Recordings;

type Outcome<T> = Result<T, Box<dyn Error>>;

pub const ADMIN: [u8; 32] = [0xad; 32];
const SECRET: [u8; 32] = [0x5e; 32];
pub const SLOT: SlotNumber = SlotNumber { slot: 0 };
const APPLICATION: &[u8] = b"door";

/// Label and session to enrol, and the session whose scans are verified.
const ENROLLED: (&str, &str) = ("house", "run04");
const PROBES: &str = "run05";

/// Frames of the demo model's probes.
const DEMO_WINDOW: usize = 9;

/// The demo model's threshold, from its card.
const THRESHOLD: f32 = 0.7269;

/// The host's own copy of the model.
pub struct Host<'m> {
    bundle: Bundle<'m>,
    window: usize,
}

impl<'m> Host<'m> {
    pub fn new(model: &'m [u8], window: usize) -> Outcome<Self> {
        Ok(Self { bundle: Bundle::open(model)?, window })
    }

    pub fn features(&self) -> usize {
        self.bundle.dims().features
    }

    pub fn embedding(&self, scan: &[f32]) -> Outcome<Vec<f32>> {
        let (encoder, dims) = (self.bundle.encoder(), self.bundle.dims());
        let mut scratch = vec![0.0; Encoder::scratch_len(&dims, self.window)];
        let mut embedding = vec![0.0; dims.latent];
        ScanEncoder::new(&encoder, self.window, &mut scratch)?.embed(scan, &mut embedding)?;
        Ok(embedding)
    }

    /// The v2 key of an enrolment of one scan.
    fn key(&self, scan: &[f32], id: [u8; 16]) -> Outcome<[u8; 32]> {
        let context = KeyContext { model_digest: self.bundle.digest(), enrolment_id: &id, application: APPLICATION };
        let mut buffer = KeyBuffer::empty();
        let key = derive_v2(&self.embedding(scan)?, &DeviceSecret::from_bytes(&SECRET), &context, &mut buffer)?;
        Ok(*key.expose_secret())
    }
}

/// Provisions a blank token for the host's model.
pub fn provision(client: &mut Client<Machine>, host: &Host<'_>) -> Result<(), Refusal> {
    client.call::<Provision>(&Provisioning {
        device_secret: Some(DeviceSecret::from_bytes(&SECRET)),
        admin_key: AdminKey::from_bytes(&ADMIN),
        model: *host.bundle.digest(),
        window: host.window as u8,
        policy: Policy { allow_export: true },
    })
}

/// How many of the scans have the same embedding on the token as on the host, in every word.
pub fn equal_embeddings(client: &mut Client<Machine>, host: &Host<'_>, scans: &[Vec<f32>]) -> Outcome<usize> {
    let mut equal = 0;
    for scan in scans {
        client.scan(host.features(), scan)?;
        let expected: Vec<u8> = host.embedding(scan)?.iter().flat_map(|value| value.to_le_bytes()).collect();
        equal += usize::from(client.call::<Embed>(&())?.components == expected);
    }
    Ok(equal)
}

/// Takes a token from blank to wiped, and prints what it answers.
pub fn tell(setup: &Setup, model: &[u8], recordings: &Recordings) -> Outcome<()> {
    let host = Host::new(model, DEMO_WINDOW)?;
    let scan = |label: &str, session: &str| {
        recordings.get(&(label.to_owned(), session.to_owned())).ok_or_else(|| format!("no {label} in {session}"))
    };
    let enrolled = scan(ENROLLED.0, ENROLLED.1)?;
    let probes: Vec<_> = recordings.iter().filter(|((_, session), _)| session == PROBES).collect();

    let mut token = setup.start()?;
    let token = &mut token;
    show_state(token)?;
    println!("self-test: parts {:#07b}", token.call::<SelfTest>(&())?.passed);
    provision(token, &host)?;
    show_state(token)?;
    let sample: Vec<Vec<f32>> = recordings.values().take(20).map(|scan| first_frame(&host, scan).to_vec()).collect();
    println!("embeddings equal to the host's: {} of {}", equal_embeddings(token, &host, &sample)?, sample.len());

    let id = token.enrol(&ADMIN, SLOT.slot, host.features(), std::slice::from_ref(enrolled), THRESHOLD)?.id;
    println!("enrolled {} of {}", ENROLLED.0, ENROLLED.1);
    show_state(token)?;
    for ((label, session), probe) in &probes {
        token.scan(host.features(), probe)?;
        println!("verify {label} of {session}: {}", verdict(token.call::<Verify>(&SLOT))?);
        if token.call::<Info>(&())?.state == State::Locked {
            println!("power cycle");
            *token = restart(setup, token)?;
        }
    }
    answer_challenge(token, &host, enrolled, id)?;

    let rotated = token.admin::<Rotate, _>(&ADMIN, SLOT)?.id;
    println!("rotated: {}", if rotated == id { "the same enrolment" } else { "a new enrolment" });
    answer_challenge(token, &host, enrolled, rotated)?;
    println!("the old key: {}", same(export(token, &host, enrolled)? == host.key(enrolled, id)?));

    lock_out(setup, token, &host, probes.first().ok_or("no probe")?.1, enrolled)?;

    token.admin::<Revoke, _>(&ADMIN, SLOT)?;
    println!("revoked");
    show_state(token)?;
    token.scan(host.features(), enrolled)?;
    println!("verify the enrolled scan: {}", verdict(token.call::<Verify>(&SLOT))?);
    token.admin::<Wipe, _>(&ADMIN, ())?;
    println!("wiped");
    show_state(token)?;
    *token = restart(setup, token)?;
    show_state(token)
}

/// Sends misses until the token disables the slot; restarts it whenever it locks.
fn lock_out(
    setup: &Setup,
    token: &mut Client<Machine>,
    host: &Host<'_>,
    impostor: &[f32],
    genuine: &[f32],
) -> Outcome<()> {
    token.admin::<ResetAttempts, _>(&ADMIN, SLOT)?;
    let (mut misses, mut restarts) = (0, 0);
    loop {
        token.scan(host.features(), first_frame(host, impostor))?;
        match token.call::<Verify>(&SLOT).map_err(|refusal| refusal.fault()) {
            Err(Some(Fault::Rejected)) => misses += 1,
            Err(Some(Fault::PowerCycleNeeded)) => {
                *token = restart(setup, token)?;
                restarts += 1;
            }
            Err(Some(Fault::SlotDisabled)) => break,
            other => return Err(format!("unexpected: {other:?}").into()),
        }
    }
    println!("lockout: {misses} misses over {restarts} restarts ({MISSES_IN_A_ROW} in a row, {MISSES_IN_ALL} in all)");
    token.scan(host.features(), genuine)?;
    println!("verify the enrolled scan: {}", verdict(token.call::<Verify>(&SLOT))?);
    token.admin::<ResetAttempts, _>(&ADMIN, SLOT)?;
    token.scan(host.features(), genuine)?;
    println!("after a reset: {}", verdict(token.call::<Verify>(&SLOT))?);
    Ok(())
}

/// The first frame of a scan: a whole scan would take long on QEMU's serial port.
pub fn first_frame<'s>(host: &Host<'_>, scan: &'s [f32]) -> &'s [f32] {
    scan.get(..host.features()).unwrap_or(scan)
}

fn answer_challenge(token: &mut Client<Machine>, host: &Host<'_>, enrolled: &[f32], id: [u8; 16]) -> Outcome<()> {
    let key = host.key(enrolled, id)?;
    token.scan(host.features(), enrolled)?;
    let nonce = [3; 32];
    let answer = token.call::<Challenge>(&Question { slot: SLOT.slot, nonce, application: APPLICATION })?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| "HMAC")?;
    mac.update(&nonce);
    println!("challenge under the host's own v2 key: {}", same(mac.verify_slice(&answer).is_ok()));
    println!("exported key and the host's own: {}", same(export(token, host, enrolled)? == key));
    Ok(())
}

fn export(token: &mut Client<Machine>, host: &Host<'_>, scan: &[f32]) -> Outcome<[u8; 32]> {
    token.scan(host.features(), scan)?;
    let key = token.call::<ExportKey>(&KeyRequest { slot: SLOT.slot, application: APPLICATION })?;
    Ok(*key.expose_secret())
}

fn restart(setup: &Setup, token: &mut Client<Machine>) -> Outcome<Client<Machine>> {
    token.transport.stop();
    setup.start()
}

fn show_state(token: &mut Client<Machine>) -> Outcome<()> {
    println!("state: {:?}", token.call::<Info>(&())?.state);
    Ok(())
}

fn verdict(reply: Result<(), Refusal>) -> Outcome<String> {
    match reply {
        Ok(()) => Ok("accepted".to_owned()),
        Err(refusal) => Ok(refusal.to_string()),
    }
}

fn same(same: bool) -> &'static str {
    if same { "the same" } else { "not the same" }
}
