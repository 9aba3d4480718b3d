//! One table of all works: the engines side by side, in turns, beside what the machine can do.
//!
//! Times wander with whatever else the machine does. Each round measures everybody once, limits included, and ratios and
//! shares are medians of rounds, not quotients of medians.

use std::hint::black_box;
use std::time::Instant;

use neural_vault_core::encoder::WeightFormat;
use neural_vault_kernels::limits;
use serde_json::{Value, json};

use crate::works::{Work, encode, identify};
use crate::{FULL_WIDTH, Stop};

const ROUNDS: usize = 31;

/// Seconds that one measurement of one contender should take at least.
const LONG_ENOUGH: f64 = 1e-3;

/// Rounds of register arithmetic that a limit is measured over.
const LIMIT_ROUNDS: usize = 2_000;

/// Measures all works and prints a line of each, or all as one JSON document.
///
/// # Errors
/// When a work cannot be set up.
pub fn print(as_json: bool) -> Result<(), Stop> {
    let mut rows = Vec::new();
    if !as_json {
        let heads = ["core", "onnxruntime", "ort int8", "tract", "ratio", "int8 ratio", "limit share"];
        println!("{:28}{}", "work", heads.map(|head| format!("{head:>13}")).concat());
    }
    for format in [WeightFormat::F32, WeightFormat::I16, WeightFormat::I8I16, WeightFormat::I8] {
        for features in [1_024, FULL_WIDTH] {
            for window in [1, 8] {
                rows.push(measured(encode(format, features, window)?, as_json));
            }
        }
    }
    for (format, prototypes) in [(WeightFormat::F32, 100_000), (WeightFormat::I8, 1_000_000)] {
        for queries in [1, 8] {
            rows.push(measured(identify(format, prototypes, queries)?, as_json));
        }
    }
    if as_json {
        println!("{:#}", json!({ "schema": "neural-vault/bench/1", "rows": rows }));
    }
    Ok(())
}

fn measured(mut work: Work, quietly: bool) -> Value {
    let memory = vec![1u64; work.bytes / 8];
    let names: Vec<&str> = work.contenders.iter().map(|contender| contender.name).collect();
    let mut times = vec![Vec::new(); names.len()];
    let mut shares = Vec::new();
    for _ in 0..ROUNDS {
        for (contender, times) in work.contenders.iter_mut().zip(&mut times) {
            times.push(seconds(&mut contender.run));
        }
        let reading = seconds(&mut || _ = black_box(limits::read(black_box(&memory))));
        let limit = if work.is_integer { limits::integer_products } else { limits::float_products };
        let begun = Instant::now();
        let products = limit(LIMIT_ROUNDS);
        let adding = begun.elapsed().as_secs_f64() * work.products as f64 / products as f64;
        if let Some(core) = times[0].last() {
            shares.push(reading.max(adding) / core);
        }
    }
    let of = |name: &str| names.iter().position(|other| *other == name).map(|place| &times[place]);
    let micros = |name: &str| of(name).map(|times| median(times.iter().map(|time| time * 1e6)));
    let ratio = |name: &str| {
        let (core, other) = (of("core")?, of(name)?);
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
        println!("{:28}{times}{}{}{share}", work.name, cell(ort, " x"), cell(int8, " x"));
    }
    json!({
        "work": work.name, "core": micros("core"), "core_portable": micros("core, portable"),
        "onnxruntime": micros("onnxruntime"), "onnxruntime_int8": micros("onnxruntime int8"), "tract": micros("tract"),
        "ratio": ort, "ratio_int8": int8, "limit_share": share, "unit": "us",
    })
}

/// Seconds of one run, over as many as are long enough to measure, after one to warm up.
fn seconds(run: &mut dyn FnMut()) -> f64 {
    let begun = Instant::now();
    run();
    let once = begun.elapsed().as_secs_f64();
    let count = (LONG_ENOUGH / once).clamp(1.0, 1000.0) as u32;
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
