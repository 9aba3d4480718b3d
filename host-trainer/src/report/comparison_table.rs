//! The table of a comparison: every method of a protocol in every evaluation.

use maud::{Markup, html};

use super::numbers::{count, estimate_cell, fixed, interval};
use crate::comparison::{ComparedMethod, EerDifference, excludes_zero};

/// The methods of one protocol; `names` are those of the evaluations.
pub fn table(names: &[String], rows: &[&ComparedMethod]) -> Markup {
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
            tbody { @for row in rows { (method(names, row)) } }
        }
    }
}

fn method(names: &[String], row: &ComparedMethod) -> Markup {
    html! {
        @for (place, (name, figures)) in names.iter().zip(&row.figures).enumerate() {
            tr {
                @if place == 0 { th scope="rowgroup" rowspan=(row.figures.len()) { (row.method) } }
                th scope="row" { (name) }
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
