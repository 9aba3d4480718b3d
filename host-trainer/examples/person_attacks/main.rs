//! What strangers and attackers reach against persons enrolled with a connectome model, in counts.
//!
//! `cargo run --release --example person_attacks -- DATA [--background FILE]... [--enrolled K] [--frames N]`
//!
//! Probes have 25 frames unless N is given. Of the persons in DATA, each choice of K (4) is enrolled on the first two thirds of
//! their sessions; the others, with the persons of the background files, are the background of its model. Own probes come from
//! the remaining sessions, those of strangers, who are enrolled beside the person, from all of theirs. Random numbers have one
//! seed, so that a run repeats.

mod attacks;
mod case;
mod forger;

use std::error::Error;
use std::path::Path;

use neural_vault::dataset::{Dataset, LoadOptions, load};
use neural_vault::metrics::proportion::clopper_pearson;

use attacks::{ATTACKS, Attack};
use case::Case;

/// Frames of a probe whose thresholds are tested on later sessions.
const LENGTHS: [usize; 3] = [10, 25, 50];

/// Tries, and how many of them were accepted.
#[derive(Clone, Copy, Default)]
struct Count {
    accepted: u64,
    of: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { data, background, enrolled, frames: attacked } = Arguments::parse()?;
    let read = |path: &String| load(&[Path::new(path).into()], &LoadOptions::default());
    let data = read(&data)?;
    let background: Vec<Dataset> = background.iter().map(read).collect::<Result<_, _>>()?;
    if enrolled < 2 || enrolled > data.labels.len() {
        return Err(format!("{enrolled} of {} persons cannot be enrolled beside each other", data.labels.len()).into());
    }
    let choices = choices(data.labels.len(), enrolled);
    println!("{} choices of {enrolled} of {} persons", choices.len(), data.labels.len());

    println!("\nthreshold of the enrolment, on later sessions\n{:42} {:>22} {:>22}", "", "FAR", "FRR");
    for frames in LENGTHS {
        let (mut strangers, mut own, mut enrolments) = (Count::default(), Count::default(), 0);
        for choice in &choices {
            for case in Case::all(&data, &background, choice, frames)? {
                enrolments += 1;
                own.add(&case, &case.own)?;
                strangers.add(&case, &case.strangers.concat())?;
            }
        }
        let refused = Count { accepted: own.of - own.accepted, ..own };
        let what = format!("{frames} frames, {enrolments} of {} enrolments", choices.len() * enrolled);
        println!("{what:42} {:>22} {:>22}", strangers.text(), refused.text());
    }

    println!("\nattacks on probes of {attacked} frames: series with an accepted probe\n");
    let mut counts = [Count::default(); ATTACKS.len()];
    for choice in &choices {
        for case in Case::all(&data, &background, choice, attacked)? {
            for (count, Attack { series, .. }) in counts.iter_mut().zip(ATTACKS) {
                for probes in series(&case)? {
                    count.of += 1;
                    count.accepted += u64::from(case.accepted(&probes)? > 0);
                }
            }
        }
    }
    for (count, Attack { name, .. }) in counts.iter().zip(ATTACKS) {
        println!("{name:65} {:>22}", count.text());
    }
    Ok(())
}

impl Count {
    fn add(&mut self, case: &Case<'_>, probes: &[Vec<f32>]) -> Result<(), Box<dyn Error>> {
        self.of += probes.len() as u64;
        self.accepted += case.accepted(probes)?;
        Ok(())
    }

    /// Counts and rate, with the interval that independent tries would have; tries of one person are not.
    fn text(self) -> String {
        let [low, high] = clopper_pearson(self.accepted, self.of, 0.95);
        let percent = 100.0 * self.accepted as f64 / self.of as f64;
        format!("{} of {}, {percent:.2} % [{:.2}, {:.2}]", self.accepted, self.of, 100.0 * low, 100.0 * high)
    }
}

struct Arguments {
    data: String,
    background: Vec<String>,
    enrolled: usize,
    /// Frames of the probes that attack.
    frames: usize,
}

impl Arguments {
    fn parse() -> Result<Self, Box<dyn Error>> {
        let mut arguments = std::env::args().skip(1);
        let (mut data, mut background, mut enrolled, mut frames) = (None, Vec::new(), 4, 25);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--background" => background.push(value()?),
                "--enrolled" => enrolled = value()?.parse()?,
                "--frames" => frames = value()?.parse()?,
                _ if data.is_none() && !argument.starts_with('-') => data = Some(argument),
                _ => return Err(format!("what is {argument}?").into()),
            }
        }
        Ok(Self { data: data.ok_or("give recordings of persons")?, background, enrolled, frames })
    }
}

/// All choices of `count` of `total` numbers, each ascending.
fn choices(total: usize, count: usize) -> Vec<Vec<usize>> {
    let all = (0_u32..1 << total).filter(|bits| bits.count_ones() as usize == count);
    all.map(|bits| (0..total).filter(|number| bits >> number & 1 == 1).collect()).collect()
}
