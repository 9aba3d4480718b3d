//! Persons whom a connectome model never saw: enrolled by all frames at once, verified and identified by a few.

use neural_vault::dataset::{Dataset, Row, write_csv};
use neural_vault::enrolment::Enrolment;
use neural_vault::verification::rounded;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::folder::Folder;
use super::samples::secret;

const REGIONS: usize = 12;
const FRAMES: usize = 150;
const SESSIONS: [&str; 3] = ["s0", "s1", "s2"];

/// Persons `p<first>` and so on, whose regions covary each in their own way; levels differ from session to session.
pub fn persons(numbers: std::ops::Range<u64>) -> Dataset {
    let normals = |seed: u64, count: usize| -> Vec<f32> {
        let random = ChaCha8Rng::seed_from_u64(seed);
        StandardNormal.sample_iter(random).take(count).collect()
    };
    let common = normals(1000, REGIONS * REGIONS);
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for (label, number) in numbers.clone().enumerate() {
        let own = normals(2000 + number, REGIONS * REGIONS);
        for session in 0..SESSIONS.len() {
            let sources = normals(3000 + 10 * number + session as u64, FRAMES * REGIONS);
            for (timestep, sources) in sources.chunks_exact(REGIONS).enumerate() {
                rows.push(Row { label: label as u32, session: session as u32, timestep: timestep as i64, run: 0 });
                for region in 0..REGIONS {
                    let mix = |source: usize| common[region * REGIONS + source] + 0.8 * own[region * REGIONS + source];
                    let value: f32 = sources.iter().enumerate().map(|(source, x)| mix(source) * x).sum();
                    values.push(value + (100 * session + region) as f32);
                }
            }
        }
    }
    Dataset {
        origin: "persons".into(),
        labels: numbers.map(|number| format!("p{number}")).collect(),
        sessions: SESSIONS.map(str::to_owned).to_vec(),
        features: REGIONS,
        rows,
        values,
        notes: Vec::new(),
    }
}

/// `model`, fitted to persons 0 to 7, and `data.csv` of persons 8 to 11, who are called p8, p9, q0 and q1.
pub fn folder() -> Folder {
    let folder = Folder::new();
    write_csv(&persons(0..8), &folder.path("background.csv")).unwrap();
    write_csv(&renamed(persons(8..12)), &folder.path("data.csv")).unwrap();
    folder.does(&["train", "background.csv", "--recipe", "connectome", "--out", "model"]);
    folder
}

/// Names whose order is that of the numbers.
fn renamed(mut dataset: Dataset) -> Dataset {
    dataset.labels = ["p8", "p9", "q0", "q1"].map(str::to_owned).to_vec();
    dataset
}

fn enroll<'a>(label: &'a str, output: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    let enroll = ["enroll", "data.csv", "--model", "model", "--label", label, "-o", output, "--force"];
    let sessions: &[&str] = if options.contains(&"--sessions") { &[] } else { &["--sessions", "s0,s1"] };
    [&enroll[..], sessions, options].concat()
}

fn verify<'a>(label: &'a str, enrolment: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    let verify = ["verify", "data.csv", "--model", "model", "--enrolment", enrolment, "--session", "s2"];
    [&verify[..], &["--label", label], options].concat()
}

/// Writes the first `frames` frames of a person's last session.
fn write_probe(folder: &Folder, label: &str, frames: usize) {
    let data = renamed(persons(8..12)).restrict_sessions(&["s2"]).unwrap().restrict_labels(&[label]).unwrap();
    write_csv(&data.select(&(0..frames).collect::<Vec<_>>()), &folder.path("probe.csv")).unwrap();
}

#[test]
fn a_person_is_enrolled_by_all_frames_and_verified_by_the_first_of_a_probe() {
    let folder = folder();
    let run = folder.does(&enroll("p8", "p8.nve", &["--json"]));
    let value = run.json();
    assert_eq!((&value["scans"], &value["development"]["target"]), (&2.into(), &"midway".into()), "{value}");
    // The last fifth of 300 frames holds two probes of 25.
    assert_eq!(value["development"]["genuine_trials"], 2);
    // Three other persons, three sessions of six probes each.
    let found = &value["false_matches"];
    assert_eq!((&found["trials"], &found["persons"]), (&54.into(), &3.into()), "{value}");
    let protocol = value["development"]["protocol"].as_str().unwrap();
    for part in ["2 own probes of 25 frames", "last 60 of 300", "3 other persons in the recordings (mean "] {
        assert!(protocol.contains(part), "{protocol}");
    }
    assert_eq!(value["thresholds"].as_array().unwrap().len(), 1);
    assert_eq!(value["thresholds"][0]["frames"], 25);

    let own = folder.run(&verify("p8", "p8.nve", &[]));
    assert_eq!((own.code, own.stdout.as_str()), (0, "accepted\n"), "{}", own.stderr);
    assert!(own.stderr.contains("25 of the probe's 150 frames are compared"), "{}", own.stderr);
    for other in ["p9", "q0", "q1"] {
        assert_eq!(folder.run(&verify(other, "p8.nve", &[])).code, 1, "{other}");
    }
    let inspected = folder.does(&["inspect", "p8.nve"]).stdout;
    for line in ["embedded    all frames of a scan at once", "chosen for  midway between", "of 25 frames, to which"] {
        assert!(inspected.contains(line), "{line} is not in {inspected}");
    }
}

