//! Evaluations with random scores: complete documents whose figures follow from the scores.

use neural_vault::metrics;
use neural_vault::results::{
    DataSummary, Estimate, EvaluationSettings, KeyQuality, MapPoint, MethodResult, NamedSessions, NeuralMetrics,
    OperatingPoint, Probe, ProtocolResult, PrototypeKey, ReferenceLine, ReferenceSweep, Repeated, Resampled, Results,
    SCHEMA, Sweep, SweepLine, Transfer, TrialGroup, TrialList, VaultScores,
};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, Normal};
use serde_json::json;

/// Method, separation out of sample, separation in sample.
pub const METHODS: [(&str, f64, f64); 7] = [
    ("NeuralVault (cosine)", 1.6, 6.0),
    ("Neural (binarised)", 1.4, 4.0),
    ("BioHashing", 0.9, 1.8),
    ("SHA-256", 0.02, 0.02),
    ("HMAC", 0.01, 0.01),
    ("raw cosine", 1.2, 1.9),
    ("shrinkage LDA", 1.75, 4.5),
];
pub const LABELS: [&str; 5] = ["bottle", "cat", "<chair> & \"co\"", "face", "scrambledpix"];

/// Two protocols, seven methods, two sweeps, five labels.
pub fn results() -> Results {
    let protocols = vec![protocol("in-sample", true), protocol("sessions", false)];
    let first = &protocols[0].methods[0];
    Results {
        schema: SCHEMA.to_owned(),
        created: "2026-01-02T03:04:05Z".to_owned(),
        data: DataSummary {
            files: vec!["recordings <one> & two.csv.gz".to_owned()],
            sha256: "9f".repeat(32),
            labels: LABELS.map(str::to_owned).to_vec(),
            sessions: (0..6).map(|n| format!("run{n:02}")).collect(),
            rows: 432,
            features: 20_484,
        },
        settings: settings(),
        baseline_metrics: Default::default(),
        neural_metrics: NeuralMetrics { accuracy: 0.914, f1_score: 0.907, roc_auc: 0.9712 },
        noise_tests: ReferenceSweep {
            levels: vec![30.0, 20.0, 15.0, 10.0, 5.0, 0.0],
            lines: vec![ReferenceLine {
                method: "Neural (binarised)".to_owned(),
                eer: vec![2.1, 2.1, 2.4, 3.3, 5.8, 11.47],
            }],
        },
        artifact_tests: Default::default(),
        vault_scores: VaultScores { genuine: first.genuine.clone(), impostor: first.impostor.clone() },
        prototype_keys: LABELS
            .iter()
            .zip(1..)
            .map(|(label, n)| PrototypeKey { label: (*label).to_owned(), digest: format!("{n:02x}").repeat(32) })
            .collect(),
        key_quality: KeyQuality { avalanche: 0.4987, bit_balance: 0.503, entropy: 6.93, uniqueness: 0.4962 },
        protocols,
    }
}

fn settings() -> EvaluationSettings {
    let recipe = json!({ "name": "whitened", "steps": 1000, "windows_frames": [1, 3, 9] });
    EvaluationSettings {
        program: "neural-vault 0.1.0".to_owned(),
        command: Some("neural-vault evaluate 'recordings <one> & two.csv.gz' --protocol in-sample".to_owned()),
        trainings: 1,
        replicates: 1000,
        sessions: NamedSessions { probes: vec!["run04".to_owned(), "run05".to_owned()], ..NamedSessions::default() },
        recipe: recipe.as_object().cloned(),
        ..EvaluationSettings::default()
    }
}

/// The same results with their scores and figures drawn anew, as another run would give.
pub fn other_results() -> Results {
    let mut results = results();
    for method in results.protocols.iter_mut().flat_map(|protocol| &mut protocol.methods) {
        let moved = if method.name == "raw cosine" { 12.0 } else { 0.25 };
        method.eer.value += moved;
        method.eer.interval = method.eer.interval.map(|[low, high]| [low + moved, high + moved]);
    }
    results
}

