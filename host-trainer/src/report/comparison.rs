//! A comparison of evaluations as one HTML page: a summary that fits a slide, then every protocol, folded.

use std::path::Path;

use maud::{Markup, html};

use super::comparison_table::table;
use super::methods::{heading, is_under_test, order, plain_name, question};
use super::numbers::{count, fixed};
use super::panel::{self, Row};
use super::provenance::{day, line, short};
use super::verdict::{interval_in_words, rate};
use super::{anchor, page, scroll_box};
use crate::comparison::{ComparedFile, ComparedMethod, Comparison, excludes_zero};

/// Evaluations for which a slide has room.
const SHOWN: usize = 8;
/// Evaluations that one of its sentences names.
const NAMED: usize = 5;
/// Line styles of the style sheet.
const COLOURS: usize = 10;

/// The comparison as one HTML page.
#[must_use]
pub fn comparison_html(comparison: &Comparison) -> String {
    let names = names(&comparison.files);
    let mut protocols: Vec<Vec<&ComparedMethod>> =
        comparison.rows.chunk_by(|a, b| a.protocol == b.protocol).map(|rows| rows.iter().collect()).collect();
    protocols.sort_by_key(|rows| order(&rows[0].protocol, rows[0].leaks.is_some()));
    let scale = panel::scale(comparison.rows.iter().flat_map(|row| &row.figures).map(|figures| figures.eer));
    page::page(
        "Comparison of evaluations",
        &html! {
            (summary(comparison, &names, &protocols))
            section id="protocols" {
                h2 { "By protocol, the strictest first" }
                @for note in &comparison.notes { p class="note" { (note) } }
                @for rows in &protocols { (protocol(&names, rows, scale)) }
            }
            section id="evaluations" {
                h2 { "The evaluations" }
                dl class="origin" { @for (name, file) in names.iter().zip(&comparison.files) { (origin(name, file)) } }
            }
        },
    )
}

/// Names that distinguish the evaluations: by recipe if that does, else by model, by file or by number as well.
fn names(files: &[ComparedFile]) -> Vec<String> {
    let by_recipe = |file: &ComparedFile| file.recipe.clone();
    let by_model = |file: &ComparedFile| {
        let model = file.model_digest.as_ref().map(|digest| format!(" (model {})", short(digest)));
        format!("{}{}", file.recipe, model.unwrap_or_default())
    };
    let by_file = |file: &ComparedFile| {
        let name = Path::new(&file.name).file_name().unwrap_or_default();
        format!("{} ({})", file.recipe, name.to_string_lossy())
    };
    let are_distinct = |names: &Vec<String>| (1..names.len()).all(|place| !names[..place].contains(&names[place]));
    let kinds: [&dyn Fn(&ComparedFile) -> String; 3] = [&by_recipe, &by_model, &by_file];
    let found = kinds.iter().map(|kind| files.iter().map(kind).collect()).find(are_distinct);
    found.unwrap_or_else(|| (1..).zip(files).map(|(number, file)| format!("{} ({number})", file.recipe)).collect())
}

fn summary(comparison: &Comparison, names: &[String], protocols: &[Vec<&ComparedMethod>]) -> Markup {
    let chosen = protocols.first().and_then(|rows| rows.iter().find(|row| is_under_test(&row.method)).or(rows.first()));
    html! {
        section class="summary" aria-labelledby="asked" {
            header {
                p class="kicker" { "Neural Vault · comparison of " (names.len()) " evaluations" }
                h1 id="asked" {
                    @if names.len() <= 3 { "Which errs least: " (names.join(" or ")) "?" } @else { "Which of " (names.len()) " evaluations errs least?" }
                }
                p class="asked" {
                    (recordings(&comparison.files))
                    @if let Some(row) = chosen { " " strong { (heading(&row.protocol)) } ": " (question(&row.protocol)) }
                }
                @if let Some(why) = chosen.and_then(|row| row.leaks.as_ref()) {
                    p class="flag" { strong { "Leaks. " } (why) " No figure here says what a new scan can expect." }
                }
            }
            @if let Some(row) = chosen {
                div class="slide" {
                    div { (found(names, row)) }
                    (picture("summary-eer", names, row, None))
                }
            }
        }
    }
}

/// The recordings of all evaluations, in a sentence.
fn recordings(files: &[ComparedFile]) -> String {
    match files {
        [first, others @ ..] if others.iter().all(|other| other.data_sha256 == first.data_sha256) => {
            format!("All on {} (SHA-256 {}).", first.data, short(&first.data_sha256))
        }
        _ => "They are of different recordings.".to_owned(),
    }
}