#[test]
fn every_length_has_a_threshold_and_a_shorter_probe_is_refused_with_the_price() {
    let folder = folder();
    let value = folder.does(&enroll("p8", "p8.nve", &["--frames", "60", "--json"])).json();
    let frames: Vec<u64> =
        value["thresholds"].as_array().unwrap().iter().map(|t| t["frames"].as_u64().unwrap()).collect();
    assert_eq!(frames, [25, 50, 60]);
    for (given, entry) in [(25, 0), (49, 0), (50, 1), (60, 2), (150, 2)] {
        write_probe(&folder, "p8", given);
        let verify = ["verify", "probe.csv", "--model", "model", "--enrolment", "p8.nve", "--show-score", "--json"];
        let run = folder.run(&verify);
        let shown = run.document();
        assert_eq!(shown["threshold"], value["thresholds"][entry]["threshold"], "{given}: {}", run.stderr);
        let compared = frames[entry];
        let note = format!("{compared} of the probe's {given} frames are compared");
        assert_eq!(run.stderr.contains(&note), compared < given as u64, "{given}: {}", run.stderr);
    }
    write_probe(&folder, "p8", 24);
    let verify = ["verify", "probe.csv", "--model", "model", "--enrolment", "p8.nve"];
    folder.refuses(&verify, 3, &["p8.nve", "a probe of 24 frames is shorter", "9.2 % with probes of 10 frames"]);
}

#[test]
fn a_prototype_is_stored_rounded_so_that_a_token_has_the_same_key() {
    let folder = folder();
    folder.does(&enroll("p8", "p8.nve", &["--seed", "4"]));
    let record = Enrolment::read(&folder.path("p8.nve")).unwrap();
    assert!(record.is_whole && record.prototype.len() == REGIONS * (REGIONS - 1) / 2);
    assert_eq!(rounded(&record.prototype).unwrap(), record.prototype);
    folder.write("secret", secret(5));
    let derive = ["derive", "--enrolment", "p8.nve", "--device-secret", "secret"];
    let key = folder.does(&derive).stdout;
    let released = ["--derive", "--device-secret", "secret"];
    assert_eq!(folder.does(&verify("p8", "p8.nve", &released)).stdout, key);
    let stranger = folder.run(&verify("p9", "p8.nve", &released));
    assert!(stranger.code == 1 && !stranger.stdout.contains(key.trim()), "{}", stranger.stdout);
}

#[test]
fn short_enrolments_are_refused_with_the_price_unless_they_are_asked_for() {
    let folder = folder();
    let short = ["enroll", "short.csv", "--model", "model", "--label", "p8", "-o", "short.nve"];
    let data = renamed(persons(8..12)).restrict_sessions(&["s0"]).unwrap();
    write_csv(&data.select(&(0..80).chain(150..300).collect::<Vec<_>>()), &folder.path("short.csv")).unwrap();
    let says = ["p8 has 80 frames to enrol, fewer than 100", "--least-frames", "9.4 % after 100"];
    folder.refuses(&short, 3, &says);
    let run = folder.does(&[&short[..], &["--least-frames", "80"]].concat());
    assert!(run.stderr.contains("warning: enrolments should have 100 frames"), "{}", run.stderr);
    let most = [&short[..], &["--least-frames", "80", "--frames", "41", "--force"]].concat();
    folder.refuses(&most, 3, &["p8 has 80 frames", "probes of 41 frames needs 82"]);
    let run = folder.does(&[&short[..], &["--least-frames", "80", "--frames", "10", "--force"]].concat());
    assert!(run.stderr.contains("--frames asks for 10: on seven persons"), "{}", run.stderr);
}

