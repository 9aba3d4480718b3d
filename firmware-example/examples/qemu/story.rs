//! A token from blank to wiped on real recordings; what it prints is compared with a committed copy.

use std::error::Error;

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::Encoder;
use neural_vault_core::key::{DeviceSecret, KeyBuffer, KeyContext, derive_v2};
use neural_vault_core::prototype;
use neural_vault_core::scan::ScanEncoder;
use neural_vault_core::verify::ACCEPTED;
use neural_vault_core::wire::*;
use neural_vault_session::PublicKey;
use neural_vault_token::limits::MISSES_IN_A_ROW;
use neural_vault_token_simulator::client::Client;

use crate::machine::{Machine, Setup};
use crate::recordings::Recordings;

pub type Outcome<T> = Result<T, Box<dyn Error>>;

pub const ADMIN: [u8; 32] = [0xad; 32];
pub const SECRET: [u8; 32] = [0x5e; 32];
pub const SLOT: SlotNumber = SlotNumber { slot: 0 };
pub const IN_SLOT: Purpose<'_> = Purpose::Verify { slot: SLOT.slot };
const APPLICATION: &[u8] = b"door";

/// Label and session to enrol, and the session whose scans are verified.
const ENROLLED: (&str, &str) = ("house", "run04");
const PROBES: &str = "run05";

/// Frames of the demo model's probes.
const DEMO_WINDOW: usize = 9;

/// The demo model's threshold, from its card.
const THRESHOLD: f32 = 0.7269;

/// How many impostors that threshold accepted on the demo's probes, 5 of 56, and the upper end of the 95 % interval.
const FALSE_MATCHES: FalseMatches = FalseMatches { matches: 5, trials: 56, persons: 8, bound: 0.1963 };

/// A risk that allows some attempts nevertheless: a stranger is as good as certain to be accepted.
const ACCEPTED_RISK: AcceptedRisk = AcceptedRisk { attempts: 8, chance: 1.0 };

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

    /// The prototype of one scan: its embedding, rounded where a token rounds it.
    fn prototype(&self, scan: &[f32]) -> Outcome<Vec<f32>> {
        let mut prototype = self.embedding(scan)?;
        if self.bundle.dims().is_connectome() {
            let mut codes = vec![0; prototype.len()];
            let scale = prototype::round(&prototype, &mut codes)?;
            prototype::restore(&codes, scale, &mut prototype)?;
        }
        Ok(prototype)
    }

    /// The v2 key of an enrolment of one scan.
    fn key(&self, scan: &[f32], id: [u8; 16]) -> Outcome<[u8; 32]> {
        let context = KeyContext { model_digest: self.bundle.digest(), enrolment_id: &id, application: APPLICATION };
        let mut buffer = KeyBuffer::empty();
        let key = derive_v2(&self.prototype(scan)?, &DeviceSecret::from_bytes(&SECRET), &context, &mut buffer)?;
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
        policy: Policy { allow_export: true, confirm_verify: false, confirm_challenge: false },
    })
}

