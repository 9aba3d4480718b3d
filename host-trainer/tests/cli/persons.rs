//! `evaluate --protocol unseen-persons`: persons that no model was fitted to, compared by how regions covary.

use std::fmt::Write;
use std::ops::Range;

use serde_json::Value;

use super::folder::Folder;

const REGIONS: usize = 8;

/// Normal numbers of a small generator, so that the recordings stay the same.
struct Normals(u64);

impl Normals {
    fn next(&mut self) -> f64 {
        let mut uniform = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 40) as f64 / f64::from(1_u32 << 24)
        };
        (0..12).map(|_| uniform()).sum::<f64>() - 6.0
    }
}

/// Recordings of persons whose regions are mixed by a matrix of their own; the mean level tells nothing.
fn recordings(persons: Range<u64>, sessions: usize, frames: usize) -> String {
    let mut text = String::from("person,session,timestep,prediction\n");
    for person in persons {
        let (mut shared, mut own, mut noise) = (Normals(1), Normals(1000 + person), Normals(2000 + person));
        let mixing: Vec<f64> = (0..REGIONS * REGIONS).map(|_| shared.next() + 0.8 * own.next()).collect();
        for session in 0..sessions {
            for frame in 0..frames {
                let sources: Vec<f64> = (0..REGIONS).map(|_| noise.next()).collect();
                for row in mixing.chunks_exact(REGIONS) {
                    let value: f64 = row.iter().zip(&sources).map(|(a, b)| a * b).sum();
                    writeln!(text, "p{person},s{session},{},{:.4}", session * frames + frame, 100.0 + value).unwrap();
                }
            }
        }
    }
    text
}

/// A folder with six persons, and three others to be their background.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("data.csv", recordings(0..6, 3, 100));
    folder.write("others.csv", recordings(20..23, 2, 60));
    folder
}

const QUICK: [&str; 7] =
    ["evaluate", "data.csv", "--label-column", "person", "--protocol", "unseen-persons", "--replicates=60"];

fn evaluate(options: &[&'static str]) -> Vec<&'static str> {
    [&QUICK[..], options].concat()
}

/// Session s0 of person p3 once more, as session s9.
fn own_copy(data: &str) -> String {
    let lines = data.lines().filter_map(|line| line.strip_prefix("p3,s0,"));
    lines.map(|rest| format!("p3,s9,{rest}\n")).collect()
}

fn method<'a>(protocol: &'a Value, name: &str) -> &'a Value {
    protocol["methods"].as_array().unwrap().iter().find(|method| method["name"] == name).unwrap()
}

fn eer(protocol: &Value, name: &str) -> f64 {
    method(protocol, name)["eer_percent"]["value"].as_f64().unwrap()
}

