//! A state of the search: what a token is, what is known of it, and how it came about.

use std::format;
use std::rc::Rc;
use std::string::String;
use std::vec::Vec;

use sha2::{Digest, Sha256};

use super::device::{Command, Cut, Persistent, Running};
use super::spec::Logical;

/// What happens to a token; each counts towards the depth. Starts and switching off do not, unless they are cut.
#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "shown when something is found")]
pub(super) enum Event {
    Command(Command),
    CutCommand(Command, Cut),
    CutStart(Cut),
    Flip { place: usize, bit: usize },
    PutBack(usize),
}

/// A state, and what is known of it.
pub(super) struct Node {
    pub(super) state: State,
    /// What it may be found as, in the order of time: with power cuts alone. `None` is a disabled token.
    pub(super) sound: Vec<Option<Logical>>,
    /// What a changed bit may make of it besides: what was written and not committed.
    pub(super) latent: Vec<Logical>,
    /// Whether a bit was changed since everything was last written anew.
    pub(super) is_damaged: bool,
    pub(super) depth: usize,
    pub(super) trace: Option<Rc<Trace>>,
}

pub(super) enum State {
    /// `sound` is then one value, which is in the token's memory.
    Running(Running),
    Off(Persistent),
}

/// The events that led to a state.
pub(super) struct Trace {
    event: Event,
    before: Option<Rc<Trace>>,
}

impl Node {
    pub(super) fn clone(&self) -> Self {
        Self {
            state: match &self.state {
                State::Running(running) => State::Running(running.clone()),
                State::Off(persistent) => State::Off(persistent.clone()),
            },
            sound: self.sound.clone(),
            latent: self.latent.clone(),
            trace: self.trace.clone(),
            ..*self
        }
    }

    pub(super) fn after(&self, event: Event) -> Self {
        let trace = Some(Rc::new(Trace { event, before: self.trace.clone() }));
        Self { depth: self.depth + 1, trace, ..self.clone() }
    }

    /// SHA-256 of everything that decides what may follow.
    pub(super) fn key(&self) -> [u8; 32] {
        let (persistent, row) = match &self.state {
            State::Running(running) => (&running.persistent, Some(running.row)),
            State::Off(persistent) => (persistent, None),
        };
        let mut hash = Sha256::new();
        hash.update(persistent.content.to_bytes());
        hash.update(format!("{:?} {row:?} {} {}", persistent.counter, self.is_damaged, self.sound.len()));
        for logical in self.sound.iter().map(Option::as_ref).chain(self.latent.iter().map(Some)) {
            hash.update(logical.map_or(Vec::new(), Logical::to_bytes));
            hash.update([0xff]);
        }
        hash.finalize().into()
    }

    pub(super) fn path(&self) -> String {
        let mut events = Vec::new();
        let mut trace = self.trace.as_ref();
        while let Some(step) = trace {
            events.push(format!("{:?}", step.event));
            trace = step.before.as_ref();
        }
        events.reverse();
        events.join(", ")
    }
}