/// The first evaluation's rate in large type, and how the others stand to it.
fn found(names: &[String], row: &ComparedMethod) -> Markup {
    let Some((first, name)) = row.figures.first().zip(names.first()) else { return html! {} };
    html! {
        p class="result" {
            span class="value" { (fixed(first.eer.value, 1)) "\u{a0}%" }
            " equal error rate of " (plain_name(&row.method)) @if *name != row.method { ", " (name) }
            @if let Some(ends) = first.eer.interval { span class="interval" { (interval_in_words(ends)) } }
        }
        @for sentence in standing(names, row) { p class="verdict" { (sentence) } }
        p class="note" {
            (count(first.genuine)) " genuine and " (count(first.impostor)) " impostor trials. "
            "\u{201c}Better\u{201d} and \u{201c}worse\u{201d}: the 95\u{a0}% interval of the difference excludes zero."
        }
    }
}

/// How the other evaluations stand to the first, the alike ones in one sentence.
fn standing(names: &[String], row: &ComparedMethod) -> Vec<String> {
    let Some(first) = names.first() else { return Vec::new() };
    let (mut better, mut worse, mut level, mut unknown) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (name, figures) in names.iter().zip(&row.figures) {
        let Some(difference) = &figures.difference else { continue };
        let list = match difference.eer.interval {
            None => &mut unknown,
            Some(_) if !excludes_zero(&difference.eer) => &mut level,
            Some(_) if difference.eer.value < 0.0 => &mut better,
            Some(_) => &mut worse,
        };
        list.push(format!("{name} {}", rate(&figures.eer)));
    }
    let sentences = [
        (better, format!("Better than {first} (95\u{a0}%)")),
        (worse, format!("Worse than {first} (95\u{a0}%)")),
        (level, format!("Not statistically distinguishable from {first}")),
        (unknown, "Without intervals nothing can be said of".to_owned()),
    ];
    let told = sentences.into_iter().filter(|(names, _)| !names.is_empty());
    told.map(|(names, verdict)| format!("{verdict}: {}.", few(&names))).collect()
}

/// The first evaluations, as many as a sentence on a slide has room for.
fn few(evaluations: &[String]) -> String {
    match evaluations.split_at_checked(NAMED) {
        Some((shown, rest)) if !rest.is_empty() => format!("{}; {} more", shown.join("; "), rest.len()),
        _ => evaluations.join("; "),
    }
}

/// One method in every evaluation, or in the first of them on a slide.
fn picture(id: &str, names: &[String], row: &ComparedMethod, scale: Option<f64>) -> Markup {
    let shown = if scale.is_some() { names.len() } else { SHOWN };
    let rows: Vec<Row<'_>> = names
        .iter()
        .zip(&row.figures)
        .enumerate()
        .map(|(place, (name, figures))| Row { name, class: format!("m{}", place % COLOURS), eer: figures.eer })
        .take(shown)
        .collect();
    let scale = scale.unwrap_or_else(|| panel::scale(rows.iter().map(|row| row.eer)));
    let title = format!("EER of {}", row.method);
    let full = format!("{title}: {}", heading(&row.protocol));
    let rest = names.len().saturating_sub(shown);
    let note = match rest {
        0 => "Bars are 95\u{a0}% intervals.".to_owned(),
        rest => format!("Bars are 95\u{a0}% intervals. {rest} more evaluations below."),
    };
    panel::figure_of(id, &title, &full, &rows, scale, &note)
}

fn protocol(names: &[String], rows: &[&ComparedMethod], scale: f64) -> Markup {
    let Some(first) = rows.first() else { return html! {} };
    let tested = rows.iter().find(|row| is_under_test(&row.method)).unwrap_or(first);
    let id = anchor(&first.protocol);
    html! {
        details class={ "protocol" @if first.leaks.is_some() { " leaks" } } {
            summary {
                h3 { (heading(&first.protocol)) @if first.leaks.is_some() { " " span class="badge" { "leaks" } } }
                span class="rate" {
                    @let lowest = tested.figures.iter().map(|figures| figures.eer.value).fold(f64::INFINITY, f64::min);
                    span class="value" { (fixed(lowest, 1)) "\u{a0}%" } " " span class="interval" { "at best" }
                }
                span class="verdict" { (standing(names, tested).join(" ")) }
            }
            div id=(id) {
                p { (question(&first.protocol)) }
                @if let Some(why) = &first.leaks { p class="flag" { strong { "Leaks. " } (why) } }
                div class="figures" {
                    @for (place, row) in rows.iter().enumerate() {
                        (picture(&format!("{id}-{place}"), names, row, Some(scale)))
                    }
                }
                (scroll_box(&format!("Evaluations side by side, {}", heading(&first.protocol)), &table(names, rows)))
                p class="note" { "Differences are to " (names.first().map_or("", String::as_str)) "; in bold those whose interval excludes zero." }
            }
        }
    }
}

fn origin(name: &str, file: &ComparedFile) -> Markup {
    line(
        name,
        &html! {
            (file.name) ", recipe " (file.recipe) ", " (day(&file.created)) ": " (file.data) ", SHA-256 " code { (short(&file.data_sha256)) }
            @if let Some(digest) = &file.model_digest { ", model " code { (short(digest)) } }
        },
    )
}
