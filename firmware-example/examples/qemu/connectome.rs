//! A token for connectome models: its life from blank to wiped, and what a verification costs.

use std::error::Error;

use neural_vault_core::testing::Aligned;
use neural_vault_core::wire::*;
use neural_vault_token_simulator::client::Client;
use neural_vault_token_simulator::connectome::{LEAST, bundle, scan, spread};
use neural_vault_token_simulator::rates;

use crate::machine::{Machine, Setup};
use crate::story::{
    ADMIN, Host, IN_SLOT, Outcome, SLOT, answer_challenge, compare_key, equal_embeddings, provision, restart,
    show_state, verify,
};

/// Regions of an atlas of the whole brain (AAL2), as many features, frames of a probe and of an enrolment.
const REGIONS: usize = 94;
const PROBE: usize = LEAST as usize;
const ENROLMENT: usize = 120;

/// The person enrolled, and the scan that is enrolled.
const PERSON: u32 = 1;

/// Between the scores of one person's scans and of two persons'.
const THRESHOLD: f32 = 0.2;

/// Accepts every scan: a rejected one would derive no key.
const ANY: f32 = -1.0;

/// Features, regions and frames that are measured, and scans whose embeddings are compared with the host's.
const CASES: [(usize, usize, usize, usize); 4] =
    [(94, 94, 25, 20), (94, 94, 100, 2), (100, 100, 25, 2), (20_484, 94, 25, 1)];

/// Takes a token from blank to wiped, and prints what it answers.
pub fn tell(setup: &Setup) -> Outcome<()> {
    let wide = with_model(setup, &bundle(101, 101))?;
    let mut token = wide.start(None)?;
    let bytes = bundle(101, 101);
    let refused = provision(&mut token, &Host::new(bytes.bytes(), PROBE)?);
    println!("a model of 101 regions: {}", refused.err().ok_or("provisioned")?);
    token.transport.stop();

    let bytes = bundle(REGIONS, REGIONS);
    let setup = with_model(setup, &bytes)?;
    let host = Host::new(bytes.bytes(), PROBE)?;
    let token = &mut setup.start(None)?;
    let key = token.token.ok_or("no key")?;
    show_state(token)?;
    println!("self-test: parts {:#07b}", token.call::<SelfTest>(&())?.passed);
    provision(token, &host)?;
    show_state(token)?;
    let sample: Vec<_> = (0..3).map(|take| scan(7, take, REGIONS, PROBE + 10 * take as usize)).collect();
    println!("embeddings equal to the host's: {} of {}", equal_embeddings(token, &host, &sample)?, sample.len());

    let enrolled = scan(PERSON, 0, REGIONS, ENROLMENT);
    let enrolment = enrol(token, (REGIONS, &enrolled), PROBE, THRESHOLD)?;
    let TokenInfo { latent, frames, .. } = token.call::<Info>(&())?;
    println!("enrolled {ENROLMENT} frames: {latent} components, probes of {frames} frames");
    show_state(token)?;
    token.scan(Purpose::Enrol, REGIONS, &enrolled)?;
    token.call::<EnrolScan>(&EnrolmentScan { first: true })?;
    token.scan(Purpose::Enrol, REGIONS, &enrolled)?;
    let refused = token.call::<EnrolScan>(&EnrolmentScan { first: false }).err();
    println!("a second scan for an enrolment: {}", refused.ok_or("taken")?);

    *token = restart(&setup, token, Some(&key))?;
    println!("after a power cycle: a session with the key of the first contact");
    for (person, take) in [(1, 1), (2, 1), (3, 1), (1, 2), (4, 1)] {
        println!("verify person {person}: {}", verify(token, &host, &scan(person, take, REGIONS, PROBE))?);
    }
    println!("misses: {}", token.call::<Info>(&())?.misses);
    println!("verify 26 frames of person 1: {}", verify(token, &host, &scan(1, 3, REGIONS, PROBE + 1))?);
    println!("misses: {}", token.call::<Info>(&())?.misses);
    for (what, change) in CHANGES {
        let mut probe = scan(1, 1, REGIONS, PROBE);
        change(&mut probe);
        println!("{what}: {}", token.scan(IN_SLOT, REGIONS, &probe).err().ok_or("taken")?);
    }
    println!("misses: {}", token.call::<Info>(&())?.misses);

    let probe = scan(1, 4, REGIONS, PROBE);
    answer_challenge(token, &host, &probe, &enrolment)?;
    compare_key(token, &host, &probe, (&enrolled, &enrolment))?;
    let rotated = token.admin::<Rotate, _>(&ADMIN, SLOT)?;
    println!("rotated: {}", if rotated.id == enrolment.id { "the same enrolment" } else { "a new enrolment" });
    answer_challenge(token, &host, &probe, &rotated)?;
    compare_key(token, &host, &probe, (&enrolled, &rotated))?;
    token.admin::<Revoke, _>(&ADMIN, SLOT)?;
    println!("revoked");
    println!("verify person 1: {}", verify(token, &host, &probe)?);
    token.admin::<Wipe, _>(&ADMIN, ())?;
    println!("wiped");
    token.handshake()?;
    show_state(token)
}

