//! `compare`: evaluations side by side.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::console::Console;
use super::failure::{DATA, Failure};
use super::hints::UNREAD;
use super::output::{Force, Outputs};
use crate::comparison::{CompareError, ComparedFigures, ComparedFile, Comparison, compare, excludes_zero};
use crate::files::{self, Readers};
use crate::report::comparison_html;
use crate::results::{Estimate, ReadError, read};

/// Put two or more evaluations side by side; differences are relative to the first.
#[derive(Args)]
pub struct Arguments {
    /// Files that `evaluate` wrote.
    #[arg(value_name = "RESULTS.json", num_args = 2.., required = true)]
    files: Vec<PathBuf>,
    /// Also write the comparison as an HTML page.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    #[command(flatten)]
    force: Force,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    if let Some(path) = &arguments.report {
        Outputs::new(arguments.force, &arguments.files).file(path, "")?;
    }
    let mut evaluations = Vec::new();
    for path in &arguments.files {
        evaluations.push((path.display().to_string(), read(path)?));
    }
    let comparison = compare(&evaluations)?;
    if let Some(path) = &arguments.report {
        let (page, existing) = (comparison_html(&comparison), arguments.force.existing());
        files::write(path, page.as_bytes(), Readers::All, existing).map_err(|e| Failure::unwritten(&e))?;
    }
    console.result("neural-vault/compare/2", &text(&comparison), json!(comparison))
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let next = match error {
            ReadError::Read { .. } => UNREAD,
            ReadError::Content { .. } => "; results are files that `neural-vault evaluate -o` wrote",
            _ => "",
        };
        Self::new(DATA, format!("{error}{next}"))
    }
}

impl From<CompareError> for Failure {
    fn from(error: CompareError) -> Self {
        Self::new(DATA, format!("{error}; evaluate with the same --protocol and --methods"))
    }
}

fn text(comparison: &Comparison) -> String {
    let mut text = String::new();
    for (number, file) in (1..).zip(&comparison.files) {
        let ComparedFile { name, created, recipe, model_digest, data, data_sha256 } = file;
        let short = |digest: &str| digest.get(..12).unwrap_or(digest).to_owned();
        let model = model_digest.as_ref().map_or(String::new(), |digest| format!(" model {}", short(digest)));
        let _ = writeln!(
            text,
            "{number}  {name}: recipe {recipe}{model}, {created}, {data} (SHA-256 {})",
            short(data_sha256)
        );
    }
    let heads = ["method", "", "recipe", "EER %", "difference", "AUC", "d'"].map(str::to_owned);
    for rows in comparison.rows.chunk_by(|a, b| a.protocol == b.protocol) {
        let leaks = rows[0].leaks.as_ref().map_or(String::new(), |why| format!(" (leaks: {why})"));
        let _ = writeln!(text, "\n{}{leaks}", rows[0].protocol);
        let mut lines = vec![heads.clone()];
        for row in rows {
            for (place, figures) in row.figures.iter().enumerate() {
                let recipe = &comparison.files[place].recipe;
                lines.push(cells(if place == 0 { &row.method } else { "" }, place + 1, recipe, figures));
            }
        }
        text += &aligned(&lines);
    }
    text += "\n* the interval of the difference excludes zero\n";
    comparison.notes.iter().for_each(|note| text += &format!("note: {note}\n"));
    text
}

fn cells(method: &str, number: usize, recipe: &str, figures: &ComparedFigures) -> [String; 7] {
    let difference = figures.difference.as_ref().map_or(String::new(), |difference| {
        let star = if excludes_zero(&difference.eer) { " *" } else { "" };
        let sign = if difference.eer.value > 0.0 { "+" } else { "" };
        let pairs = if difference.paired { "" } else { " (not paired)" };
        format!("{sign}{}{star}{pairs}", estimate(&difference.eer, 2))
    });
    [
        method.to_owned(),
        number.to_string(),
        recipe.to_owned(),
        estimate(&figures.eer, 2),
        difference,
        estimate(&figures.roc_auc, 4),
        estimate(&figures.d_prime, 2),
    ]
}

fn estimate(estimate: &Estimate, decimals: usize) -> String {
    let value = format!("{:.decimals$}", estimate.value);
    match estimate.interval {
        Some([low, high]) => format!("{value} [{low:.decimals$}, {high:.decimals$}]"),
        None => value,
    }
}

/// Lines of cells, each column as wide as its widest cell.
fn aligned(lines: &[[String; 7]]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 7] = std::array::from_fn(width);
    let mut text = String::new();
    for line in lines {
        let padded: Vec<String> = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(text, "  {}", padded.join("  ").trim_end());
    }
    text
}