#[test]
fn persons_of_the_background_and_their_scans_are_left_out() {
    let folder = folder();
    let enroll = ["enroll", "background.csv", "--model", "model", "--label", "p3", "-o", "p3.nve"];
    folder.refuses(&enroll, 2, &["p3 is one of the model's background persons"]);
    // Background persons in the recordings are no strangers.
    let joined = ["enroll", "data.csv", "background.csv", "--model", "model", "--label", "p8", "--sessions", "s0,s1"];
    let value = folder.does(&[&joined[..], &["-o", "p8.nve", "--json"]].concat()).json();
    assert_eq!(value["false_matches"]["persons"], 3, "{value}");
}

#[test]
fn where_nobody_else_is_recorded_the_background_tries_the_threshold_and_that_is_said() {
    let folder = folder();
    write_csv(&persons(8..9), &folder.path("alone.csv")).unwrap();
    let enroll = ["enroll", "alone.csv", "--label", "p8", "-o", "p8.nve", "--json", "--force"];
    let run = folder.does(&[&enroll[..], &["--model", "model"]].concat());
    let value = run.json();
    assert_eq!(value["false_matches"]["persons"], 8, "{value}");
    let whose = "8 background persons, whom the model was fitted to: strangers may be accepted more often";
    assert!(run.stderr.contains(whose), "{}", run.stderr);
    assert!(folder.does(&["inspect", "p8.nve"]).stdout.contains(whose));
    let run = folder.does(&[&enroll[..], &["--model", "model/model.nvb"]].concat());
    assert_eq!(
        (&run.json()["false_matches"]["trials"], &run.json()["thresholds"][0]["frames"]),
        (&0.into(), &25.into())
    );
    assert!(run.stderr.contains("nobody: no other person is recorded"), "{}", run.stderr);
    assert!(folder.does(&["inspect", "p8.nve"]).stdout.contains("FMR         unknown"));
}

#[test]
fn sessions_of_probes_are_not_enrolled_and_test_the_threshold() {
    let folder = folder();
    folder.refuses(
        &enroll("p8", "p8.nve", &["--development-sessions", "s1"]),
        2,
        &["session s1 is to be enrolled", "--sessions"],
    );
    folder.refuses(&enroll("p8", "p8.nve", &["--probe-sessions", "s0"]), 2, &["session s0 is to be enrolled"]);
    let tested = folder.does(&enroll("p8", "p8.nve", &["--probe-sessions", "s2", "--json"])).json();
    assert_eq!(
        (&tested["outcome"]["genuine_trials"], &tested["outcome"]["impostor_trials"]),
        (&6.into(), &18.into()),
        "{tested}"
    );
    assert_eq!(tested["development"]["impostor_trials"], 36, "sessions that test it are left out");
    let chosen = folder.does(&enroll("p8", "p8.nve", &["--development-sessions", "s2", "--json"])).json();
    assert_eq!(chosen["development"]["genuine_trials"], 6, "{chosen}");
    assert!(chosen["development"]["protocol"].as_str().unwrap().contains("6 own probes of 25 frames from s2"));
}

#[test]
fn a_threshold_by_hand_or_for_a_false_match_rate_is_tried_by_the_others() {
    let folder = folder();
    let by_hand = folder.does(&enroll("p8", "p8.nve", &["--threshold", "-1", "--json"])).json();
    assert_eq!((&by_hand["false_matches"]["matches"], &by_hand["false_matches"]["trials"]), (&54.into(), &54.into()));
    assert_eq!(by_hand["thresholds"], serde_json::json!([{ "frames": 25, "threshold": -1.0 }]));
    let strict = folder.does(&enroll("p8", "p8.nve", &["--fmr", "0.02", "--json"])).json();
    assert!(strict["false_matches"]["matches"].as_u64().unwrap() <= 1, "{strict}");
    folder.refuses(&enroll("p8", "p8.nve", &["--fmr", "0.001"]), 2, &["needs 1000 impostor"]);
}

#[test]
fn options_of_the_other_kind_of_model_are_refused_with_the_reason() {
    let folder = folder();
    for (option, value, why) in [
        ("--refit", Some("again"), "was not fitted to"),
        ("--frozen", None, "need no gallery"),
        ("--window", Some("9"), "--frames sets how long"),
        ("--windows", Some("2"), "--frames sets how long"),
    ] {
        let options: Vec<&str> = [option].into_iter().chain(value).collect();
        folder.refuses(&enroll("p8", "p8.nve", &options), 2, &[option, why]);
    }
    let other = Folder::with_model();
    let enroll = ["enroll", "data.csv", "--model", "model", "--label", "class00", "-o", "r.nve"];
    for option in ["--frames", "--least-frames"] {
        other.refuses(&[&enroll[..], &[option, "9"]].concat(), 2, &[option, "connectome"]);
    }
    folder.refuses(&[&enroll[..], &["--frames", "1"]].concat(), 2, &["--frames", "2 to 65536"]);
}

