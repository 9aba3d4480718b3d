//! What a token remembers, and what it must answer.

mod refusals;

use neural_vault_core::bundle::Bundle;
use neural_vault_core::challenge::ChallengeKey;
use neural_vault_core::wire::*;
use neural_vault_session::PublicKey;
use neural_vault_token::limits::{MISSES_IN_A_ROW, MISSES_IN_ALL};
use neural_vault_token_simulator::rates;

use super::act::{Enrolling, Person, Use};
use super::link::APPLICATIONS;
use super::persons::{FEATURES, MODEL, cosine, embedding, values};
use super::{Key, agreed};

/// Scores so near to the threshold may be rounded to either side of it.
const MARGIN: f64 = 1e-4;

/// What a token holds, in memory and on its flash.
#[derive(Default)]
pub struct Model {
    /// `None` on a blank token.
    pub policy: Option<Policy>,
    pub slots: [Option<Enrolled>; SLOTS],
    pub misses: u8,
    /// Misses since the start.
    row: u8,
    /// Whether a session is open.
    pub is_open: bool,
    /// The token's key as the latest handshake showed it, and whether it still is.
    pub pin: Option<PublicKey>,
    pub is_pin_right: bool,
    pub scan: Scan,
    taken: Vec<Vec<f32>>,
    /// Digest of the prototype of the scans taken.
    digest: [u8; 32],
    /// Every key that was exported: of which enrolment, and for which application.
    keys: Vec<([u8; 16], u8, [u8; 32])>,
}

/// The open or complete scan.
#[derive(Clone, Debug, Default)]
pub enum Scan {
    #[default]
    None,
    Open {
        purpose: Use,
        person: Person,
        next: u32,
    },
    Complete {
        purpose: Use,
        frames: u32,
        embedding: Vec<f32>,
    },
}

/// An enrolment.
#[derive(Clone, Debug)]
pub struct Enrolled {
    enrolment: Enrolment,
    budget: u8,
    key: Key,
    prototype: Vec<f32>,
}

/// Digest of the model.
pub fn digest() -> [u8; 32] {
    *Bundle::reopen(MODEL.bytes()).expect("a sound model").digest()
}

impl Model {
    /// The token loses its power.
    pub fn restart(&mut self) {
        self.row = 0;
        self.is_open = false;
        // A blank token draws another key at each start.
        self.is_pin_right &= self.policy.is_some();
        self.drop_scans();
    }

    pub fn handshake(&mut self, key: PublicKey) {
        self.is_open = true;
        (self.pin, self.is_pin_right) = (Some(key), true);
        self.drop_scans();
    }

    pub fn wipe(&mut self) {
        *self = Self { row: self.row, pin: self.pin, keys: std::mem::take(&mut self.keys), ..Self::default() };
    }

    pub fn state(&self) -> State {
        match self.policy {
            None => State::Blank,
            Some(_) if self.row >= MISSES_IN_A_ROW => State::Locked,
            Some(_) if self.slots.iter().any(Option::is_some) => State::Enrolled,
            Some(_) => State::Provisioned,
        }
    }

    fn drop_scans(&mut self) {
        self.scan = Scan::None;
        self.taken.clear();
    }

    fn provisioned(&self) -> Result<Policy, Fault> {
        self.policy.ok_or(Fault::NotProvisioned)
    }

    fn budget(&self) -> u8 {
        self.slots.iter().flatten().map(|slot| slot.budget).fold(MISSES_IN_ALL, u8::min)
    }

    pub fn begin(&mut self, purpose: Use, person: Person, width: u32, frames: u32) -> Result<(), Fault> {
        let policy = self.provisioned()?;
        let (slot, application) = purpose.names();
        if usize::from(slot) >= SLOTS {
            return Err(Fault::NoSuchSlot);
        }
        if application == APPLICATIONS.len() - 1 {
            return Err(Fault::Application);
        }
        if matches!(purpose, Use::Export { .. }) && !policy.allow_export {
            return Err(Fault::ExportForbidden);
        }
        if width != FEATURES as u32 {
            return Err(Fault::Width);
        }
        if frames == 0 {
            return Err(Fault::Frames);
        }
        self.scan = Scan::Open { purpose, person, next: 0 };
        Ok(())
    }

