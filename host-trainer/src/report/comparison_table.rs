//! A comparison of evaluations as one HTML page.

use maud::{Markup, html};

use super::methods::heading;
use super::numbers::{count, estimate_cell, fixed, interval};
use super::{page, scroll_box};
use crate::comparison::{ComparedMethod, Comparison, EerDifference, excludes_zero};

/// The comparison as one HTML page.
#[must_use]
pub fn comparison_html(comparison: &Comparison) -> String {
    page::page(
        "Comparison of evaluations",
        &html! {
            header { p class="kicker" { "Neural Vault · comparison" } h1 { (comparison.files.len()) " evaluations side by side" } }
            section id="comparison" {
                ol class="files" {
                    @for file in &comparison.files {
                        li { strong { (file.name) }
                            " " span class="note" {
                                "recipe " (file.recipe) " · " (file.created) " · " (file.data) " · " code { (file.data_sha256) }
                                @if let Some(digest) = &file.model_digest { " · model " code { (digest) } }
                            }
                        }
                    }
                }
                (scroll_box("Evaluations side by side", &table(comparison)))
                p class="note" { "In bold: differences whose interval excludes zero." }
                @for note in &comparison.notes { p class="note" { (note) } }
            }
        },
    )
}

fn table(comparison: &Comparison) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" class="text" { "Method" }
                th scope="col" class="text" { "Evaluation" }
                th scope="col" { "EER (%)" }
                th scope="col" { "Difference (points)" }
                th scope="col" { "AUC" }
                th scope="col" { "d′" }
                th scope="col" { "Genuine / impostor trials" }
            } }
            @for rows in comparison.rows.chunk_by(|a, b| a.protocol == b.protocol) {
                tbody {
                    tr class="group" {
                        th scope="rowgroup" colspan="7" {
                            (heading(&rows[0].protocol)) @if rows[0].leaks.is_some() { " " span class="badge" { "leaks" } }
                        }
                    }
                    @for row in rows { (method(comparison, row)) }
                }
            }
        }
    }
}

fn method(comparison: &Comparison, row: &ComparedMethod) -> Markup {
    html! {
        @for (place, (file, figures)) in comparison.files.iter().zip(&row.figures).enumerate() {
            tr {
                @if place == 0 { th scope="row" rowspan=(row.figures.len()) { (row.method) } }
                td class="text" { (file.name) }
                (estimate_cell(&figures.eer, 2))
                (difference_cell(figures.difference.as_ref()))
                (estimate_cell(&figures.roc_auc, 4))
                (estimate_cell(&figures.d_prime, 2))
                td { (count(figures.genuine)) " / " (count(figures.impostor)) }
            }
        }
    }
}

fn difference_cell(difference: Option<&EerDifference>) -> Markup {
    let Some(EerDifference { eer: difference, paired }) = difference else { return html! { td { "–" } } };
    let sign = if difference.value > 0.0 { "+" } else { "" };
    let value = format!("{sign}{}", fixed(difference.value, 2));
    html! {
        td {
            @if excludes_zero(difference) { strong { (value) } } @else { (value) }
            @if let Some(ends) = difference.interval { " " span class="interval" { (interval(ends, 2)) } }
            @if !paired { " " span class="interval" { "not paired" } }
        }
    }
}
