//! How many bytes of secrets a call leaves on the stack below its caller.

use std::fs;
use std::hint::black_box;

use neural_vault_core::bundle::{Bundle, ProvisioningKey};
use neural_vault_core::challenge::{ChallengeKey, ChallengeKeyBuffer, derive_challenge_key};
use neural_vault_core::encoder::Dims;
use neural_vault_core::key::{DerivedKey, DeviceSecret, KeyBuffer, KeyContext, derive_v1, derive_v2, derive_v2_into};
use neural_vault_core::prototype::{restore, round};
use neural_vault_core::quantise::quantise;
use neural_vault_core::similarity::{cosine, normalise};
use neural_vault_core::testing::{Random, bundle};
use neural_vault_core::verify::{Enrolment, Threshold, Verdict};
use neural_vault_core::wire::{AdminKey, Endpoint, Revoke, SessionPlace, SlotNumber, authorise, command_tag};
use neural_vault_session::{Initiator, Pattern, Session, StaticKey, respond};
use neural_vault_testkit::dead_stack::{dead_stack, found, on_a_large_stack, traces_of_key};
use subtle::ConstantTimeEq;

use crate::board::BoardSecret;
use crate::seal::{Context, NONCE, Sealer, TAG};
use crate::secret;

const SECRET: &[u8; 32] = b"0123456789abcdefFEDCBA9876543210";
const CONTEXT: KeyContext<'_> = KeyContext { model_digest: &[1; 32], enrolment_id: &[2; 16], application: b"disk" };

/// The functions of a session and of sealing: the token clears 8 KB of stack after each frame that it answers.
const CALLER: &str = "the caller clears: a token its stack after each frame";

/// A function, the bytes of secrets that it left, and why it may leave any.
struct Row {
    name: &'static str,
    left: usize,
    reason: Option<&'static str>,
}

/// Calls every function that takes or makes a secret, and prints what each left; whether all left nothing or had a reason to.
pub fn table() -> bool {
    let rows = on_a_large_stack(rows);
    for Row { name, left, reason } in &rows {
        println!("{name:44} {left:>7}  {}", reason.filter(|_| *left > 0).unwrap_or_default());
    }
    rows.iter().all(|row| row.left == 0 || row.reason.is_some())
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    keys(&mut rows);
    prototypes(&mut rows);
    session(&mut rows);
    sealing(&mut rows);
    files(&mut rows);
    rows
}

fn keys(rows: &mut Vec<Row>) {
    let prototype = Random(3).floats(128, 1.0);
    let secret = DeviceSecret::from_bytes(SECRET);
    let mut long = [0; 512];
    derive_v2_into(&prototype, &secret, &CONTEXT, &mut long).expect("a key");
    let mut buffer = ChallengeKeyBuffer::empty();
    let challenge = derive_challenge_key(&prototype, &secret, CONTEXT.model_digest, CONTEXT.enrolment_id, &mut buffer);
    let challenge = *challenge.expect("a key").expose_secret();
    let mut v1 = [0; 32];
    derive_v1(&prototype, &mut v1).expect("a key");
    let mut traces = traces_of_key(SECRET);
    traces.extend([long.to_vec(), challenge.to_vec(), v1.to_vec(), bytes(&prototype), codes(&prototype)]);

    let mut add = |name, left| rows.push(Row { name, left, reason: None });
    add("DeviceSecret::from_bytes", left(&traces, || black_box(&DeviceSecret::from_bytes(SECRET)).expose_secret()[0]));
    let mut key = [0; 32];
    add("derive_v1", left(&traces, || derive_v1(&prototype, &mut key).is_ok()));
    let mut buffer = KeyBuffer::empty();
    add("derive_v2", left(&traces, || derive_v2(&prototype, &secret, &CONTEXT, &mut buffer).is_ok()));
    let mut key = [0; 512];
    add("derive_v2_into", left(&traces, || derive_v2_into(&prototype, &secret, &CONTEXT, &mut key).is_ok()));
    let mut buffer = ChallengeKeyBuffer::empty();
    let derive =
        || derive_challenge_key(&prototype, &secret, CONTEXT.model_digest, CONTEXT.enrolment_id, &mut buffer).is_ok();
    add("derive_challenge_key", left(&traces, derive));
    let threshold = Threshold::new(0.9).expect("a cosine");
    let enrolment = Enrolment::new(&prototype, threshold, CONTEXT.model_digest, CONTEXT.enrolment_id).expect("sound");
    add("Enrolment::compare", left(&traces, || enrolment.compare(&prototype).is_accept()));
    let verdict: Verdict = enrolment.compare(&prototype);
    let mut buffer = KeyBuffer::empty();
    let release = || enrolment.release_key(&verdict, &secret, b"disk", &mut buffer).is_ok();
    add("Enrolment::release_key", left(&traces, release));
    let mut buffer = ChallengeKeyBuffer::empty();
    let release = || enrolment.release_challenge_key(&verdict, &secret, &mut buffer).is_ok();
    add("Enrolment::release_challenge_key", left(&traces, release));

    let key = ChallengeKey::from_bytes(SECRET);
    add("ChallengeKey::answer", left(&traces, || key.answer(b"door", &[3; 32]).is_ok()));
    let keys = [DerivedKey::from_bytes(SECRET), DerivedKey::from_bytes(SECRET)];
    add("DerivedKey::ct_eq", left(&traces, || bool::from(keys[0].ct_eq(&keys[1]))));
    let (admin, place) = (AdminKey::from_bytes(SECRET), SessionPlace { session: &[3; 32], number: 4 });
    add("authorise", left(&traces, || authorise::<Revoke, _>(&admin, place, SlotNumber { slot: 1 }).is_some()));
    add("command_tag", left(&traces, || command_tag(&admin, &Revoke::KEY, place, &[1])[0]));
    let sealed = bundle(&Dims::linear(8, 16, 4), 5, Some(SECRET)).expect("sound sizes");
    let key = ProvisioningKey::from_bytes(SECRET);
    add("Bundle::open_authenticated", left(&traces, || Bundle::open_authenticated(sealed.bytes(), &key).is_ok()));
}

