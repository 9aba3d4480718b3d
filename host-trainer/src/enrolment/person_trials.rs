//! The trials of a person's enrolment: own probes, and those of others.

use std::collections::HashMap;
use std::ptr;

use super::EnrolError;
use super::development::Trials;
use super::enrol::indices;
use super::own_windows::{held_out, parts};
use super::person_request::PersonRequest;
use crate::dataset::{Dataset, Scan};
use crate::embedding::{Embedder, Frames, name};
use crate::verification::{rounded, score};

/// The person to enrol among the recordings.
pub(super) struct Person<'a, 'r> {
    pub embedder: &'a mut Embedder,
    pub segments: &'a mut Segments,
    pub dataset: &'a Dataset,
    pub label: u32,
    /// The label's name.
    pub name: &'a str,
    /// Labels of the background persons.
    pub background: &'a [String],
    /// Fewest frames of a probe.
    pub window: usize,
    pub request: &'a PersonRequest<'r>,
}

/// Embeddings of probes, each made once: by whether they are of the background, their first row and their length.
#[derive(Default)]
pub(super) struct Segments(HashMap<(bool, usize, usize), Vec<f32>>);

impl Person<'_, '_> {
    /// Adds the scores of the person's own probes; returns what they are, in words.
    pub fn add_own(
        &mut self,
        trials: &mut Trials,
        prototype: &[f32],
        joined: &[f32],
        lengths: &[usize],
    ) -> Result<String, EnrolError> {
        let (label, features) = (self.name, self.dataset.features);
        let development = indices("session", &self.dataset.sessions, self.request.development)?;
        if !development.is_empty() {
            let scans = self.own_scans(&development);
            for &length in lengths {
                let scores = self.segment_scores(self.dataset, &scans, length, prototype)?;
                trials.by_length.entry(length).or_default().genuine = scores;
            }
            let count = trials.longest().genuine.len();
            if count == 0 {
                return Err(EnrolError::FewProbes { label: label.to_owned(), probe: self.request.frames });
            }
            let (frames, names) = (self.request.frames, self.request.development.join(", "));
            return Ok(format!("{count} own probes of {frames} frames from {names}"));
        }
        let (frames, probe) = (joined.len() / features, self.request.frames);
        let tests = held_out(frames, probe);
        let tests = tests.ok_or_else(|| EnrolError::FewForProbe { label: label.to_owned(), frames, probe })?;
        let before = self.prototype(&joined[..tests.start * features])?;
        for &length in lengths {
            let parts: Vec<(String, &[f32])> = parts(tests.clone(), length)
                .map(|part| (label.to_owned(), &joined[part.start * features..part.end * features]))
                .collect();
            let embeddings = self.embed(&parts)?;
            trials.by_length.entry(length).or_default().genuine =
                embeddings.iter().map(|e| score(&before, e)).collect();
        }
        let count = trials.longest().genuine.len();
        Ok(format!(
            "{count} own probes of {probe} frames (the last {} of {frames} enrolled frames, against those before)",
            tests.len()
        ))
    }

    /// The scores of other persons, and who they are, in words.
    ///
    /// Sessions that test the threshold are left out.
    pub fn impostor_trials(&mut self, prototype: &[f32], lengths: &[usize]) -> Result<(Trials, String), EnrolError> {
        let tests = indices("session", &self.dataset.sessions, self.request.probes)?;
        let mut scans = self.others();
        scans.retain(|scan| !tests.contains(&scan.session));
        let found = self.trials_of(self.dataset, &scans, prototype, lengths)?;
        if !found.impostors.is_empty() {
            let whose = format!("{} other persons in the recordings", found.impostors.len());
            return Ok((found, whose));
        }
        let Some(background) = self.request.background else {
            return Ok((found, "nobody: no other person is recorded".to_owned()));
        };
        let found = self.trials_of(background, &background.scans(), prototype, lengths)?;
        let whose = format!(
            "{} background persons, whom the model was fitted to: strangers may be accepted more often",
            found.impostors.len()
        );
        Ok((found, whose))
    }

    pub fn trials_of(
        &mut self,
        dataset: &Dataset,
        scans: &[Scan],
        prototype: &[f32],
        lengths: &[usize],
    ) -> Result<Trials, EnrolError> {
        let mut trials = Trials::default();
        for &length in lengths {
            trials.by_length.entry(length).or_default().impostor =
                self.segment_scores(dataset, scans, length, prototype)?;
        }
        let long = scans.iter().filter(|scan| scan.rows.len() >= self.request.frames);
        trials.impostors = long.map(|scan| dataset.labels[scan.label as usize].clone()).collect();
        Ok(trials)
    }

    pub fn own_scans(&self, sessions: &[u32]) -> Vec<Scan> {
        let mut scans = self.dataset.scans();
        scans.retain(|scan| scan.label == self.label && sessions.contains(&scan.session));
        scans
    }

    /// Scans of persons who are neither enrolled nor of the background.
    pub fn others(&self) -> Vec<Scan> {
        let mut scans = self.dataset.scans();
        scans.retain(|scan| {
            scan.label != self.label && !self.background.contains(&self.dataset.labels[scan.label as usize])
        });
        scans
    }

    /// Scores of all consecutive probes of `length` frames in `scans`.
    pub fn segment_scores(
        &mut self,
        dataset: &Dataset,
        scans: &[Scan],
        length: usize,
        prototype: &[f32],
    ) -> Result<Vec<f64>, EnrolError> {
        let is_background = !ptr::eq(dataset, self.dataset);
        let (mut keys, mut new) = (Vec::new(), Vec::new());
        for scan in scans {
            for rows in parts(scan.rows.clone(), length) {
                let key = (is_background, rows.start, length);
                keys.push(key);
                if !self.segments.0.contains_key(&key) {
                    let first = rows.start - scan.rows.start + 1;
                    let named = format!("{}, frames {first} to {}", name(dataset, scan), first + length - 1);
                    new.push((key, (named, dataset.scan_values(&Scan { rows, ..*scan }))));
                }
            }
        }
        let (new_keys, new): (Vec<_>, Vec<_>) = new.into_iter().unzip();
        let embeddings = self.embed(&new)?;
        self.segments.0.extend(new_keys.into_iter().zip(embeddings));
        let embedded = keys.iter().filter_map(|key| self.segments.0.get(key));
        Ok(embedded.map(|embedding| score(prototype, embedding)).collect())
    }

    /// The embedding of `frames` as a prototype is stored.
    pub fn prototype(&mut self, frames: &[f32]) -> Result<Vec<f32>, EnrolError> {
        let embedding = self.embed(&[(self.name.to_owned(), frames)])?.swap_remove(0);
        Ok(rounded(&embedding)?)
    }

    fn embed(&mut self, scans: &[(String, &[f32])]) -> Result<Vec<Vec<f32>>, EnrolError> {
        let features = self.dataset.features;
        let frames: Vec<Frames<'_>> = scans.iter().map(|(name, values)| Frames { name, values, features }).collect();
        Ok(self.embedder.embed(&frames, self.window)?)
    }
}
