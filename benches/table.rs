//! One table of all workloads: the core beside ONNX engines and the processor's limit, then its figures on a token.
//!
//! Other load on the machine changes the times, so each round measures every contender and the limit once, and ratios
//! and shares are medians over rounds, not quotients of medians. Every engine is measured with its model in the caches.

use std::hint::black_box;
use std::time::{Duration, Instant};

use neural_vault::model::Aligned;
use neural_vault_core::encoder::WeightFormat;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::limits;
use crate::workloads::{LowerBound, Workload, connectome, encode, identify, keys};
use crate::{FULL_WIDTH, Stop};

const ROUNDS: usize = 31;

/// Shortest time that one measurement of one contender runs.
const MIN_TIME: Duration = Duration::from_millis(5);

/// Rounds of register arithmetic in one measurement of a limit.
const LIMIT_ROUNDS: usize = 2_000;

/// Measures all workloads and prints one line for each, or one JSON document.
///
/// `token` is a JSON file of further rows: the core's instructions and bytes on a token.
///
/// # Errors
/// When a workload cannot be set up, or the file cannot be read.
pub fn print(token: Option<&str>, as_json: bool) -> Result<(), Stop> {
    let token: Vec<Value> = match token {
        Some(file) => serde_json::from_str::<Value>(&std::fs::read_to_string(file)?)?["rows"]
            .as_array()
            .cloned()
            .ok_or_else(|| format!("{file}: no rows"))?,
        None => Vec::new(),
    };
    let mut rows = Vec::new();
    if !as_json {
        let heads = ["core", "onnxruntime", "ort int8", "tract", "ratio", "int8 ratio", "limit share"];
        println!("{:28}{}", "work", heads.map(|head| format!("{head:>13}")).concat());
    }
    for format in WeightFormat::ALL {
        for features in [1_024, FULL_WIDTH] {
            for window in [1, 8] {
                rows.push(measure(encode(format, features, window)?, as_json));
            }
        }
    }
    for frames in [25, 1_200] {
        rows.push(measure(connectome(frames)?, as_json));
    }
    for (format, prototypes) in [(WeightFormat::F32, 100_000), (WeightFormat::I8, 1_000_000)] {
        for queries in [1, 8] {
            rows.push(measure(identify(format, prototypes, queries)?, as_json));
        }
    }
    rows.extend(keys()?.map(|workload| measure(workload, as_json)));
    rows.extend(token.iter().map(|row| token_row(row, as_json)));
    if as_json {
        println!("{:#}", json!({ "schema": "neural-vault/bench/2", "rows": rows }));
    }
    Ok(())
}

/// A figure of the core on a token, as a row of the table.
fn token_row(row: &Value, quietly: bool) -> Value {
    if !quietly {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let limit = row["limit"].as_u64().map(|limit| format!(", at most {limit}")).unwrap_or_default();
        println!("{:40}{:>10} {}{limit}", format!("token: {}", text("work")), row["value"], text("unit"));
    }
    json!({
        "work": format!("token: {}", row["work"].as_str().unwrap_or_default()), "core": row["value"],
        "onnxruntime": null, "tract": null, "ratio": null, "limit_share": null,
        "unit": row["unit"], "most": row["limit"],
    })
}

fn measure(mut workload: Workload, quietly: bool) -> Value {
    let mut limit = limit(workload.lower_bound);
    let names: Vec<&str> = workload.contenders.iter().map(|contender| contender.name).collect();
    let mut times = vec![Vec::new(); names.len()];
    let mut shares = Vec::new();
    for _ in 0..ROUNDS {
        for (contender, times) in workload.contenders.iter_mut().zip(&mut times) {
            times.push(seconds(&mut contender.run));
        }
        let shortest = limit();
        if let Some(core) = times[0].last() {
            shares.push(shortest / core);
        }
    }
    let times_of = |name: &str| names.iter().position(|other| *other == name).map(|place| &times[place]);
    let micros = |name: &str| times_of(name).map(|times| median(times.iter().map(|time| time * 1e6)));
    let ratio = |name: &str| {
        let (core, other) = (times_of("core")?, times_of(name)?);
        Some(median(core.iter().zip(other).map(|(core, other)| other / core)))
    };
    let (ort, int8) = (ratio("onnxruntime"), ratio("onnxruntime int8"));
    let share = median(shares.into_iter());
    if !quietly {
        let cell = |value: Option<f64>, unit: &str| match value {
            Some(value) => format!("{:>13}", format!("{value:.2}{unit}")),
            None => format!("{:>13}", "-"),
        };
        let times = ["core", "onnxruntime", "onnxruntime int8", "tract"].map(|name| cell(micros(name), " us")).concat();
        let share = cell(Some(share * 100.0), " %");
        println!("{:28}{times}{}{}{share}", workload.name, cell(ort, " x"), cell(int8, " x"));
    }
    json!({
        "work": workload.name, "core": micros("core"), "core_portable": micros("core, portable"),
        "onnxruntime": micros("onnxruntime"), "onnxruntime_int8": micros("onnxruntime int8"), "tract": micros("tract"),
        "ratio": ort, "ratio_int8": int8, "limit_share": share, "unit": "us",
    })
}

/// A function that measures the seconds this machine needs for a lower bound.
fn limit(lower_bound: LowerBound) -> Box<dyn FnMut() -> f64> {
    match lower_bound {
        LowerBound::Products { bytes, products, is_integer } => {
            let memory = Aligned::new(&vec![1; bytes]);
            let multiply = if is_integer { limits::integer_products } else { limits::float_products };
            Box::new(move || {
                let reading = seconds(&mut || _ = black_box(limits::read(black_box(&memory))));
                let begun = Instant::now();
                let added = multiply(LIMIT_ROUNDS);
                reading.max(begun.elapsed().as_secs_f64() * products as f64 / added as f64)
            })
        }
        LowerBound::Hash { blocks } => {
            // SHA-256 adds one block of padding.
            let bytes = vec![1; 64 * (blocks - 1)];
            Box::new(move || seconds(&mut || _ = black_box(Sha256::digest(black_box(&bytes)))))
        }
    }
}

/// Seconds of one run: the mean over at least [`MIN_TIME`], after as many runs to warm up.
///
/// One run does not warm up a victim cache, which holds the model only after several passes.
fn seconds(run: &mut dyn FnMut()) -> f64 {
    let (begun, mut count) = (Instant::now(), 0u32);
    while begun.elapsed() < MIN_TIME {
        run();
        count += 1;
    }
    let begun = Instant::now();
    for _ in 0..count {
        run();
    }
    begun.elapsed().as_secs_f64() / f64::from(count)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