/// Prototypes and embeddings are as secret as keys, on a token.
fn prototypes(rows: &mut Vec<Row>) {
    let prototype = Random(3).floats(128, 1.0);
    let mut unit = prototype.clone();
    normalise(&mut unit).expect("it has a direction");
    let traces = [bytes(&prototype), bytes(&unit), codes(&prototype), codes(&unit)];
    let mut add = |name, left| rows.push(Row { name, left, reason: Some(CALLER) });
    let mut codes = [0; 128];
    add("quantise", left(&traces, || quantise(&prototype, &mut codes).is_ok()));
    add("cosine", left(&traces, || cosine(&prototype, &prototype).is_ok()));
    let mut copy = prototype.clone();
    add("normalise", left(&traces, || normalise(&mut copy).is_ok()));
    let (mut codes, mut components) = ([0; 128], [0.0; 128]);
    let traces = [bytes(&prototype)];
    add("prototype::round", left(&traces, || round(&prototype, &mut codes).is_ok()));
    let scale = round(&prototype, &mut codes).expect("it has a direction");
    restore(&codes, scale, &mut components).expect("it has a direction");
    let traces = [bytes(&components)];
    add("prototype::restore", left(&traces, || restore(&codes, scale, &mut components).is_ok()));
}

fn session(rows: &mut Vec<Row>) {
    let mut add = |name, left| rows.push(Row { name, left, reason: Some(CALLER) });
    let (key, ephemeral) = (StaticKey::from_bytes(SECRET), *b"ephemeral key, of a handshake...");
    let traces = [SECRET.to_vec(), ephemeral.to_vec()];
    add("StaticKey::public", left(&traces, || black_box(key.public())));
    let (mut message, mut answer, mut payload) = ([0; 64], [0; 256], [0; 64]);
    let mut started = None;
    let begin = || started = Some(Initiator::new(None, &ephemeral, b"prologue", &mut message));
    add("Initiator::new", left(&traces, begin));
    let (host, length) = started.and_then(Result::ok).expect("there is room");
    let mut answered = None;
    let other = [0x71; 32];
    let respond = || {
        answered = Some(respond(&key, &other, Pattern::Nx, b"prologue", &message[..length], b"welcome", &mut answer));
    };
    let found = left(&traces, respond);
    let (length, mut token) = answered.and_then(Result::ok).expect("a sound message");
    add("respond", found);
    let mut finished = None;
    let found = left(&traces, || finished = Some(host.finish(&answer[..length], &mut payload)));
    add("Initiator::finish", found);
    let mut host = finished.and_then(Result::ok).expect("a sound answer").session;

    let mut buffer = [0; 96];
    let plain: [u8; 64] = std::array::from_fn(|at| (at * 37 + 101) as u8);
    buffer[..64].copy_from_slice(&plain);
    let mut traces = session_keys(&host);
    traces.push(plain.to_vec());
    let mut length = 0;
    add("Session::seal", left(&traces, || length = host.seal(&mut buffer, 64).unwrap_or(0)));
    add("Session::open", left(&traces, || token.open(&mut buffer[..length]).is_ok()));
}

