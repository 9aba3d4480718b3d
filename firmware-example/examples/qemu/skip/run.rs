//! One run: a token that must refuse what it is asked for, while one branch is decided wrongly.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use neural_vault_core::bundle::Bundle;
use neural_vault_core::key::{DerivedKey, DeviceSecret, KeyBuffer, KeyContext, derive_v2};
use neural_vault_core::testing::Aligned;
use neural_vault_core::verify::ACCEPTED;
use neural_vault_core::wire::*;
use neural_vault_session::PublicKey;
use neural_vault_token_simulator::client::Client;
use neural_vault_token_simulator::rates;

use super::branch::{Branch, Fault};
use super::copy_token;
use crate::gdb::Stopped;
use crate::machine::{Machine, Setup};
use crate::small::{DIMS, THRESHOLD, scan, with_model};
use crate::story::{ADMIN, Host, SECRET, provision};

const SLOT: u8 = 0;
const APPLICATION: &[u8] = b"door";
const NONCE: [u8; 32] = [0x2a; 32];

/// Longest wait for an answer; a clean one takes a hundredth of it.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Where code lies, and the most bytes of it.
const CODE: (u32, usize) = (0, 128 * 1024);

/// What the token is asked to release.
#[derive(Clone, Copy, Debug)]
pub enum Release {
    Verdict,
    Answer,
    Key,
}

impl Release {
    pub fn name(self) -> &'static str {
        match self {
            Self::Verdict => Verify::NAME,
            Self::Answer => Challenge::NAME,
            Self::Key => ExportKey::NAME,
        }
    }

    fn purpose(self) -> Purpose<'static> {
        match self {
            Self::Verdict => Purpose::Verify { slot: SLOT },
            Self::Answer => Purpose::Challenge(Question { slot: SLOT, nonce: NONCE, application: APPLICATION }),
            Self::Key => Purpose::Export(KeyRequest { slot: SLOT, application: APPLICATION }),
        }
    }

    fn request(self, client: &mut Client<Machine>) -> Vec<u8> {
        match self {
            Self::Verdict => client.sealed::<Verify>(&()),
            Self::Answer => client.sealed::<Challenge>(&()),
            Self::Key => client.sealed::<ExportKey>(&()),
        }
    }
}

/// Why the token must refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The scan is another person's.
    OtherPerson,
    /// The scan is the enrolled person's, and the attempts are used up.
    UsedUp,
    /// The scan is the enrolled person's, and the policy forbids the export of keys.
    Forbidden,
}

impl Reason {
    const ALL: [Self; 3] = [Self::OtherPerson, Self::UsedUp, Self::Forbidden];

    pub fn name(self) -> &'static str {
        match self {
            Self::OtherPerson => "other-person",
            Self::UsedUp => "used-up",
            Self::Forbidden => "forbidden",
        }
    }

    fn scan(self) -> Vec<f32> {
        scan(if self == Self::OtherPerson { 2 } else { 1 })
    }
}

/// What the token is asked for, and why it must refuse.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub release: Release,
    pub reason: Reason,
}

impl Case {
    pub const ALL: [Self; 7] = [
        Self { release: Release::Verdict, reason: Reason::OtherPerson },
        Self { release: Release::Answer, reason: Reason::OtherPerson },
        Self { release: Release::Key, reason: Reason::OtherPerson },
        Self { release: Release::Verdict, reason: Reason::UsedUp },
        Self { release: Release::Answer, reason: Reason::UsedUp },
        Self { release: Release::Key, reason: Reason::UsedUp },
        Self { release: Release::Key, reason: Reason::Forbidden },
    ];
}

/// What a run ended in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The verdict, the answer or the key was released, or a secret was in the answer.
    Released(&'static str),
    /// The session answered that the scan was rejected.
    Rejected,
    /// Another refusal, in the session or in clear.
    Refused,
    /// An answer without a refusal, that is none of what was asked for.
    Useless,
    /// Bytes that are no answer of the session.
    Unreadable,
    /// No answer: the token hangs, or has reset.
    Silent,
}

impl Outcome {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Released(_) => "released",
            Self::Rejected => "rejected",
            Self::Refused => "refused_otherwise",
            Self::Useless => "useless_answer",
            Self::Unreadable => "unreadable",
            Self::Silent => "silent",
        }
    }

    pub fn is_a_release(&self) -> bool {
        matches!(self, Self::Released(_))
    }
}