#[test]
fn persons_of_whom_nothing_was_fitted_are_told_apart_by_how_regions_covary_and_not_by_their_means() {
    let folder = folder();
    let options =
        ["--background", "others.csv", "--frames", "40,10", "--report", "r.html", "--scores", "s.csv", "--json"];
    let document = folder.does(&evaluate(&options)).json();
    let protocols = document["protocols"].as_array().unwrap();
    let names: Vec<&str> = protocols.iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["unseen-persons (10 frames)", "unseen-persons (40 frames)"]);
    for protocol in protocols {
        let description = protocol["description"].as_str().unwrap();
        assert!(description.starts_with("3 of 6 persons are enrolled and probe, in all 20 ways"), "{description}");
        assert!(
            description.contains("3 of other recordings")
                && description.contains("sessions s0 s1 are enrolled, s2 probe")
        );
        assert_eq!(protocol["model_digests"].as_array().unwrap().len(), 20);
        assert!(eer(protocol, "raw cosine") > 35.0);
        assert!(eer(protocol, "fingerprint") < 35.0 && eer(protocol, "tangent") < 35.0);
    }
    let (short, long) = (&protocols[0], &protocols[1]);
    assert!(eer(long, "connectome") < 15.0 && eer(long, "connectome") < eer(short, "connectome"));
    // Each of the six persons is in ten of the twenty splits, with ten segments of ten frames.
    let counts = &method(short, "connectome")["repeated"];
    let expected = serde_json::json!(
        {"genuine": 600, "impostor": 1200, "distinct_genuine": 60, "distinct_impostor": 300}
    );
    assert_eq!(*counts, expected);
    let fixed = &method(long, "connectome")["transfer"];
    assert!(fixed["fmr"].as_f64().unwrap() < 0.3 && fixed["fnmr"].as_f64().unwrap() < 0.5, "{fixed}");
    // Conditions are varied at one of the lengths.
    let sweeps: Vec<&Value> = long["sweeps"].as_array().unwrap().iter().collect();
    let axes: Vec<&str> = sweeps.iter().map(|sweep| sweep["name"].as_str().unwrap()).collect();
    assert_eq!(axes, ["probe-frames", "enrolment-frames", "noise-deviations"]);
    assert_eq!(sweeps[0]["levels"], serde_json::json!([10.0, 15.0, 25.0, 35.0, 40.0, 50.0, 75.0, 100.0]));
    assert_eq!(sweeps[1]["levels"], serde_json::json!([25.0, 100.0, 200.0]));
    assert!(short["sweeps"].as_array().unwrap().is_empty());
    let noise = sweeps[2]["lines"].as_array().unwrap().iter().find(|line| line["method"] == "connectome").unwrap();
    assert!(noise["eer_percent"][3]["value"].as_f64() > noise["eer_percent"][0]["value"].as_f64(), "{noise}");
    let page = String::from_utf8(folder.read("r.html")).unwrap();
    assert!(page.contains("Error rate by the length of a probe: Unseen persons") && !page.contains("id=\"published\""));
    assert!(String::from_utf8(folder.read("s.csv")).unwrap().contains("\nunseen-persons,connectome,40,1,genuine,"));
}