type Change = fn(&mut Vec<f32>);

/// What is done to a scan of the enrolled person.
const CHANGES: [(&str, Change); 4] = [
    ("a frame of NaN", |scan| scan[3 * REGIONS..][..REGIONS].fill(f32::NAN)),
    ("a frame without a value of a region", |scan| scan[9 * REGIONS + 5] = f32::INFINITY),
    ("a region that never changes", |scan| scan.iter_mut().skip(41).step_by(REGIONS).for_each(|value| *value = 2.5)),
    ("a frame too few", |scan| scan.truncate((PROBE - 1) * REGIONS)),
];

/// Measures every case and prints it as JSON.
pub fn measure(setup: &Setup) -> Outcome<()> {
    println!("[");
    for (index, (features, regions, frames, scans)) in CASES.into_iter().enumerate() {
        let bytes = bundle(features, regions);
        let mut setup = with_model(setup, &bytes)?;
        let host = Host::new(bytes.bytes(), PROBE)?;
        let of_features = |scan: Vec<f32>| if features > regions { spread(&scan, regions, features) } else { scan };
        let scan_of = |person, take| of_features(scan(person, take, regions, frames));
        let mut token = setup.start(None)?;
        provision(&mut token, &host)?;
        let scans: Vec<_> = (0..scans as u32).map(|take| scan_of(take % 5, take)).collect();
        let equal = equal_embeddings(&mut token, &host, &scans)?;
        enrol(&mut token, (features, &scan_of(PERSON, 0)), frames, ANY)?;
        token.transport.stop();

        // QEMU is slow while it counts, so it gets only the scan that is measured.
        setup.count = true;
        let mut token = setup.start(None)?;
        token.traffic = 0;
        token.scan(IN_SLOT, features, &scan_of(PERSON, 1))?;
        let link = token.traffic as f64 / (4 * features * frames) as f64;
        token.call::<Verify>(&())?;
        let found = token.admin::<Measure, _>(&ADMIN, ())?;
        let count = |ticks: u64| ticks * u64::from(found.per_tick);
        let stages = [found.receive, found.project, found.encode, found.verify].map(count);
        let [receive, project, encode, verify] = stages;
        let total: u64 = stages.iter().sum();
        let comma = if index + 1 < CASES.len() { "," } else { "" };
        println!(
            "  {{\"features\": {features}, \"regions\": {regions}, \"frames\": {frames}, \"memory\": {}, \"stack\": {}, \
             \"record\": {}, \"receive\": {receive}, \"project\": {project}, \"encode\": {encode}, \"verify\": {verify}, \
             \"instructions\": {total}, \"link\": {link:.3}, \"equal_embeddings\": {equal}}}{comma}",
            found.memory,
            found.stack,
            // A scale and a code for each component, in a sealed record.
            (4 + regions * (regions - 1) / 2_usize).next_multiple_of(16) + 64,
        );
    }
    println!("]");
    Ok(())
}

/// The setup of a blank token that has this model.
fn with_model(setup: &Setup, bundle: &Aligned) -> Result<Setup, Box<dyn Error>> {
    let setup = Setup { model: setup.folder.join("connectome.nvb"), ..setup.clone() };
    std::fs::write(&setup.model, bundle.bytes())?;
    for file in ["token.flash", "token.generation"] {
        let _ = std::fs::remove_file(setup.folder.join(file));
    }
    Ok(setup)
}

/// Enrols one scan for probes of so many frames.
fn enrol(
    token: &mut Client<Machine>,
    (features, scan): (usize, &[f32]),
    frames: usize,
    threshold: f32,
) -> Outcome<Enrolled> {
    token.scan(Purpose::Enrol, features, scan)?;
    let EnrolmentProgress { scans, prototype } = token.call::<EnrolScan>(&EnrolmentScan { first: true })?;
    let (slot, label) = (SLOT.slot, Label::new("person 1").ok_or("a long label")?);
    let enrolment = Enrolment { slot, label, scans, threshold, frames: frames as u32, prototype, ..rates() };
    Ok(token.admin::<Enrol, _>(&ADMIN, enrolment)?)
}