/// An enrolled token, and what must not leave it.
pub struct Bench {
    setup: Setup,
    token: PublicKey,
    key: [u8; 32],
    answer: [u8; 32],
    /// Names and bytes.
    secrets: Vec<(&'static str, Vec<u8>)>,
}

impl Bench {
    /// Provisions and enrols the blank token of the setup.
    pub fn prepare(setup: &Setup) -> Result<Self, Box<dyn Error>> {
        let (setup, model) = with_model(setup)?;
        let host = Host::new(model.bytes(), 1)?;
        let enrolled = scan(1);
        let mut client = setup.start(None)?;
        let token = client.token.ok_or("no key")?;
        provision(&mut client, &host)?;
        let Enrolled { id, challenge_key } = enrol(&mut client, &enrolled)?;
        client.transport.stop();
        let prototype = host.embedding(&enrolled)?;
        let answer = challenge_key.answer(APPLICATION, &NONCE)?;
        let key = key(&model, &prototype, &id)?;
        let bytes = |floats: &[f32]| floats.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        let secrets = vec![
            ("the key", key.to_vec()),
            ("the challenge key", challenge_key.expose_secret().to_vec()),
            ("the device secret", SECRET.to_vec()),
            ("the administrator's key", ADMIN.to_vec()),
            ("the prototype", bytes(&prototype)),
        ];
        let bench = Self { setup, token, key, answer, secrets };
        Reason::ALL.into_iter().try_for_each(|reason| bench.prepare_reason(reason))?;
        Ok(bench)
    }

    /// Gives a token of its own to this reason, in a folder of its own.
    fn prepare_reason(&self, reason: Reason) -> Result<(), Box<dyn Error>> {
        let folder = self.setup.folder.join(reason.name());
        std::fs::create_dir_all(&folder)?;
        copy_token(&self.setup.folder, &folder)?;
        let mut client = Setup { folder, ..self.setup.clone() }.start(Some(&self.token))?;
        match reason {
            Reason::UsedUp => {
                client.scan(Purpose::Verify { slot: SLOT }, DIMS.features, &scan(2))?;
                if client.call::<Verify>(&()).is_ok() {
                    return Err("another person's scan was accepted".into());
                }
            }
            // A forbidden export is refused when its scan begins, so it is forbidden afterwards.
            Reason::OtherPerson | Reason::Forbidden => {}
        }
        Ok(())
    }

