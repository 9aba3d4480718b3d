//! The endpoints, in one table.

use postcard_schema::Schema;
use postcard_schema::key::Key;

use super::admin::Authorised;
use super::endpoint::Endpoint;
use super::fault::Refusal;
use super::message::*;
use super::packet::KEY_LENGTH;
use crate::key::DerivedKey;

macro_rules! endpoints {
    ($($(#[$doc:meta])* $name:ident, $path:literal, $request:ty => $answer:ty;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub enum $name {}

            impl Endpoint for $name {
                type Request<'a> = $request;
                type Answer<'a> = $answer;
                const NAME: &'static str = $path;
                const KEY: Key = Key::for_path::<Schemas<<Self as Endpoint>::Request<'static>, <Self as Endpoint>::Answer<'static>>>($path);
            }
        )*

        /// Name and key of every endpoint.
        pub const ENDPOINTS: &[(&str, Key)] = &[$(($path, $name::KEY)),*];
    };
}

/// Carries both schemas of an endpoint into its key.
#[derive(Schema)]
#[allow(dead_code)]
struct Schemas<Request, Answer> {
    request: Request,
    answer: Result<Answer, Refusal>,
}

endpoints! {
    // endpoint      name             request                   answer
    /// What the token is and what state it is in.
    Info,           "info",          ()                     => TokenInfo;
    /// Tries every part: ciphers, random generator, flash, model.
    SelfTest,       "self-test",     ()                     => SelfTestReport;
    /// Blank to provisioned: device secret, admin key, model, policy.
    Provision,      "provision",     Provisioning           => ();
    /// Admin: changes the policy.
    SetPolicy,      "set-policy",    Authorised<Policy>     => ();
    /// Admin: what is in each slot.
    ListSlots,      "list-slots",    Authorised<()>         => [SlotInfo; SLOTS];
    /// Opens a scan for one purpose, in place of one that is open or complete.
    ScanBegin,      "scan-begin",    ScanHead<'a>           => ();
    /// The next values of the open scan.
    ScanChunk,      "scan-chunk",    Chunk<'a>              => Progress;
    /// Adds the complete scan to the enrolment in progress, or begins another with it.
    EnrolScan,      "enrol-scan",    EnrolmentScan          => EnrolmentProgress;
    /// Admin: stores the enrolment in progress in a slot, in place of any other.
    Enrol,          "enrol",         Authorised<Enrolment>  => Enrolled;
    /// Whether the complete scan is accepted; costs an attempt.
    Verify,         "verify",        ()                     => Verdict;
    /// Proof of the challenge key that an accepted scan releases; costs an attempt.
    Challenge,      "challenge",     ()                     => [u8; 32];
    /// The key that an accepted scan releases, if the policy lets it out; costs an attempt.
    ExportKey,      "export-key",    ()                     => DerivedKey;
    /// Admin: a new enrolment identifier; the old keys are gone.
    Rotate,         "rotate",        Authorised<SlotNumber> => Enrolled;
    /// Admin: gives all attempts back.
    ResetAttempts,  "reset-attempts", Authorised<()>        => AttemptsReset;
    /// Admin: empties a slot.
    Revoke,         "revoke",        Authorised<SlotNumber> => ();
    /// Admin: back to blank.
    Wipe,           "wipe",          Authorised<()>         => ();
    /// A part of the complete scan's embedding, to compare machines; reveals nothing of any enrolment.
    Embed,          "embed",         EmbeddingPart          => Embedding<'a>;
    /// Admin: ticks and memory of the last verification, on boards that measure.
    Measure,        "measure",       Authorised<()>         => Measurement;
}

/// Whether an endpoint of this key answers with a key: such an answer is sent once and not kept for a repetition.
pub fn answers_with_a_key(endpoint: [u8; KEY_LENGTH]) -> bool {
    [ExportKey::KEY, Enrol::KEY, Rotate::KEY].iter().any(|key| key.to_bytes() == endpoint)
}

/// Hash (FNV-1a, 64 bits) of the keys of all endpoints in order; equal on peers whose endpoints are all the same.
pub const TABLE: u64 = {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut endpoints = ENDPOINTS;
    while let [(_, key), rest @ ..] = endpoints {
        let mut bytes: &[u8] = &key.to_bytes();
        while let [byte, others @ ..] = bytes {
            hash = (hash ^ *byte as u64).wrapping_mul(0x0100_0000_01b3);
            bytes = others;
        }
        endpoints = rest;
    }
    hash
};
