//! One person's enrolment, and the probes that try it.

use std::error::Error;

use neural_vault::dataset::{Dataset, Scan};
use neural_vault::embedding::{Embedder, EmbeddingEngine, Frames};
use neural_vault::enrolment::{EnrolError, Enrolment, Identity, PersonRequest, Target, enrol_person};
use neural_vault::model::Model;
use neural_vault::training::{Connectome, background};

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
    /// Every person of a choice for whom there is a threshold, enrolled beside the others of it; all `others` are in the
    /// background.
    pub fn all(
        data: &'a Dataset,
        others: &[Dataset],
        choice: &[usize],
        frames: usize,
    ) -> Result<Vec<Self>, Box<dyn Error>> {
        let model = fit(data, others, choice)?;
        let (enrol, later) = data.sessions.split_at(data.sessions.len() - data.sessions.len() / 3);
        let mut embedder = Embedder::open(&model, EmbeddingEngine::Core)?;
        let mut cases = Vec::new();
        for &person in choice {
            let identity = Identity { label: &data.labels[person], id: [0; 16] };
            let request = PersonRequest {
                sessions: enrol,
                development: &[],
                probes: &[],
                frames,
                least: 100,
                target: Target::Midway,
                threshold: None,
                background: None,
            };
            let record = match enrol_person(&mut embedder, &model, data, identity, &request) {
                Err(EnrolError::Indistinct { .. }) => continue,
                enrolled => enrolled?,
            };
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
fn fit(data: &Dataset, others: &[Dataset], choice: &[usize]) -> Result<Model, Box<dyn Error>> {
    let is_chosen = |label: &String| choice.iter().any(|person| data.labels[*person] == *label);
    let apart: Vec<&String> = data.labels.iter().filter(|label| !is_chosen(label)).collect();
    let own = if apart.is_empty() { None } else { Some(data.restrict_labels(&apart)?) };
    let persons = background(own.into_iter().chain(others.iter().cloned()).collect())?;
    Ok(Connectome::default().train(&persons)?.0)
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