    /// A worker's folder.
    pub fn folder(&self, worker: usize) -> std::io::Result<PathBuf> {
        let folder = self.setup.folder.join(format!("worker{worker}"));
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// The code, and the addresses of all instructions that a clean run executes.
    pub fn trace(&self, case: Case) -> Result<(Vec<u8>, BTreeSet<u32>), Box<dyn Error>> {
        let folder = self.folder(0)?;
        let log = folder.join("log");
        let mut client = self.complete_scan(&folder, case, &["-singlestep", "-D", &log.display().to_string()])?;
        let mut stopped = Stopped::at(&folder.join("gdb.sock"))?;
        let code = stopped.read(CODE.0, CODE.1)?;
        stopped.monitor("log exec,nochain")?;
        drop(stopped);
        let frame = case.release.request(&mut client);
        client.transport.send(&frame)?;
        let answer = client.transport.answer();
        let outcome = self.judge(&mut client, case.release, answer);
        client.transport.stop();
        let right = if case.reason == Reason::OtherPerson { Outcome::Rejected } else { Outcome::Refused };
        if outcome != right {
            return Err(format!("{case:?}: a clean run ended otherwise: {outcome:?}").into());
        }
        let text = std::fs::read_to_string(&log)?;
        // `Trace 0: 0x7f... [00000400/00001234/00000110/ff021001] function`
        let executed =
            text.lines().filter_map(|line| line.split('/').nth(1)).map(|digits| u32::from_str_radix(digits, 16));
        Ok((code, executed.collect::<Result<_, _>>()?))
    }

    /// A run with one branch decided wrongly: its outcome, and whether the attempt was counted, if that can be told.
    pub fn run(
        &self,
        folder: &Path,
        case: Case,
        branch: &Branch,
        fault: Fault,
    ) -> Result<(Outcome, Option<bool>), Box<dyn Error>> {
        let mut client = self.complete_scan(folder, case, &[])?;
        let socket = folder.join("gdb.sock");
        Stopped::at(&socket)?.write(branch.address, branch.after(fault))?;
        let frame = case.release.request(&mut client);
        client.transport.set_timeout(TIMEOUT)?;
        client.transport.send(&frame)?;
        let answer = client.transport.answer();
        let outcome = self.judge(&mut client, case.release, answer);
        if client.transport.was_killed() {
            return Err("QEMU was ended from outside".into());
        }
        let mut counted = None;
        if outcome == Outcome::Rejected {
            Stopped::at(&socket)?.write(branch.address, &branch.bytes)?;
            counted = misses(&mut client).map(|misses| misses > 0);
        }
        Ok((outcome, counted))
    }

    /// Starts the token of the case and sends it the scan.
    fn complete_scan(&self, folder: &Path, case: Case, more: &[&str]) -> Result<Client<Machine>, Box<dyn Error>> {
        copy_token(&self.setup.folder.join(case.reason.name()), folder)?;
        let mut setup = Setup { folder: folder.to_owned(), ..self.setup.clone() };
        let debugger = format!("unix:{},server=on,wait=off", folder.join("gdb.sock").display());
        setup.more = ["-gdb", &debugger].iter().chain(more).map(|&word| word.to_owned()).collect();
        let mut client = setup.start(Some(&self.token))?;
        client.scan(case.release.purpose(), DIMS.features, &case.reason.scan())?;
        if case.reason == Reason::Forbidden {
            let policy = Policy { allow_export: false, confirm_verify: false, confirm_challenge: false };
            client.admin::<SetPolicy, _>(&ADMIN, policy)?;
        }
        Ok(client)
    }

    fn judge(&self, client: &mut Client<Machine>, release: Release, mut answer: Vec<u8>) -> Outcome {
        if answer.is_empty() {
            return Outcome::Silent;
        }
        if let Some(name) = self.secret_in(&answer) {
            return Outcome::Released(name);
        }
        answer.pop();
        let Ok(Frame { kind, payload, .. }) = decode(&mut answer) else {
            return Outcome::Unreadable;
        };
        if let Some(name) = self.secret_in(payload) {
            return Outcome::Released(name);
        }
        if kind == Kind::Refusal {
            return Outcome::Refused;
        }
        let Ok(opened) = client.session().open(payload) else {
            return Outcome::Unreadable;
        };
        if let Some(name) = self.secret_in(opened) {
            return Outcome::Released(name);
        }
        let Ok(packet) = Packet::split(opened) else {
            return Outcome::Unreadable;
        };
        match release {
            Release::Verdict => reply::<Verify>(&packet, |verdict| verdict.word == ACCEPTED),
            Release::Answer => reply::<Challenge>(&packet, |answer| *answer == self.answer),
            Release::Key => reply::<ExportKey>(&packet, |key: &DerivedKey| *key.expose_secret() == self.key),
        }
    }

    /// The secret of which eight bytes in a row are in these.
    fn secret_in(&self, bytes: &[u8]) -> Option<&'static str> {
        let is_there = |piece: &[u8]| bytes.windows(piece.len()).any(|window| window == piece);
        let found = self.secrets.iter().find(|(_, secret)| secret.chunks_exact(8).any(is_there));
        found.map(|(name, _)| *name)
    }
}

/// The outcome of an opened answer.
fn reply<'p, E: Endpoint>(packet: &Packet<'p>, is_released: impl FnOnce(&E::Answer<'p>) -> bool) -> Outcome {
    match packet.read::<Reply<'p, E>>() {
        Ok(Ok(answer)) if is_released(&answer) => Outcome::Released("what was asked for"),
        Ok(Ok(_)) => Outcome::Useless,
        Ok(Err(refusal)) if refusal.fault() == Some(neural_vault_core::wire::Fault::Rejected) => Outcome::Rejected,
        Ok(Err(_)) => Outcome::Refused,
        Err(_) => Outcome::Unreadable,
    }
}

/// The misses that the token counts, if it still answers in the session.
fn misses(client: &mut Client<Machine>) -> Option<u8> {
    let frame = client.sealed::<Info>(&());
    client.transport.send(&frame).ok()?;
    let mut answer = client.transport.answer();
    answer.pop();
    let opened = client.session().open(decode(&mut answer).ok()?.payload).ok()?;
    let info: Reply<'_, Info> = Packet::split(opened).ok()?.read().ok()?;
    Some(info.ok()?.misses)
}

/// Enrols a scan with a false match rate that allows one attempt.
fn enrol(client: &mut Client<Machine>, scan: &[f32]) -> Result<Enrolled, Box<dyn Error>> {
    client.scan(Purpose::Enrol, DIMS.features, scan)?;
    let EnrolmentProgress { scans, prototype } = client.call::<EnrolScan>(&EnrolmentScan { first: true })?;
    let rates = rates();
    let false_matches = FalseMatches { bound: 0.015, ..rates.false_matches };
    let enrolment = Enrolment { slot: SLOT, scans, threshold: THRESHOLD, prototype, false_matches, ..rates };
    Ok(client.admin::<Enrol, _>(&ADMIN, enrolment)?)
}

/// The v2 key of an enrolment.
fn key(model: &Aligned, prototype: &[f32], id: &[u8; 16]) -> Result<[u8; 32], Box<dyn Error>> {
    let bundle = Bundle::open(model.bytes())?;
    let context = KeyContext { model_digest: bundle.digest(), enrolment_id: id, application: APPLICATION };
    let mut buffer = KeyBuffer::empty();
    Ok(*derive_v2(prototype, &DeviceSecret::from_bytes(&SECRET), &context, &mut buffer)?.expose_secret())
}