/// All six protocols, and more and longer label names than fit in a figure.
pub fn crowded() -> Results {
    let mut results = results();
    results.data.labels = (0..24).map(|n| format!("a rather long name of stimulus {n}")).collect();
    let labels = &results.data.labels;
    for name in ["random", "blocks", "unseen", "episodes"] {
        let leaks = results.protocols[usize::from(name != "random")].leaks.clone();
        results.protocols.push(ProtocolResult { name: name.to_owned(), leaks, ..results.protocols[1].clone() });
    }
    for protocol in &mut results.protocols {
        protocol.labels.clone_from(labels);
        protocol.confusion =
            (0..24).map(|row| (0..24).map(|column| u32::from((row * column) % 7 == 1) * 30).collect()).collect();
        protocol.map.iter_mut().zip(labels.iter().cycle()).for_each(|(point, label)| point.label.clone_from(label));
        for line in protocol.sweeps.iter_mut().flat_map(|sweep| &mut sweep.lines) {
            line.eer.iter_mut().for_each(|eer| eer.interval = None);
        }
    }
    results
}

/// Persons at two probe lengths, with the curve over more of them, and nothing else.
pub fn persons() -> Results {
    let mut results = results();
    let mut long = results.protocols.remove(1);
    for (method, name) in long.methods.iter_mut().zip(["connectome", "fingerprint", "tangent"]) {
        method.name = name.to_owned();
        method.repeated =
            Some(Repeated { genuine: 2400, impostor: 7200, distinct_genuine: 120, distinct_impostor: 720 });
    }
    long.methods.truncate(3);
    let line = |method: &MethodResult| {
        let eer = [12.0, 4.0, 0.0].map(|value| Estimate { value, interval: Some([value / 2.0, value * 1.5]) });
        SweepLine { method: method.name.clone(), eer: eer.to_vec() }
    };
    long.sweeps = vec![Sweep {
        name: "probe-frames".to_owned(),
        axis: "frames a probe".to_owned(),
        levels: vec![10.0, 25.0, 50.0],
        lines: long.methods.iter().map(line).collect(),
    }];
    (long.name, long.window) = ("unseen-persons (25 frames)".to_owned(), 25);
    long.map.clear();
    let short = ProtocolResult {
        name: "unseen-persons (10 frames)".to_owned(),
        window: 10,
        sweeps: Vec::new(),
        ..long.clone()
    };
    results.protocols = vec![short, long];
    results.prototype_keys.clear();
    results
}

/// Twenty-four probes a label, each compared with every label.
pub fn trials() -> TrialList {
    let probe = |n: u32| Probe { label: n / 24, session: n % 6, timestep: i64::from(n % 24), unit: n % 6 };
    let group = TrialGroup { enrolled: (0..5).collect(), probes: (0..120).collect() };
    TrialList { resampled: Resampled::SessionsThenLabels, probes: (0..120).map(probe).collect(), groups: vec![group] }
}

fn protocol(name: &str, in_sample: bool) -> ProtocolResult {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let methods: Vec<MethodResult> = METHODS
        .iter()
        .map(|&(method, apart, apart_in_sample)| {
            let apart = if in_sample { apart_in_sample } else { apart };
            scored(method, apart, in_sample, &mut random)
        })
        .collect();
    ProtocolResult {
        name: name.to_owned(),
        window: 1,
        description: if in_sample {
            "Trained, enrolled and probed on the same 432 rows, as the reference does.".to_owned()
        } else {
            "Trained on run00 to run03, enrolled on run00 to run03, probed on run04 and run05.".to_owned()
        },
        leaks: in_sample.then(|| "The probes are the rows that trained the encoder.".to_owned()),
        training_rows: if in_sample { 432 } else { 288 },
        enrolment_rows: if in_sample { 432 } else { 288 },
        probes: 120,
        model_digests: vec!["c4".repeat(32)],
        trials: None,
        differences: Vec::new(),
        sweeps: sweeps(&methods),
        confusion: (0..LABELS.len())
            .map(|row| {
                (0..LABELS.len())
                    .map(|column| if row == column { 17 } else { ((row + 2 * column) % 3) as u32 })
                    .collect()
            })
            .collect(),
        labels: LABELS.map(str::to_owned).to_vec(),
        map: map(&mut random),
        effective_dimension: 6.4,
        relative_entropy_bits: 3.27,
        methods,
    }
}

