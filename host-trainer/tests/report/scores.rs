//! The table of scores.

use std::collections::BTreeSet;

use neural_vault::report::write_scores;
use neural_vault::results::Results;
use serde_json::{Map, Value, json};

use crate::fixture::{self, LABELS, METHODS};

#[test]
fn the_csv_has_every_score_and_gives_it_back() {
    let mut results = fixture::results();
    results.protocols[0].methods[0].name = "a, \"b\"".to_owned();
    results.protocols.iter_mut().for_each(|protocol| protocol.trials = Some(fixture::trials()));
    let mut text = Vec::new();
    write_scores(&results, &mut text).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_slice());
    let rows: Vec<Map<String, Value>> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2 * METHODS.len() * 600);
    let scores = |protocol: &str, method: &str, kind: &str| -> Vec<f64> {
        let wanted =
            |row: &&Map<String, Value>| row["protocol"] == protocol && row["method"] == method && row["kind"] == kind;
        rows.iter().filter(wanted).map(|row| row["score"].as_f64().unwrap()).collect()
    };
    for row in &rows {
        assert_eq!(row["kind"] == "genuine", row["enrolled_label"] == row["probe_label"], "{row:?}");
    }
    let first = json!({
        "protocol": "in-sample", "method": "a, \"b\"", "window_frames": 1, "split": 1, "kind": "genuine",
        "enrolled_label": LABELS[0], "probe_label": LABELS[0], "probe_session": "run00", "probe_timestep": 0,
        "score": results.protocols[0].methods[0].genuine[0],
    });
    assert_eq!(Value::Object(rows[0].clone()), first);
    let comparisons: BTreeSet<String> = rows
        .iter()
        .map(|row| {
            let mut row = row.clone();
            row.remove("score");
            Value::Object(row).to_string()
        })
        .collect();
    assert_eq!(comparisons.len(), rows.len(), "each trial once");
    let found: &Results = &results;
    assert_eq!(scores("in-sample", "a, \"b\"", "genuine"), found.protocols[0].methods[0].genuine);
    assert_eq!(scores("sessions", "HMAC", "impostor"), found.protocols[1].methods[4].impostor);
}
