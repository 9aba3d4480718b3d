//! One person's enrolment, and the probes that try it.

use std::error::Error;

use neural_vault::connectome::{self, Person, Run};
use neural_vault::dataset::{Dataset, Scan};
use neural_vault::embedding::{Embedder, EmbeddingEngine, Frames};
use neural_vault::enrolment::{Enrolment, PersonRequest, Target, enrol_person};
use neural_vault::model::{Model, Provenance, StateDict};
use neural_vault_core::encoder::{Dims, Fill};

/// Probes of each stranger, spread evenly over the frames that they can begin with.
pub const PROBES: usize = 50;

/// An enrolled person beside others.
pub struct Case<'a> {
    /// The recordings.
    pub data: &'a Dataset,
    /// The model, fitted to the background.
    pub model: Model,
    /// The enrolment.
    pub record: Enrolment,
    /// Frames of a probe.
    pub frames: usize,
    /// The person's probes of later sessions.
    pub own: Vec<Vec<f32>>,
    /// The probes of each other person.
    pub strangers: Vec<Vec<Vec<f32>>>,
    /// Tells cases apart, for random numbers.
    pub seed: u64,
}

impl<'a> Case<'a> {
    /// Every person of a choice, enrolled beside the others of it.
    pub fn all(
        data: &'a Dataset,
        background: &[Dataset],
        choice: &[usize],
        frames: usize,
    ) -> Result<Vec<Self>, Box<dyn Error>> {
        let model = fit(data, background, choice)?;
        let (enrol, later) = data.sessions.split_at(data.sessions.len() - data.sessions.len() / 3);
        let mut embedder = Embedder::open(&model, EmbeddingEngine::Core)?;
        let mut cases = Vec::new();
        for &person in choice {
            let request = PersonRequest {
                label: &data.labels[person],
                sessions: enrol,
                development: &[],
                probes: &[],
                frames,
                least: 100,
                target: Target::Midway,
                threshold: None,
                background: None,
                id: [0; 16],
            };
            let record = enrol_person(&mut embedder, &model, data, &request)?;
            let own = scans(data, person, |session| later.contains(session));
            let own = own.iter().flat_map(|scan| data.scan_values(scan).chunks_exact(frames * data.features));
            let strangers = choice.iter().filter(|other| **other != person);
            let seed = choice.iter().fold(person as u64, |seed, other| seed * 31 + *other as u64);
            cases.push(Self {
                data,
                model: model.clone(),
                record,
                frames,
                own: own.map(<[f32]>::to_vec).collect(),
                strangers: strangers.map(|other| spread(data, &scans(data, *other, |_| true), frames)).collect(),
                seed,
            });
        }
        Ok(cases)
    }

    /// The embedding of all frames of each stranger.
    pub fn strangers_embeddings(&self) -> Result<Vec<Vec<f32>>, Box<dyn Error>> {
        self.embed(&self.strangers.iter().map(|probes| probes.concat()).collect::<Vec<_>>())
    }

    /// How many of `probes` the enrolment accepts.
    pub fn accepted(&self, probes: &[Vec<f32>]) -> Result<u64, Box<dyn Error>> {
        let embeddings = self.embed(probes)?;
        let enrolment = self.record.to_core()?;
        Ok(embeddings.iter().filter(|probe| enrolment.compare(probe).is_accept()).count() as u64)
    }

    fn embed(&self, scans: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, Box<dyn Error>> {
        let mut embedder = Embedder::open(&self.model, EmbeddingEngine::Core)?;
        let features = self.data.features;
        let frames: Vec<Frames<'_>> = scans.iter().map(|values| Frames { name: "scan", values, features }).collect();
        Ok(embedder.embed(&frames, self.frames)?)
    }
}

/// The model of everybody but the chosen persons.
fn fit(data: &Dataset, background: &[Dataset], choice: &[usize]) -> Result<Model, Box<dyn Error>> {
    let apart = data.scans().into_iter().filter(|scan| !choice.contains(&(scan.label as usize)));
    let others = background.iter().flat_map(|data| data.scans().into_iter().map(move |scan| (data, scan)));
    let mut persons: Vec<Person<'_>> = Vec::new();
    for (data, scan) in apart.map(|scan| (data, scan)).chain(others) {
        let label = data.labels[scan.label as usize].as_str();
        let run = Run { session: &data.sessions[scan.session as usize], frames: data.scan_values(&scan) };
        match persons.last_mut().filter(|person| person.label == label) {
            Some(person) => person.runs.push(run),
            None => persons.push(Person { label, runs: vec![run] }),
        }
    }
    let fitted = connectome::fit(data.features, &persons)?;
    let dims = Dims::connectome(data.features, data.features);
    let table = fitted.impostor;
    let tensors = [
        ("connectome.whitening", fitted.whitening),
        ("connectome.mean", fitted.mean),
        ("connectome.impostor_frames", table.frames.map(|frames| frames as f32).to_vec()),
        ("connectome.impostor_scores", table.scores.to_vec()),
    ];
    let tensors = tensors.map(|(name, values)| (name.to_owned(), values)).into();
    let labels = persons.iter().map(|person| person.label.to_owned()).collect();
    let provenance = Provenance { labels, window: 25, recipe: "connectome".to_owned(), ..Provenance::default() };
    Ok(Model::new(&StateDict { dims, fill: Fill::Mean, tensors }, provenance)?)
}

fn scans(data: &Dataset, person: usize, of_session: impl Fn(&String) -> bool) -> Vec<Scan> {
    let mut scans = data.scans();
    scans.retain(|scan| scan.label as usize == person && of_session(&data.sessions[scan.session as usize]));
    scans
}

/// Probes that begin at frames spread evenly over all with which a probe can begin.
fn spread(data: &Dataset, scans: &[Scan], frames: usize) -> Vec<Vec<f32>> {
    let starts: Vec<usize> =
        scans.iter().flat_map(|scan| scan.rows.start..(scan.rows.end + 1).saturating_sub(frames)).collect();
    let values = |start: usize| data.values[start * data.features..(start + frames) * data.features].to_vec();
    (0..PROBES).filter_map(|probe| starts.get(probe * starts.len() / PROBES)).map(|start| values(*start)).collect()
}
