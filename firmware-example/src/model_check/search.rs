//! The search: every event in every state, state by state, to a depth.

use std::collections::{HashMap, VecDeque};
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

use neural_vault_core::wire::Fault;

use super::device::{COMMANDS, Command, Cut, Device, Done, Persistent, Running};
use super::flips::flips;
use super::node::{Event, Node, State};
use super::spec::{Logical, judge};

/// An earlier content of the flash.
#[derive(Clone)]
pub(super) struct Image {
    pub(super) persistent: Persistent,
    pub(super) found: Logical,
}

/// How many events and states there were.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) running: usize,
    pub(super) off: usize,
    pub(super) commands: usize,
    pub(super) cuts: usize,
    pub(super) cut_starts: usize,
    pub(super) flips: usize,
    pub(super) put_back: usize,
    pub(super) starts: usize,
}

/// A search from one state.
pub(super) struct Search<'s> {
    device: &'s mut Device,
    images: &'s [Image],
    depth: usize,
    /// States that were visited, and whether what follows them was, too.
    visited: HashMap<[u8; 32], bool>,
    queue: VecDeque<Node>,
    leaves: Vec<Node>,
    tally: Tally,
}

/// Tries every series of so many events from a token that is on; `images` may be put back.
///
/// # Errors
/// What must not be, and the events that lead to it.
pub(super) fn search(
    device: &mut Device,
    (start, found): (Running, Logical),
    images: &[Image],
    depth: usize,
) -> Result<Tally, String> {
    let node = Node {
        state: State::Running(start),
        sound: vec![Some(found)],
        latent: Vec::new(),
        is_damaged: false,
        depth: 0,
        trace: None,
    };
    let (visited, queue) = (HashMap::new(), VecDeque::from([node]));
    let mut search = Search { device, images, depth, visited, queue, leaves: Vec::new(), tally: Tally::default() };
    // What follows a state without an event has the same depth, and comes before all that is deeper.
    while let Some(node) = search.leaves.pop().or_else(|| search.queue.pop_front()) {
        search.visit(&node).map_err(|what| format!("{what}\nafter {}", node.path()))?;
    }
    Ok(search.tally)
}