/// How many of the scans have the same embedding on the token as on the host, in every word.
pub fn equal_embeddings(client: &mut Client<Machine>, host: &Host<'_>, scans: &[Vec<f32>]) -> Outcome<usize> {
    let mut equal = 0;
    for scan in scans {
        client.scan(Purpose::Embed, host.features(), scan)?;
        let bits = |embedding: Vec<f32>| embedding.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        equal += usize::from(bits(client.embedding()?) == bits(host.embedding(scan)?));
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

    let mut token = setup.start(None)?;
    let token = &mut token;
    let key = token.token.ok_or("no key")?;
    show_state(token)?;
    println!("self-test: parts {:#07b}", token.call::<SelfTest>(&())?.passed);
    provision(token, &host)?;
    show_state(token)?;
    *token = restart(setup, token, Some(&key))?;
    println!("after a power cycle: a session with the key of the first contact");
    let sample: Vec<Vec<f32>> = recordings.values().take(20).map(|scan| first_frame(&host, scan).to_vec()).collect();
    println!("embeddings equal to the host's: {} of {}", equal_embeddings(token, &host, &sample)?, sample.len());

    let refused = enrol(token, &host, enrolled, None)?;
    println!("enrol with 5 false matches in 56 trials: {}", refused.err().ok_or("enrolled")?);
    let enrolment = enrol(token, &host, enrolled, Some(ACCEPTED_RISK))??;
    println!("enrolled {} of {}, with a risk accepted", ENROLLED.0, ENROLLED.1);
    show_state(token)?;
    for ((label, session), probe) in &probes {
        println!("verify {label} of {session}: {}", verify(token, &host, probe)?);
        if token.call::<Info>(&())?.state == State::Locked {
            println!("power cycle");
            *token = restart(setup, token, Some(&key))?;
        }
    }
    token.admin::<ResetAttempts, _>(&ADMIN, ())?;
    answer_challenge(token, &host, enrolled, &enrolment)?;
    compare_key(token, &host, enrolled, (enrolled, &enrolment))?;

    let rotated = token.admin::<Rotate, _>(&ADMIN, SLOT)?;
    println!("rotated: {}", if rotated.id == enrolment.id { "the same enrolment" } else { "a new enrolment" });
    answer_challenge(token, &host, enrolled, &rotated)?;
    compare_key(token, &host, enrolled, (enrolled, &rotated))?;
    println!("the old key: {}", same(export(token, &host, enrolled)? == host.key(enrolled, enrolment.id)?));
    let kept = Policy { allow_export: false, confirm_verify: false, confirm_challenge: false };
    token.admin::<SetPolicy, _>(&ADMIN, kept)?;
    println!("export after it was given up: {}", export(token, &host, enrolled).err().ok_or("exported")?);

    lock_out(setup, token, &key, &host, probes.first().ok_or("no probe")?.1, enrolled)?;

    token.admin::<Revoke, _>(&ADMIN, SLOT)?;
    println!("revoked");
    show_state(token)?;
    println!("verify the enrolled scan: {}", verify(token, &host, enrolled)?);
    token.admin::<Wipe, _>(&ADMIN, ())?;
    println!("wiped");
    println!("a session with the old key: {}", token.handshake_with(Some(&key)).err().ok_or("a session")?);
    token.handshake()?;
    show_state(token)?;
    *token = restart(setup, token, None)?;
    show_state(token)
}

/// Enrols one scan, whose threshold is that of the demo's model.
fn enrol(
    token: &mut Client<Machine>,
    host: &Host<'_>,
    scan: &[f32],
    accepted_risk: Option<AcceptedRisk>,
) -> Outcome<Result<Enrolled, Refusal>> {
    token.scan(Purpose::Enrol, host.features(), scan)?;
    let EnrolmentProgress { scans, prototype } = token.call::<EnrolScan>(&EnrolmentScan { first: true })?;
    let label = Label::new(ENROLLED.0).ok_or("a long label")?;
    let (threshold, false_matches, slot) = (THRESHOLD, FALSE_MATCHES, SLOT.slot);
    let enrolment = Enrolment { slot, label, scans, threshold, frames: 0, prototype, false_matches, accepted_risk };
    Ok(token.admin::<Enrol, _>(&ADMIN, enrolment))
}

/// Sends misses until the budget is used up; restarts the token whenever it locks.
fn lock_out(
    setup: &Setup,
    token: &mut Client<Machine>,
    key: &PublicKey,
    host: &Host<'_>,
    impostor: &[f32],
    genuine: &[f32],
) -> Outcome<()> {
    token.admin::<ResetAttempts, _>(&ADMIN, ())?;
    let (mut misses, mut restarts) = (0, 0);
    loop {
        token.scan(IN_SLOT, host.features(), first_frame(host, impostor))?;
        match token.call::<Verify>(&()).map_err(|refusal| refusal.fault()) {
            Err(Some(Fault::Rejected)) => misses += 1,
            Err(Some(Fault::PowerCycleNeeded)) => {
                *token = restart(setup, token, Some(key))?;
                restarts += 1;
            }
            Err(Some(Fault::BudgetUsedUp)) => break,
            other => return Err(format!("unexpected: {:?}", other.err()).into()),
        }
    }
    let TokenInfo { budget, accepted_risk, .. } = token.call::<Info>(&())?;
    println!("lockout: {misses} misses over {restarts} restarts ({MISSES_IN_A_ROW} in a row, {budget} in all)");
    let AcceptedRisk { attempts, chance } = accepted_risk.ok_or("no risk")?;
    println!("the accepted risk: a stranger's chance in {attempts} attempts is up to {chance:.2}");
    println!("verify the enrolled scan: {}", verify(token, host, genuine)?);
    token.admin::<ResetAttempts, _>(&ADMIN, ())?;
    println!("after a reset: {}", verify(token, host, genuine)?);
    Ok(())
}

/// The first frame of a scan: a whole scan would take long on QEMU's serial port.
pub fn first_frame<'s>(host: &Host<'_>, scan: &'s [f32]) -> &'s [f32] {
    scan.get(..host.features()).unwrap_or(scan)
}

pub fn answer_challenge(
    token: &mut Client<Machine>,
    host: &Host<'_>,
    scan: &[f32],
    enrolled: &Enrolled,
) -> Outcome<()> {
    let question = Question { slot: SLOT.slot, nonce: [3; 32], application: APPLICATION };
    token.scan(Purpose::Challenge(question), host.features(), scan)?;
    let answer = token.call::<Challenge>(&())?;
    let expected = enrolled.challenge_key.answer(question.application, &question.nonce)?;
    println!("challenge under the enrolment's challenge key: {}", same(answer == expected));
    Ok(())
}

/// Exports the key that a probe releases, and compares it with the host's own of the scan that was enrolled.
pub fn compare_key(
    token: &mut Client<Machine>,
    host: &Host<'_>,
    probe: &[f32],
    (scan, enrolled): (&[f32], &Enrolled),
) -> Outcome<()> {
    let own = host.key(scan, enrolled.id)?;
    println!("exported key and the host's own: {}", same(export(token, host, probe)? == own));
    Ok(())
}

fn export(token: &mut Client<Machine>, host: &Host<'_>, scan: &[f32]) -> Outcome<[u8; 32]> {
    let request = KeyRequest { slot: SLOT.slot, application: APPLICATION };
    token.scan(Purpose::Export(request), host.features(), scan)?;
    let key = token.call::<ExportKey>(&())?;
    Ok(*key.expose_secret())
}

pub fn verify(token: &mut Client<Machine>, host: &Host<'_>, scan: &[f32]) -> Outcome<String> {
    token.scan(IN_SLOT, host.features(), scan)?;
    match token.call::<Verify>(&()) {
        Ok(Verdict { word: ACCEPTED }) => Ok("accepted".to_owned()),
        Ok(Verdict { word }) => Err(format!("no verdict: {word:#x}").into()),
        Err(refusal) => Ok(refusal.to_string()),
    }
}

pub fn restart(setup: &Setup, token: &mut Client<Machine>, key: Option<&PublicKey>) -> Outcome<Client<Machine>> {
    token.transport.stop();
    setup.start(key)
}

pub fn show_state(token: &mut Client<Machine>) -> Outcome<()> {
    println!("state: {:?}", token.call::<Info>(&())?.state);
    Ok(())
}

fn same(same: bool) -> &'static str {
    if same { "the same" } else { "not the same" }
}