#[test]
fn the_same_seed_makes_the_same_bytes_on_one_thread_and_on_two() {
    let folder = folder();
    let few = ["--frames", "20", "--evaluated-persons", "2"];
    let options = |threads, output| evaluate(&[&few[..], &["--threads", threads, "-o", output]].concat());
    for (threads, output) in [("1", "one.json"), ("2", "two.json")] {
        let run = folder.run_with("SOURCE_DATE_EPOCH", "1000000000", &options(threads, output));
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    assert_eq!(folder.read("one.json"), folder.read("two.json"));
    let text = folder.does(&["compare", "one.json", "two.json"]).stdout;
    assert!(text.contains("connectome") && text.contains("unseen-persons (20 frames)"), "{text}");
}

#[test]
fn all_persons_are_evaluated_against_a_background_of_others() {
    let folder = folder();
    let options = ["--background", "others.csv", "--evaluated-persons", "6", "--frames", "30", "--no-sweeps", "--json"];
    let run = folder.does(&evaluate(&options));
    assert!(run.stderr.contains("3 background persons: eight or more are better"), "{}", run.stderr);
    let description = run.json()["protocols"][0]["description"].as_str().unwrap().to_owned();
    assert!(
        description
            .starts_with("6 of 6 persons are enrolled and probe, in one way; the background is 3 of other recordings"),
        "{description}"
    );
}

#[test]
fn two_sessions_are_enough_and_one_is_not() {
    let folder = folder();
    folder.write("two.csv", recordings(0..6, 2, 40));
    folder.write("one.csv", recordings(0..6, 1, 80));
    let options = |data| [&["evaluate", data], &QUICK[2..], &["--frames", "20", "--no-sweeps"]].concat();
    let run = folder.does(&options("two.csv"));
    assert!(run.stderr.contains("no threshold is fixed, since the last fifth"), "{}", run.stderr);
    // Without --frames, probes are as long as the sessions allow.
    let run = folder.does(&[&options("two.csv")[..7], &["--no-sweeps"]].concat());
    assert!(run.stdout.contains("(25 frames)") && !run.stdout.contains("(50 frames)"), "{}", run.stdout);
    assert!(
        run.stderr.contains("(25 frames): 90 of 240 frames that probe are outside whole segments"),
        "{}",
        run.stderr
    );
    assert!(run.stdout.contains("sessions s0 are enrolled, s1 probe"), "{}", run.stdout);
    folder.refuses(&options("one.csv"), 2, &["p0 has one session", "--blocks"]);
    folder.does(&[&options("one.csv")[..], &["--blocks", "2"]].concat());
}

#[test]
fn features_are_averaged_to_regions_first() {
    let folder = folder();
    folder.write("parcels.txt", "1 1 2 2 3 3 0 4");
    let options = ["--parcels", "parcels.txt", "--frames", "40", "--no-sweeps", "--json"];
    let whole = folder.does(&evaluate(&options[2..])).json();
    let run = folder.does(&evaluate(&options));
    assert!(run.stderr.contains("8 features in 4 regions, 1 of them in none"), "{}", run.stderr);
    assert_ne!(run.json()["protocols"][0]["model_digests"], whole["protocols"][0]["model_digests"]);
    folder.write("parcels.txt", "1 1 2 2 3 3 0");
    folder.refuses(&evaluate(&options[..4]), 3, &["parcels of 7 features, but frames have 8"]);
    let wide = ["--classes", "6", "--sessions", "2", "--timesteps", "20", "--features", "130", "-o", "wide.csv"];
    folder.does(&[&["synth"], &wide[..]].concat());
    let options = ["evaluate", "wide.csv", "--protocol", "unseen-persons", "--frames", "5"];
    folder.refuses(&options, 3, &["130 features", "principal components harm", "--parcels"]);
}

#[test]
fn what_cannot_be_evaluated_is_named() {
    let folder = folder();
    let refuses = |options: &[&'static str], code, says: &[&str]| folder.refuses(&evaluate(options), code, says);
    refuses(&["--evaluated-persons", "4"], 2, &["3 background persons", "of 6 persons 4 are evaluated"]);
    refuses(&["--evaluated-persons", "7"], 2, &["of 6, 7"]);
    refuses(&["--frames", "10,101"], 3, &["person p0", "100 frames", "101", "--frames"]);
    refuses(&["--frames", "1"], 2, &["2 or more"]);
    refuses(&["--background", "data.csv"], 3, &["person p0 is in the evaluated recordings and in the background"]);
    refuses(&["--background", "others.csv", "others.csv"], 3, &["p20"]);
    refuses(&["--protocol", "blocks", "--recipe", "connectome"], 2, &["whole scans", "--protocol unseen-persons"]);
    refuses(&["--methods", "lda"], 2, &["lda", "in-sample, random"]);
    refuses(&["--enroll-sessions", "s0"], 2, &["both enrolment and probes"]);
    refuses(&["--enroll-sessions", "s0", "--probe-sessions", "s0,s2"], 2, &["s0 is in both"]);
    folder.refuses(
        &["evaluate", "data.csv", "--label-column", "person", "--methods", "connectome"],
        2,
        &["connectome", "--protocol unseen-persons"],
    );
    let data = recordings(0..6, 3, 100);
    folder.write("renamed.csv", data.replace("\np", "\nq"));
    refuses(
        &["--background", "renamed.csv"],
        3,
        &["person p0, session s0 and person q0, session s0 are the same recording"],
    );
    folder.write("copied.csv", data.clone() + &own_copy(&data));
    folder.refuses(
        &[&["evaluate", "copied.csv"], &QUICK[2..]].concat(),
        3,
        &["person p3, session s0 and person p3, session s9 are the same recording"],
    );
    // The first line of a timestep is region 1; timesteps of session s1 begin with 100.
    let constant = |(number, line): (usize, &str)| match line.strip_prefix("p2,s1,") {
        Some(rest) if number % REGIONS == 1 && rest.starts_with("11") => format!("p2,s1,{},1\n", &rest[..3]),
        _ => format!("{line}\n"),
    };
    folder.write("constant.csv", data.lines().enumerate().map(constant).collect::<String>());
    let options = |data| [&["evaluate", data], &QUICK[2..], &["--frames", "10"]].concat();
    folder.refuses(&options("constant.csv"), 3, &["person p2, session s1: region 1 is constant in frames 11 to 20"]);
    let (before, after) = data.split_once("p1,s2,210,").unwrap();
    let (_, after) = after.split_once('\n').unwrap();
    folder.write("missing.csv", format!("{before}p1,s2,210,nan\n{after}"));
    folder.refuses(&options("missing.csv"), 3, &["person p1, session s2, frame 11: region 1 has no finite value"]);
}