#[test]
fn a_gallery_identifies_persons_by_probes_of_its_length() {
    let folder = folder();
    for label in ["p8", "p9", "q0"] {
        folder.does(&enroll(label, &format!("{label}.nve"), &[]));
    }
    folder.does(&enroll("q1", "longer.nve", &["--frames", "50"]));
    let longer = ["gallery", "p8.nve", "longer.nve", "-o", "wrong.nvg"];
    folder.refuses(&longer, 4, &["longer.nve", "enrol all in the same way"]);
    for format in ["f32", "i8"] {
        folder.does(&["gallery", "p8.nve", "p9.nve", "q0.nve", "-o", "g.nvg", "--format", format, "--force"]);
        let identify = ["identify", "data.csv", "--model", "model", "--gallery", "g.nvg", "--session", "s2", "--label"];
        for label in ["p8", "p9", "q0"] {
            let run = folder.does(&[&identify[..], &[label]].concat());
            assert_eq!(run.stdout, format!("{label}\n"), "{format}");
            assert!(run.stderr.contains("25 of the probe's 150 frames are compared"), "{}", run.stderr);
        }
        let stranger = folder.run(&[&identify[..], &["q1"]].concat());
        assert_eq!((stranger.code, stranger.stdout.as_str()), (1, "no match\n"), "{format}");
    }
    write_probe(&folder, "p8", 24);
    let short = ["identify", "probe.csv", "--model", "model", "--gallery", "g.nvg"];
    folder.refuses(&short, 3, &["g.nvg", "a probe of 24 frames, the gallery is for 25"]);
}

#[test]
fn a_gap_in_time_does_not_matter_to_how_regions_covary() {
    let folder = folder();
    let scores = |folder: &Folder| {
        let verify = ["verify", "probe.csv", "--model", "model", "--enrolment", "p8.nve", "--show-score"];
        folder.does(&verify).stdout
    };
    folder.does(&enroll("p8", "p8.nve", &[]));
    let mut data = renamed(persons(8..12)).restrict_sessions(&["s2"]).unwrap().restrict_labels(&["p8"]).unwrap();
    write_csv(&data, &folder.path("probe.csv")).unwrap();
    let whole = scores(&folder);
    data.rows[10..].iter_mut().for_each(|row| row.timestep += 1000);
    write_csv(&data, &folder.path("probe.csv")).unwrap();
    assert_eq!(scores(&folder), whole);
}

#[test]
fn a_session_or_a_probe_without_a_region_is_refused_by_its_name() {
    let folder = folder();
    folder.does(&enroll("p8", "p8.nve", &[]));
    let mut data = renamed(persons(8..12));
    for (row, frame) in data.rows.iter().zip(data.values.chunks_exact_mut(REGIONS)) {
        if row.label == 0 && row.session > 0 {
            frame[4] = 0.0;
        }
    }
    write_csv(&data, &folder.path("lacking.csv")).unwrap();
    let enroll = ["enroll", "lacking.csv", "--model", "model", "--label", "p8", "--sessions", "s0,s1", "-o", "r.nve"];
    folder.refuses(&enroll, 3, &["p8, session s1", "region 5"]);
    let verify =
        ["verify", "lacking.csv", "--model", "model", "--enrolment", "p8.nve", "--label", "p8", "--session", "s2"];
    folder.refuses(&verify, 3, &["p8, session s2", "region 5"]);
    // Another person's scan that lacks a region is named as well.
    let other = ["enroll", "lacking.csv", "--model", "model", "--label", "p9", "--sessions", "s0,s1", "-o", "r.nve"];
    folder.refuses(&other, 3, &["p8, session s1", "region 5"]);
}

#[test]
fn where_strangers_score_as_high_as_the_person_no_enrolment_is_made() {
    let folder = folder();
    // Every recording is nearly that of one person.
    let mut data = renamed(persons(8..12));
    let common = data.restrict_labels(&["q1"]).unwrap();
    for (at, frame) in data.values.chunks_exact_mut(REGIONS).enumerate() {
        let strong = common.row(at % common.rows.len());
        frame.iter_mut().zip(strong).for_each(|(value, strong)| *value = 0.02 * *value + strong);
    }
    write_csv(&data, &folder.path("alike.csv")).unwrap();
    let enroll = ["enroll", "alike.csv", "--model", "model", "--label", "p8", "--sessions", "s0,s1", "-o", "r.nve"];
    folder.refuses(
        &enroll,
        3,
        &["own probes of p8", "those of strangers", "no threshold separates them", "--threshold"],
    );
}