    /// The next chunk of the open scan was sent.
    pub fn chunk(&mut self, answer: Result<Progress, Refusal>) {
        let Scan::Open { purpose, person, next } = self.scan else { panic!("no scan is open: {answer:?}") };
        let values = values(person.person, person.take, person.frames());
        let embedding = embedding(&values);
        self.scan = match answer {
            Ok(progress) => {
                let is_last = values.len() <= CHUNK * (next as usize + 1);
                assert_eq!(progress, Progress { next: next + 1, complete: is_last });
                if is_last {
                    let embedding = embedding.expect("a scan that says nothing is refused");
                    Scan::Complete { purpose, frames: person.frames(), embedding }
                } else {
                    Scan::Open { purpose, person, next: next + 1 }
                }
            }
            Err(refusal) => {
                assert_eq!((refusal.fault(), embedding), (Some(Fault::Degenerate), None));
                Scan::None
            }
        };
    }

    /// What the complete scan is for.
    pub fn purpose(&self) -> Option<Use> {
        match self.scan {
            Scan::Complete { purpose, .. } => Some(purpose),
            _ => None,
        }
    }

    pub fn embedded(&self, first: u16, part: &[f32]) {
        let Scan::Complete { embedding, .. } = &self.scan else { panic!("an embedding without a scan") };
        let expected = &embedding[usize::from(first)..];
        assert_eq!(part.len(), expected.len());
        assert!(part.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4), "{part:?} {expected:?}");
    }

    /// The complete scan was added to the enrolment in progress.
    pub fn take(&mut self, first: bool, prototype: [u8; 32]) {
        let Scan::Complete { embedding, .. } = std::mem::take(&mut self.scan) else { panic!("taken without a scan") };
        if first {
            self.taken.clear();
        }
        self.taken.push(embedding);
        self.digest = prototype;
    }

    pub fn enrolled(&mut self, enrolment: &Enrolment, key: Key) {
        let taken = std::mem::take(&mut self.taken);
        let mut prototype = vec![0.0; taken[0].len()];
        for embedding in &taken {
            prototype.iter_mut().zip(embedding).for_each(|(total, component)| *total += component);
        }
        let budget = enrolment.accepted_risk.map_or(MISSES_IN_ALL, |risk| risk.attempts);
        self.is_new(&key);
        self.slots[usize::from(enrolment.slot)] = Some(Enrolled { enrolment: *enrolment, budget, key, prototype });
    }

    pub fn rotated(&mut self, SlotNumber { slot }: SlotNumber, key: Key) {
        self.scan = Scan::None;
        self.is_new(&key);
        self.slots[usize::from(slot)].as_mut().expect("an occupied slot").key = key;
    }

    fn is_new(&self, key: &Key) {
        for other in self.slots.iter().flatten() {
            assert!(other.key.id != key.id && other.key.challenge != key.challenge, "a key is given twice");
        }
    }

    /// Counts an attempt, and compares its outcome with the model's; returns whether it was counted.
    pub fn judge<T>(
        &mut self,
        attempt: Result<u8, Fault>,
        answer: Result<T, Refusal>,
        accepted: impl FnOnce(&mut Self, u8, T),
    ) -> bool {
        let slot = match attempt {
            Ok(slot) => slot,
            Err(fault) => return agreed("attempt", answer, Err(fault)).is_some(),
        };
        let Scan::Complete { frames, embedding, .. } = std::mem::take(&mut self.scan) else { panic!("no scan") };
        if self.row >= MISSES_IN_A_ROW {
            return agreed("locked", answer, Err(Fault::PowerCycleNeeded)).is_some();
        }
        if self.misses >= self.budget() {
            return agreed("used up", answer, Err(Fault::BudgetUsedUp)).is_some();
        }
        let known = self.slots[usize::from(slot)].as_ref();
        let known = known.filter(|known| known.enrolment.frames == 0 || known.enrolment.frames == frames);
        // How far the scan is above the threshold.
        let above = known.map(|known| cosine(&known.prototype, &embedding) - f64::from(known.enrolment.threshold));
        match answer {
            Ok(released) => {
                assert!(above.is_some_and(|above| above > -MARGIN), "accepted without reason: {above:?}");
                (self.misses, self.row) = (0, 0);
                accepted(self, slot, released);
            }
            Err(refusal) => {
                assert_eq!(refusal.fault(), Some(Fault::Rejected));
                assert!(above.is_none_or(|above| above < MARGIN), "rejected without reason: {above:?}");
                self.misses += 1;
                self.row += 1;
            }
        }
        true
    }

    /// A challenge was answered.
    pub fn answered(&self, slot: u8, purpose: Option<Use>, answer: &[u8; 32]) {
        let Some(Use::Challenge { nonce, .. }) = purpose else { panic!("an answer for {purpose:?}") };
        let application = purpose.map_or(0, |purpose| purpose.names().1);
        let key = &self.slots[usize::from(slot)].as_ref().expect("an occupied slot").key;
        let key = ChallengeKey::from_bytes(&key.challenge);
        assert_eq!(key.answer(APPLICATIONS[application], &[nonce; 32]).as_ref(), Ok(answer));
    }

    /// A key was exported: the same for the same enrolment and application, and like no other.
    pub fn exported(&mut self, slot: u8, purpose: Option<Use>, key: &[u8; 32]) {
        let Some(purpose @ Use::Export { .. }) = purpose else { panic!("a key for {purpose:?}") };
        let enrolled = self.slots[usize::from(slot)].as_ref().expect("an occupied slot");
        let known = (enrolled.key.id, purpose.names().1 as u8, *key);
        for other in &self.keys {
            assert_eq!((other.0, other.1) == (known.0, known.1), other.2 == known.2);
        }
        assert!(*key != [0; 32] && *key != enrolled.key.challenge);
        self.keys.push(known);
    }

    pub fn compare(&self, info: &TokenInfo) {
        let no_policy = Policy { allow_export: false, confirm_verify: false, confirm_challenge: false };
        assert_eq!(info.state, self.state());
        assert_eq!((info.misses, info.budget), (self.misses, self.budget()));
        assert_eq!((info.policy, info.disabled), (self.policy.unwrap_or(no_policy), 0));
        let mut lengths = self.slots.iter().flatten().map(|slot| slot.enrolment.frames).filter(|frames| *frames > 0);
        assert_eq!(info.frames, lengths.next().unwrap_or(0));
    }

    pub fn compare_slots(&self, slots: &[SlotInfo; SLOTS]) {
        for (found, known) in slots.iter().zip(&self.slots) {
            let expected = known.as_ref().map(|Enrolled { enrolment, budget, key, .. }| {
                let &Enrolment { label, threshold, frames, false_matches, accepted_risk, .. } = enrolment;
                SlotEnrolment { label, id: key.id, threshold, frames, false_matches, budget: *budget, accepted_risk }
            });
            assert_eq!(*found, expected);
        }
    }
}

impl Use {
    /// Its slot and the number of its application; 0 where it names none.
    fn names(self) -> (u8, usize) {
        let application = |number: u8| usize::from(number) % APPLICATIONS.len();
        match self {
            Self::Enrol | Self::Embed => (0, 0),
            Self::Verify { slot } => (slot % 6, 0),
            Self::Challenge { slot, application: number, .. } | Self::Export { slot, application: number } => {
                (slot % 6, application(number))
            }
        }
    }
}

impl Enrolling {
    /// The command, for the scans that were taken.
    pub fn enrolment(&self, model: &Model) -> Enrolment {
        let mut prototype = model.digest;
        prototype[31] ^= u8::from(self.is_other_digest);
        Enrolment {
            slot: self.slot % 6,
            label: Label::new("person").expect("short"),
            scans: model.taken.len() as u8 + u8::from(self.is_other_count),
            threshold: [0.9, 0.5, -1.0, 1.0, 1.5, f32::NAN][usize::from(self.threshold % 6)],
            frames: if self.asks_frames { 4 } else { 0 },
            prototype,
            accepted_risk: self.attempts.map(|attempts| AcceptedRisk { attempts, chance: 1.0 }),
            ..rates()
        }
    }
}
