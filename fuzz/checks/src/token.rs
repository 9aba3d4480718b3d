//! A token under sequences of requests: a model says what each is answered, and what is refused changes nothing.

mod act;
mod link;
mod model;
pub(crate) mod persons;

use arbitrary::{Arbitrary, Unstructured};
use neural_vault_core::wire::*;
use neural_vault_token::memory::Memory;
use neural_vault_token_simulator::SimBoard;
use neural_vault_token_simulator::flash::Flash;
use sha2::{Digest, Sha256};

use act::{Act, Pin, Window};
use link::Link;
use model::{Model, Scan};
use persons::{FEATURES, MODEL, WINDOW};

/// Longest sequence of requests.
const LONGEST: usize = 64;

/// Takes `bytes` as a sequence of requests to a blank token.
pub fn check(bytes: &[u8]) {
    let Ok(acts) = Vec::<Act>::arbitrary(&mut Unstructured::new(bytes)) else { return };
    let mut acts = acts.iter().take(LONGEST).peekable();
    let mut board = SimBoard::new(Flash::new());
    let mut model = Model::default();
    // With random bytes that stay, the fuzzer learns from the comparisons it watches which tag a frame should have.
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    let mut seed = digest.iter().fold(1, |seed: u64, byte| seed.wrapping_mul(257).wrapping_add(u64::from(*byte)));
    while acts.peek().is_some() {
        board.reseed(seed | 1);
        board.clock = 0;
        seed = seed.wrapping_add(2);
        let mut memory = Box::new(Memory::new());
        let mut link = Link::start(board.clone(), MODEL.bytes(), &mut memory);
        model.restart();
        for act in acts.by_ref() {
            if matches!(act, Act::Restart) {
                break;
            }
            let before = board.flash.content();
            let is_written = run(act, &mut link, &mut model);
            link.repeat();
            let is_changed = board.flash.content() != before;
            assert_eq!(is_changed, is_written, "the records change if, and only if, something is done: {act:?}");
            link.compare(&model);
        }
    }
}