fn scored(name: &str, apart: f64, in_sample: bool, random: &mut ChaCha8Rng) -> MethodResult {
    let mut draw = |mean: f64, number: usize| -> Vec<f64> {
        let normal = Normal::new(mean, 0.2).unwrap();
        (0..number).map(|_| normal.sample(random)).collect()
    };
    let (genuine, impostor) = (draw(0.2 * apart, 120), draw(0.0, 480));
    let eer = metrics::eer(&genuine, &impostor).unwrap();
    let auc = metrics::roc_auc(&genuine, &impostor).unwrap();
    let d_prime = metrics::d_prime(&genuine, &impostor).unwrap();
    let around = |value: f64, half: f64| Estimate { value, interval: Some([(value - half).max(0.0), value + half]) };
    let missed = |threshold: f64| genuine.iter().filter(|s| **s < threshold).count() as f64 / genuine.len() as f64;
    let let_in = |threshold: f64| impostor.iter().filter(|s| **s >= threshold).count() as f64 / impostor.len() as f64;
    let interval = |rate: f64| [(rate - 0.04_f64).max(0.0), (rate + 0.04).min(1.0)];
    let mut sorted = impostor.clone();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let point = |fmr: f64| {
        let fnmr = missed(sorted[(fmr * 480.0) as usize]);
        OperatingPoint { fmr, fnmr, interval: interval(fnmr) }
    };
    let threshold = eer.threshold + 0.02;
    MethodResult {
        name: name.to_owned(),
        eer: around(eer.percent, if eer.percent == 0.0 { 0.0 } else { 1.0 + 0.15 * eer.percent }),
        eer_convex_hull: eer.percent * 0.96,
        d_prime: around(d_prime, 0.2),
        roc_auc: Estimate { value: auc, interval: Some([auc - 0.02, (auc + 0.015).min(1.0)]) },
        fnmr_at_fmr: vec![point(0.1), point(0.01)],
        transfer: (!in_sample).then(|| Transfer {
            threshold,
            fmr: let_in(threshold),
            fmr_interval: interval(let_in(threshold)),
            fnmr: missed(threshold),
            fnmr_interval: interval(missed(threshold)),
        }),
        over_seeds: None,
        repeated: None,
        shortened: None,
        accuracy: 0.9,
        macro_f1: 0.888,
        genuine,
        impostor,
    }
}

fn sweeps(methods: &[MethodResult]) -> Vec<Sweep> {
    let sweep = |name: &str, axis: &str, levels: &[f64], worse: fn(usize) -> f64| Sweep {
        name: name.to_owned(),
        axis: axis.to_owned(),
        levels: levels.to_vec(),
        lines: methods
            .iter()
            .map(|method| {
                let start = method.eer.value;
                let at = |place| {
                    let value = (50.0 - (50.0 - start) * worse(place)).max(0.0);
                    Estimate { value, interval: Some([(value - 3.0).max(0.0), value + 3.5]) }
                };
                SweepLine { method: method.name.clone(), eer: (0..levels.len()).map(at).collect() }
            })
            .collect(),
    };
    vec![
        sweep("noise", "Signal-to-noise ratio (dB)", &[30.0, 20.0, 15.0, 10.0, 5.0, 0.0], |n| {
            1.0 - 0.02 * (n * n) as f64
        }),
        sweep("artefacts", "Values replaced (%)", &[0.0, 5.0, 10.0, 15.0, 20.0, 30.0], |n| 1.0 - 0.06 * n as f64),
        sweep("probe-windows", "Windows a probe", &[1.0, 2.0, 4.0, 9.0], |n| 1.0 + 0.07 * n as f64),
    ]
}

fn map(random: &mut ChaCha8Rng) -> Vec<MapPoint> {
    let spread = Normal::new(0.0, 0.13).unwrap();
    let mut points = Vec::new();
    for (place, label) in LABELS.iter().enumerate() {
        let angle = place as f64 * 1.257;
        for number in 0..24 {
            points.push(MapPoint {
                label: (*label).to_owned(),
                session: format!("run{:02}", number % 6),
                x: 0.45 * angle.cos() + spread.sample(random),
                y: 0.35 * angle.sin() + spread.sample(random),
            });
        }
    }
    points
}
