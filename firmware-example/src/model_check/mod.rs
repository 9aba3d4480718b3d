//! The records and the count of attempts, in every state that a few events lead to.
//!
//! An event is a command, a command with the power cut at an operation of the flash, a cut start, a changed bit, or an earlier
//! content of the flash that is put back. The search gives each event to a token in each state, and compares what the token
//! does with a model of it ([`spec`]). A state is every byte of the flash, the counter outside it, the misses in a row, and
//! what the model knows; a state that was met before is not tried again.
//!
//! What must hold in each of them:
//! - a command does what the model says, and nothing else; a verdict is given only after its attempt is on the flash;
//! - after a power cut the token is in the state before or after the command or, for an attempt, in the state before with one
//!   more miss; what was answered is so;
//! - a changed bit disables the token, or leaves it in one of these states, and never in an earlier one;
//! - misses fall by an accepted scan, a reset or a wipe, and nothing is released once they reach the budget;
//! - records of an earlier generation than that of the counter are refused;
//! - memory is as the flash: a restart changes neither;
//! - a wipe works, and so does provisioning after it.

mod board;
mod device;
mod flips;
mod node;
mod search;
mod spec;

use std::vec::Vec;
use std::{format, println, vec};

use device::{COMMANDS, Command, Device, OTHER, Persistent, Running, SLOT};
use search::{Image, Tally, search};
use spec::Logical;

/// The variable that `cargo xtask model-check` sets: events in a row from every scenario, or `DEPTH NAME` for one of them.
const VARIABLE: &str = "NEURAL_VAULT_MODEL_CHECK";

/// A state to search from: commands before it, between which the token is restarted.
struct Scenario {
    name: &'static str,
    has_counter: bool,
    commands: Vec<Command>,
    /// Rejected scans after the last start.
    row: u8,
    /// Events in a row that the tests try.
    depth: usize,
}

fn scenarios() -> Vec<Scenario> {
    use Command::{Enrol, Provision, ResetAttempts, Rotate, VerifyStranger, Wipe};
    let scenario = |name, commands: &[Command], depth| {
        let commands = [&[Provision, Enrol(SLOT)], commands].concat();
        Scenario { name, has_counter: true, commands, row: 0, depth }
    };
    // 95 records fit the log, and the first is the snapshot's own.
    let (full, almost_full) = ([ResetAttempts; 94], [ResetAttempts; 93]);
    vec![
        Scenario { name: "blank", has_counter: true, commands: Vec::new(), row: 0, depth: 2 },
        scenario("enrolled", &[], 2),
        Scenario { has_counter: false, ..scenario("enrolled-without-counter", &[], 1) },
        scenario("two-enrolments", &[Enrol(OTHER)], 1),
        scenario("one-attempt", &[VerifyStranger; 5], 1),
        scenario("no-attempt", &[VerifyStranger; 6], 1),
        Scenario { row: 4, ..scenario("one-attempt-in-a-row", &[], 1) },
        Scenario { row: 5, ..scenario("locked", &[], 1) },
        scenario("log-almost-full", &almost_full, 1),
        scenario("log-full", &full, 1),
        scenario("last-generation-but-one", &[Rotate, Rotate, Rotate], 1),
        scenario("last-generation", &[Rotate, Rotate, Rotate, Wipe], 2),
    ]
}

/// The scenarios to search from.
fn chosen() -> Vec<Scenario> {
    let mut scenarios = scenarios();
    if let Ok(asked) = std::env::var(VARIABLE) {
        let (depth, name) = asked.split_once(' ').unwrap_or((&asked, ""));
        let depth = depth.parse().expect("a number of events");
        scenarios.retain(|scenario| name.is_empty() || scenario.name == name);
        scenarios.iter_mut().for_each(|scenario| scenario.depth = depth);
        assert!(!scenarios.is_empty(), "no scenario {name}");
    }
    scenarios
}

/// Makes the state of a scenario; returns the contents of the flash before each command that begins a generation, too.
fn prepare(device: &mut Device, scenario: &Scenario) -> ((Running, Logical), Vec<Image>) {
    let blank = Persistent { content: Default::default(), counter: scenario.has_counter.then_some(0) };
    let mut started = device.start(&blank, None);
    let mut images: Vec<Image> = Vec::new();
    let misses = std::iter::repeat_n(Command::VerifyStranger, scenario.row.into());
    for (number, command) in scenario.commands.iter().copied().chain(misses).enumerate() {
        let image = Image { persistent: started.left.persistent.clone(), found: started.found.clone().unwrap() };
        let done = device.give(&started.left, command, None);
        assert!(done.verdict.is_ok() || command == Command::VerifyStranger, "{command:?}: {:?}", done.verdict);
        if scenario.has_counter && done.found.as_ref().is_some_and(|new| new.generation > image.found.generation) {
            images.push(image);
        }
        started = if number < scenario.commands.len() { device.start(&done.left.persistent, None) } else { done };
    }
    ((started.left, started.found.unwrap()), images)
}

#[test]
fn every_series_of_events_leaves_a_token_as_the_model_says() {
    let mut device = Device::new();
    let heads = ["depth", "running", "off", "commands", "cuts", "cut starts", "flips", "put back", "starts"];
    println!("{:26}{}", "", heads.map(|head| format!(" {head:>10}")).concat());
    let mut all = [0; 8];
    for scenario in chosen() {
        let (start, images) = prepare(&mut device, &scenario);
        let found = search(&mut device, start, &images, scenario.depth);
        let found = found.unwrap_or_else(|what| panic!("{}: {what}", scenario.name));
        let Tally { running, off, commands, cuts, cut_starts, flips, put_back, starts } = found;
        let figures = [running, off, commands, cuts, cut_starts, flips, put_back, starts];
        print(scenario.name, scenario.depth, figures);
        all.iter_mut().zip(figures).for_each(|(all, figure)| *all += figure);
        assert!(running > COMMANDS.len() / 2 && flips > 0);
    }
    println!(
        "{} states, and {} events between them: none that must not be",
        all[0] + all[1],
        all[2..7].iter().sum::<usize>()
    );
}

fn print(name: &str, depth: usize, figures: [usize; 8]) {
    println!("{name:26} {depth:>10}{}", figures.map(|figure| format!(" {figure:>10}")).concat());
}

#[test]
fn a_token_that_loses_the_count_is_found() {
    let mut device = Device::new();
    let (start, images) = prepare(&mut device, &scenarios()[1]);
    device.forgets_misses = true;
    let found = search(&mut device, start, &images, 1).err().unwrap();
    assert!(found.contains("0 misses") && found.contains("not one of") && found.contains("1 misses"), "{found}");
}
