//! Times reading a long CSV file to a standardised matrix: `read_csv FILE [RUNS]`.

use std::path::PathBuf;
use std::time::Instant;

use neural_vault::dataset::{LoadOptions, Standardiser, load};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = PathBuf::from(arguments.next().ok_or("usage: read_csv FILE [RUNS]")?);
    let runs: usize = arguments.next().map_or(Ok(11), |runs| runs.parse())?;
    let megabytes = std::fs::metadata(&file)?.len() as f64 / 1e6;

    let mut times = Vec::new();
    for _ in 0..runs.max(1) {
        let start = Instant::now();
        let mut dataset = load(&file, &LoadOptions::default())?;
        let read = start.elapsed().as_secs_f64();
        let (standardiser, _) = Standardiser::fit(&dataset.values, dataset.features);
        standardiser.apply(&mut dataset.values);
        times.push((start.elapsed().as_secs_f64(), read));
        std::hint::black_box(&dataset);
    }
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (median, read) = times[times.len() / 2];
    println!(
        "{megabytes:.1} MB in {:.1} ms (reading {:.1}): {:.0} MB/s, median of {}",
        median * 1e3,
        read * 1e3,
        megabytes / median,
        times.len()
    );
    Ok(())
}
