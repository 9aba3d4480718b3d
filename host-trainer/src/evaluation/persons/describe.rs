//! What a method takes from every scan before it knows the background, computed once for all splits.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::conditions::{Condition, NOISE, distinct};
use super::recordings::{Person, Session};
use crate::evaluation::error::EvaluationError;
use crate::evaluation::methods::{BackgroundPerson, Described, ScanMethod};

/// The share of an enrolment's frames, its first, that a threshold's own probes are compared with; they are the others.
const EARLY: f64 = 0.8;

/// The scans of an evaluated person, as a method describes them.
pub(super) struct EvaluatedPerson {
    /// The person's number among the labels.
    pub(super) label: u32,
    /// The enrolment by its number of first frames; `usize::MAX` is all.
    pub(super) enrolments: BTreeMap<usize, Described>,
    /// The first four fifths of the enrolment.
    pub(super) early: Described,
    /// Segments of the last fifth, by their length.
    pub(super) late: BTreeMap<usize, Vec<Described>>,
    /// Segments of the sessions that probe, by length and noise.
    pub(super) probes: BTreeMap<(usize, usize), Vec<Described>>,
}

/// Describes scans by one method.
pub(super) struct Describer<'m> {
    pub(super) method: &'m dyn ScanMethod,
    pub(super) features: usize,
    /// Seed of the noise.
    pub(super) seed: u64,
}

impl Describer<'_> {
    /// The persons as background, with segments of these lengths.
    pub(super) fn background(
        &self,
        persons: &[Person<'_>],
        lengths: &[usize],
    ) -> Result<Vec<BackgroundPerson>, EvaluationError> {
        let describe = |person: &Person<'_>| {
            let run = |session: &Session<'_>| Ok((session.name.to_owned(), self.scan(&session.frames)?));
            let all: Vec<u32> = person.sessions.iter().map(|session| session.number).collect();
            let segments = lengths.iter().map(|&length| {
                let sessions = person.sessions.iter();
                let segments = sessions.map(|session| self.segments(&session.frames, length));
                Ok((length, segments.collect::<Result<Vec<_>, EvaluationError>>()?.concat()))
            });
            Ok(BackgroundPerson {
                label: person.name.to_owned(),
                runs: person.sessions.iter().map(run).collect::<Result<_, EvaluationError>>()?,
                joined: self.scan(&person.joined(&all))?,
                segments: segments.collect::<Result<_, EvaluationError>>()?,
            })
        };
        persons.par_iter().map(describe).collect()
    }

    /// The persons as evaluated ones, with the sessions of each that are enrolled and that probe.
    pub(super) fn evaluated(
        &self,
        persons: &[(&Person<'_>, &[u32], &[u32])],
        conditions: &BTreeSet<Condition>,
    ) -> Result<Vec<EvaluatedPerson>, EvaluationError> {
        let describe = |(person, enrolled, probing): &(&Person<'_>, &[u32], &[u32])| {
            let enrolment = person.joined(enrolled);
            let frames = enrolment.len() / self.features;
            let first = |count: usize| &enrolment[..count.min(frames) * self.features];
            let early = first((frames as f64 * EARLY) as usize);
            let late = &enrolment[early.len()..];
            let enrolments = distinct(conditions, |condition| condition.enrolled);
            let lengths = distinct(conditions, |condition| condition.frames);
            let probes = distinct(conditions, |condition| (condition.frames, condition.noise)).into_iter();
            let probes = probes.map(|(frames, noise)| {
                let sessions = person.sessions.iter().filter(|session| probing.contains(&session.number));
                let segments =
                    sessions.map(|session| self.segments(&self.with_noise(person, session, NOISE[noise]), frames));
                Ok(((frames, noise), segments.collect::<Result<Vec<_>, EvaluationError>>()?.concat()))
            });
            Ok(EvaluatedPerson {
                label: person.label,
                enrolments: enrolments
                    .into_iter()
                    .map(|count| Ok((count, self.scan(first(count))?)))
                    .collect::<Result<_, EvaluationError>>()?,
                early: self.scan(early)?,
                late: lengths.into_iter().map(|length| Ok((length, self.segments(late, length)?))).collect::<Result<
                    _,
                    EvaluationError,
                >>(
                )?,
                probes: probes.collect::<Result<_, EvaluationError>>()?,
            })
        };
        persons.par_iter().map(describe).collect()
    }

    fn scan(&self, frames: &[f32]) -> Result<Described, EvaluationError> {
        let description = self.method.describe(frames, self.features)?;
        Ok(Described { frames: frames.len() / self.features, description })
    }

    /// Consecutive segments; what is left over at the end is left out.
    fn segments(&self, frames: &[f32], length: usize) -> Result<Vec<Described>, EvaluationError> {
        frames.chunks_exact(length * self.features).map(|segment| self.scan(segment)).collect()
    }

    /// A session with white noise of this many deviations of each region; the same draws at every level.
    fn with_noise(&self, person: &Person<'_>, session: &Session<'_>, deviations: f64) -> Vec<f32> {
        let mut frames = session.frames.clone();
        if deviations == 0.0 {
            return frames;
        }
        let mut squares = vec![0.0_f64; self.features];
        for frame in frames.chunks_exact(self.features) {
            squares.iter_mut().zip(frame).for_each(|(sum, &value)| *sum += f64::from(value).powi(2));
        }
        let count = (frames.len() / self.features) as f64;
        let scales: Vec<f64> = squares.into_iter().map(|sum| deviations * (sum / count).sqrt()).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(u64::from(person.label) << 32 | u64::from(session.number));
        for frame in frames.chunks_exact_mut(self.features) {
            for (value, scale) in frame.iter_mut().zip(&scales) {
                let normal: f64 = StandardNormal.sample(&mut rng);
                *value += (normal * scale) as f32;
            }
        }
        frames
    }
}