/// Does it, and compares the answer with the model's; returns whether the records must have changed.
fn run(act: &Act, link: &mut Link<'_>, model: &mut Model) -> bool {
    let needs_session = if model.is_open { Ok(()) } else { Err(Fault::HandshakeNeeded) };
    match act {
        Act::Restart => false,
        Act::Handshake(pin) => {
            let expected = match (pin, link.pinned(model)) {
                (Pin::Nothing, _) | (Pin::Latest, None) => Ok(()),
                (Pin::Latest, Some(_)) if model.is_pin_right => Ok(()),
                _ => Err(Fault::HandshakeFailed),
            };
            let shaken = link.handshake(*pin, model);
            if agreed("handshake", shaken, expected).is_some() {
                model.handshake(link.key());
            }
            false
        }
        Act::Provision { is_other_model, window, policy, consents } => {
            link.consent(*consents);
            let window = match window {
                Window::Sound => WINDOW,
                Window::Zero => 0,
                Window::TooLong => 200,
            };
            let expected = needs_session.and_then(|()| model.provision(*is_other_model, window, *consents));
            let answer = link.provision(*is_other_model, window, policy.policy());
            let is_done = agreed("provision", answer, expected).is_some();
            if is_done {
                model.policy = Some(policy.policy());
            }
            is_done
        }
        Act::Scan(purpose, person) => {
            let frames = person.frames();
            let expected = needs_session.and_then(|()| model.begin(*purpose, *person, FEATURES as u32, frames));
            if agreed("scan-begin", link.begin(*purpose, FEATURES as u32, frames), expected).is_some() {
                while let Scan::Open { person, next, .. } = model.scan {
                    let chunk = person.chunk(next);
                    model.chunk(link.chunk(next, &chunk));
                }
            }
            false
        }
        Act::ScanBegin { purpose, person, width, is_empty } => {
            let width = FEATURES as u32 + u32::from(*width % 3);
            let frames = if *is_empty { 0 } else { person.frames() };
            let expected = needs_session.and_then(|()| model.begin(*purpose, *person, width, frames));
            agreed("scan-begin", link.begin(*purpose, width, frames), expected);
            false
        }
        Act::ScanChunk { ahead, lacks } => {
            let (number, mut bytes) = match model.scan {
                Scan::Open { person, next, .. } => (next + u32::from(*ahead), person.chunk(next)),
                _ => (u32::from(*ahead), vec![0; 32]),
            };
            bytes.truncate(bytes.len() - usize::from(*lacks).min(bytes.len()));
            let expected = needs_session.and_then(|()| model.may_push(*ahead, *lacks));
            let answer = link.chunk(number, &bytes);
            match expected {
                Ok(()) => model.chunk(answer),
                Err(_) => drop(agreed("scan-chunk", answer, expected)),
            }
            false
        }
        Act::EnrolScan { first } => {
            let expected = needs_session.and_then(|()| model.may_take());
            if let Some(progress) = agreed("enrol-scan", link.enrol_scan(*first), expected) {
                model.take(*first, progress);
            }
            false
        }
        Act::Enrol(auth, enrolling) => {
            let enrolment = enrolling.enrolment(model);
            let expected = needs_session.and_then(|()| model.authorised(*auth)).and_then(|()| model.enrol(&enrolment));
            let is_tried = needs_session.and_then(|()| model.authorised(*auth)).is_ok();
            let answer = agreed("enrol", link.admin::<Enrol, _, _>(*auth, enrolment, Key::new), expected);
            if is_tried && usize::from(enrolment.slot) < SLOTS {
                model.scan = Scan::None;
            }
            let is_done = answer.is_some();
            if let Some(key) = answer {
                model.enrolled(&enrolment, key);
            }
            is_done
        }
        Act::Rotate(auth, slot) => {
            let command = SlotNumber { slot: slot % 6 };
            let expected = needs_session.and_then(|()| model.authorised(*auth)).and_then(|()| model.occupied(command));
            let answer = agreed("rotate", link.admin::<Rotate, _, _>(*auth, command, Key::new), expected);
            let is_done = answer.is_some();
            if let Some(key) = answer {
                model.rotated(command, key);
            }
            is_done
        }
        Act::Revoke(auth, slot) => {
            let command = SlotNumber { slot: slot % 6 };
            let expected = needs_session.and_then(|()| model.authorised(*auth)).and_then(|()| model.occupied(command));
            let is_done = agreed("revoke", link.admin::<Revoke, _, _>(*auth, command, |()| ()), expected).is_some();
            if is_done {
                model.slots[usize::from(command.slot)] = None;
            }
            is_done
        }
        Act::SetPolicy(auth, policy) => {
            let policy = policy.policy();
            let expected = needs_session.and_then(|()| model.authorised(*auth)).and_then(|()| model.may_set(policy));
            let is_done =
                agreed("set-policy", link.admin::<SetPolicy, _, _>(*auth, policy, |()| ()), expected).is_some();
            if is_done {
                model.policy = Some(policy);
            }
            is_done
        }
        Act::ResetAttempts(auth) => {
            let expected = needs_session.and_then(|()| model.authorised(*auth));
            let answer =
                agreed("reset-attempts", link.admin::<ResetAttempts, _, _>(*auth, (), |reset| reset), expected);
            if let Some(AttemptsReset { misses, locked }) = answer {
                assert_eq!((misses, locked), (model.misses, model.state() == State::Locked));
                model.misses = 0;
            }
            answer.is_some()
        }
        Act::ListSlots(auth) => {
            let expected = needs_session.and_then(|()| model.authorised(*auth));
            let answer = agreed("list-slots", link.admin::<ListSlots, _, _>(*auth, (), |slots| slots), expected);
            if let Some(slots) = answer {
                model.compare_slots(&slots);
            }
            false
        }
        Act::Measure(auth) => {
            // No simulated board measures.
            let expected = needs_session.and_then(|()| model.authorised(*auth)).and(Err(Fault::Unsupported));
            agreed("measure", link.admin::<Measure, _, _>(*auth, (), |_| ()), expected);
            false
        }
        Act::Wipe { auth, consents } => {
            link.consent(*consents);
            let expected = needs_session.and_then(|()| model.authorised(*auth)).and_then(|()| asked(*consents));
            let is_done = agreed("wipe", link.admin::<Wipe, _, _>(*auth, (), |()| ()), expected).is_some();
            if is_done {
                model.wipe();
            }
            is_done
        }
        Act::Verify { consents } => {
            link.consent(*consents);
            let attempt = needs_session.and_then(|()| model.attempt(Endpoints::Verify, *consents));
            let answer = link.verify();
            model.judge(attempt, answer, |model, slot, ()| assert!(model.slots[usize::from(slot)].is_some()))
        }
        Act::Challenge { consents } => {
            link.consent(*consents);
            let attempt = needs_session.and_then(|()| model.attempt(Endpoints::Challenge, *consents));
            let purpose = model.purpose();
            let answer = link.challenge();
            model.judge(attempt, answer, |model, slot, answer| model.answered(slot, purpose, &answer))
        }
        Act::ExportKey { consents } => {
            link.consent(*consents);
            let attempt = needs_session.and_then(|()| model.attempt(Endpoints::Export, *consents));
            let purpose = model.purpose();
            let answer = link.export();
            model.judge(attempt, answer, |model, slot, key| model.exported(slot, purpose, &key))
        }
        Act::Embed { first } => {
            let first = first % 24;
            let expected = needs_session.and_then(|()| model.may_embed(first));
            if let Some(part) = agreed("embed", link.embed(first), expected) {
                model.embedded(first, &part);
            }
            false
        }
        Act::SelfTest => {
            agreed("self-test", link.self_test(), needs_session);
            false
        }
        Act::Packet { endpoint, message } => {
            if model.is_open {
                link.packet(*endpoint, message);
            }
            false
        }
        Act::Replay(number) => {
            link.replay(*number);
            false
        }
        Act::Forge { ahead, payload } => {
            link.forge(*ahead, payload);
            false
        }
        Act::Noise(bytes) => {
            link.noise(bytes);
            false
        }
    }
}

/// The endpoints that a scan of its own is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Endpoints {
    Verify,
    Challenge,
    Export,
}

/// An enrolment's identifier and challenge key, as the administrator learns them.
#[derive(Clone, Debug)]
struct Key {
    id: [u8; 16],
    challenge: [u8; 32],
}

impl Key {
    fn new(enrolled: Enrolled) -> Self {
        Self { id: enrolled.id, challenge: *enrolled.challenge_key.expose_secret() }
    }
}

/// The answer, where the token and the model agree on it.
fn agreed<T>(what: &str, answer: Result<T, Refusal>, expected: Result<(), Fault>) -> Option<T> {
    let fault = answer.as_ref().err().map(|refusal| refusal.fault());
    assert_eq!(fault, expected.err().map(Some), "{what}");
    answer.ok()
}

fn asked(consents: bool) -> Result<(), Fault> {
    if consents { Ok(()) } else { Err(Fault::NotConfirmed) }
}