impl Search<'_> {
    fn visit(&mut self, node: &Node) -> Result<(), String> {
        let follows = node.depth < self.depth;
        match self.visited.insert(node.key(), follows) {
            Some(true) => {
                self.visited.insert(node.key(), true);
                return Ok(());
            }
            Some(false) if !follows => return Ok(()),
            Some(false) => {}
            None if matches!(node.state, State::Running(_)) => self.tally.running += 1,
            None => self.tally.off += 1,
        }
        match &node.state {
            State::Running(running) => self.visit_running(node, running, follows),
            State::Off(persistent) => self.visit_off(node, persistent, follows),
        }
    }

    /// A token that is on: it keeps what it has in memory, and takes any command.
    fn visit_running(&mut self, node: &Node, running: &Running, follows: bool) -> Result<(), String> {
        let now = node.sound.first().cloned().flatten();
        let again = self.start(&running.persistent, None);
        if again.left.persistent != running.persistent || again.found != now {
            return Err(format!("memory is not as the flash: {now:?}, {:?}", again.found));
        }
        let blank = self.wiped(running)?;
        if !follows {
            return Ok(());
        }
        self.can_be_provisioned(&blank)?;
        for command in COMMANDS {
            self.command(node, running, now.as_ref(), command)?;
        }
        self.push(Node { state: State::Off(running.persistent.clone()), ..node.clone() });
        Ok(())
    }

    /// A command, to its end and cut everywhere.
    fn command(
        &mut self,
        node: &Node,
        running: &Running,
        now: Option<&Logical>,
        command: Command,
    ) -> Result<(), String> {
        let done = self.device.give(running, command, None);
        self.tally.commands += 1;
        let is_unchanged = done.left.persistent == running.persistent;
        match (now, &done.found) {
            (Some(now), Some(new)) => judge(command, done.verdict, now, new, (running.row, done.left.row))
                .map_err(|what| format!("{command:?}: {what}: {:?}: {now:?} became {new:?}", done.verdict))?,
            (None, None) if done.verdict.is_err() && is_unchanged && command != Command::Wipe => {}
            (None, Some(new)) if command == Command::Wipe && done.verdict.is_ok() && new.is_blank => {}
            (_, found) => return Err(format!("{command:?}: {:?}: {now:?} became {found:?}", done.verdict)),
        }
        let writes_anew = !is_unchanged && !command.is_attempt() && command != Command::ResetAttempts;
        self.push(Node {
            state: State::Running(done.left.clone()),
            sound: vec![done.found.clone()],
            latent: if is_unchanged { node.latent.clone() } else { Vec::new() },
            is_damaged: node.is_damaged && !writes_anew,
            ..node.after(Event::Command(command))
        });
        for cut in done.cuts {
            let left = self.device.give(running, command, Some(cut));
            self.tally.cuts += 1;
            let is_answered = left.verdict == done.verdict;
            if !is_answered && left.verdict != Err(Fault::StorageFailed) {
                return Err(format!("{command:?}, cut {cut:?}: {:?}, not {:?}", left.verdict, done.verdict));
            }
            // What a host was told is so.
            let sound = match now {
                _ if is_answered && (left.verdict.is_ok() || command.is_attempt()) => vec![done.found.clone()],
                Some(now) if command.is_attempt() => vec![Some(now.clone()), Some(now.paid()), done.found.clone()],
                now => vec![now.cloned(), done.found.clone()],
            };
            let state = State::Off(left.left.persistent);
            self.push(Node { state, sound, ..node.after(Event::CutCommand(command, cut)) });
        }
        Ok(())
    }

    /// A token without power: it is started, or something is done to its flash.
    fn visit_off(&mut self, node: &Node, persistent: &Persistent, follows: bool) -> Result<(), String> {
        let started = self.start(persistent, None);
        let place = node.sound.iter().position(|sound| *sound == started.found);
        let is_latent = started.found.as_ref().is_some_and(|found| node.latent.contains(found));
        // From here on, neither what was before this, nor what a power cut kept from being written.
        let (sound, latent): (_, Vec<Logical>) = match place {
            Some(place) => {
                let later = node.sound[place + 1..].iter().flatten().cloned();
                (&node.sound[place..], later.chain(node.latent.iter().cloned()).collect())
            }
            None if node.is_damaged && is_latent => (&[][..], Vec::new()),
            // A wipe that is cut may undo the damage: then it is in the state that it was in, or a later one.
            None if node.is_damaged && started.found.is_none() => {
                (&[][..], node.sound.iter().flatten().chain(&node.latent).cloned().collect())
            }
            None => return Err(format!("found as {:?}, not one of {:?}", started.found, node.sound)),
        };
        let alone = vec![started.found.clone()];
        self.push(Node {
            state: State::Running(started.left.clone()),
            sound: alone.clone(),
            latent: latent.clone(),
            ..node.clone()
        });
        if !follows {
            return Ok(());
        }
        for cut in started.cuts {
            let left = self.start(persistent, Some(cut)).left.persistent;
            self.tally.cut_starts += 1;
            let (state, sound, latent) = (State::Off(left), alone.clone(), latent.clone());
            self.push(Node { state, sound, latent, ..node.after(Event::CutStart(cut)) });
        }
        if !node.is_damaged {
            for (place, bit) in flips(&self.device.bytes(persistent)) {
                self.tally.flips += 1;
                let flipped = State::Off(self.device.flipped(persistent, place, bit));
                let node = node.after(Event::Flip { place, bit });
                self.push(Node { state: flipped, sound: sound.to_vec(), is_damaged: true, ..node });
            }
        }
        for (number, image) in self.images.iter().enumerate() {
            self.tally.put_back += 1;
            let state = State::Off(Persistent { counter: persistent.counter, ..image.persistent.clone() });
            // A copy of the same generation is accepted; one that the counter excludes is not, nor one ahead of it.
            let is_excluded = Some(image.found.generation) != persistent.counter;
            let sound = vec![(!is_excluded).then(|| image.found.clone())];
            self.push(Node {
                state,
                sound,
                latent: Vec::new(),
                is_damaged: false,
                ..node.after(Event::PutBack(number))
            });
        }
        Ok(())
    }

    /// The blank token that a wipe makes of any.
    fn wiped(&mut self, running: &Running) -> Result<Done, String> {
        let wiped = self.device.give(running, Command::Wipe, None);
        let is_blank = wiped.found.as_ref().is_some_and(|found| found.is_blank);
        if wiped.verdict.is_ok() && is_blank { Ok(wiped) } else { Err(format!("a wipe: {:?}", wiped.verdict)) }
    }

    fn can_be_provisioned(&mut self, blank: &Done) -> Result<(), String> {
        let done = self.device.give(&blank.left, Command::Provision, None);
        let (Some(old), Some(new)) = (&blank.found, &done.found) else {
            return Err("a provisioning disables the token".into());
        };
        let judged = judge(Command::Provision, done.verdict, old, new, (blank.left.row, done.left.row));
        judged.map_err(|what| format!("a provisioning after a wipe: {what}"))
    }

    fn start(&mut self, persistent: &Persistent, cut: Option<Cut>) -> Done {
        self.tally.starts += usize::from(cut.is_none());
        self.device.start(persistent, cut)
    }

    fn push(&mut self, node: Node) {
        if self.visited.get(&node.key()).is_some_and(|followed| *followed || node.depth == self.depth) {
            return;
        }
        // What nothing follows is visited at once, so that it takes no memory.
        if node.depth == self.depth {
            self.leaves.push(node);
        } else {
            self.queue.push_back(node);
        }
    }
}