/// The two keys of a session: its bytes beside the hash, which is no secret, and two small numbers.
fn session_keys(session: &Session) -> Vec<Vec<u8>> {
    let start = (&raw const *session).cast::<u8>();
    // SAFETY: the value is alive for as long as it is borrowed.
    let bytes: Vec<u8> = (0..size_of::<Session>()).map(|at| unsafe { start.add(at).read_volatile() }).collect();
    let hash = bytes.windows(32).position(|window| window == session.hash()).expect("it holds its hash");
    let is_key = |at: usize| !(hash..hash + 32).contains(&at) && bytes[at + 4..at + 8] != [0; 4];
    let keys = (0..bytes.len()).step_by(8).filter(|&at| is_key(at)).flat_map(|at| bytes[at..at + 8].to_vec());
    let keys: Vec<u8> = keys.collect();
    assert_eq!(keys.len(), 64, "two keys");
    vec![keys]
}

fn sealing(rows: &mut Vec<Row>) {
    let mut add = |name, left| rows.push(Row { name, left, reason: Some(CALLER) });
    let board = BoardSecret::filled_by(|bytes| bytes.copy_from_slice(SECRET)).expect("it is no placeholder");
    let context = Context { kind: 1, generation: 3, epoch: 7, place: 8192 };
    let mut text: [u8; 64] = std::array::from_fn(|at| (at * 37 + 101) as u8);
    let mut traces = traces_of_key(SECRET);
    traces.push(text.to_vec());
    add("Sealer::new", left(&traces, || black_box(&Sealer::new(&board, 3)).is_ok()));
    let sealer = Sealer::new(&board, 3).expect("a key");
    let start = (&raw const sealer).cast::<u8>();
    // SAFETY: the value is alive, and is a key of 16 bytes.
    traces.push((0..16).map(|at| unsafe { start.add(at).read_volatile() }).collect());
    let parent = [9; TAG];
    let mut tag = [0; TAG];
    let seal = || tag = sealer.seal(context, &parent, &[2; NONCE], &mut text).unwrap_or_default();
    add("Sealer::seal", left(&traces, seal));
    add("Sealer::open", left(&traces, || sealer.open(context, &parent, &[2; NONCE], &mut text, &tag).is_ok()));
}

fn files(rows: &mut Vec<Row>) {
    let mut add = |name, left| rows.push(Row { name, left, reason: None });
    let raw: [u8; 32] = std::array::from_fn(|at| (at * at * 7 + 141) as u8);
    let digits: String = raw.iter().map(|byte| format!("{byte:02x}")).collect();
    let traces = [raw.to_vec(), digits.clone().into_bytes()];
    let read = |bytes: &[u8]| secret::parse(bytes, |bytes| drop(DeviceSecret::from_bytes(bytes))).is_ok();
    add("secret::parse, 64 digits", left(&traces, || assert!(read(digits.as_bytes()))));
    add("secret::parse, 32 bytes", left(&traces, || assert!(read(&raw))));
    let path = std::env::temp_dir().join(format!("neural-vault-timing-{}", std::process::id()));
    add("secret::write", left(&traces, || secret::write(&path, &raw).is_ok()));
    // Dropped where it is: another move would leave another copy.
    let read = || black_box(&secret::read(&path, DeviceSecret::from_bytes)).is_ok();
    add("secret::read", left(&traces, read));
    fs::remove_file(&path).expect("it was written");
}

/// Bytes of the dead stack that belong to traces, after a call.
fn left<T>(traces: &[Vec<u8>], work: impl FnOnce() -> T) -> usize {
    let (_, stack) = dead_stack(work);
    found(&stack, traces).into_iter().filter(|found| *found).count()
}

fn bytes(components: &[f32]) -> Vec<u8> {
    components.iter().flat_map(|component| component.to_le_bytes()).collect()
}

/// Codes of a prototype, two at a time: those that are not zeros, which are everywhere.
fn codes(prototype: &[f32]) -> Vec<u8> {
    let mut codes = vec![0; prototype.len()];
    quantise(prototype, &mut codes).expect("sound components");
    codes.iter().flat_map(|code| code.to_le_bytes()).collect()
}
