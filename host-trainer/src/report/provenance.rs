//! The origin of the figures: recordings, settings and digests.

use maud::{Markup, html};

use super::methods::{heading, strictest_first};
use super::numbers::count;
use super::scroll_box;
use crate::results::Results;

/// Letters of a digest that identify it among the few that a reader compares.
const SHORT: usize = 12;
/// Names that are listed at the foot of the page; the table has all.
const NAMED: usize = 24;

/// Where the figures come from, in a few lines at the foot of the page.
pub fn section(results: &Results) -> Markup {
    let (data, settings) = (&results.data, &results.settings);
    html! {
        section id="provenance" {
            h2 { "Where the figures come from" }
            dl class="origin" {
                (line("Recordings", &html! {
                    (data.files.join(", ")) ", SHA-256 " code { (short(&data.sha256)) } ": "
                    (count(data.rows)) " frames of " (count(data.features)) " features"
                }))
                (line("Labels", &html! { (some(&data.labels)) }))
                (line("Sessions", &html! { (some(&data.sessions)) }))
                @match &settings.model {
                    Some(model) => (line("Model", &html! { code { (short(&model.digest)) } ", recipe " (model.recipe) ", weights " (model.weights) })),
                    None => (line("Recipe", &html! { (settings.recipe_name()) })),
                }
                (line("Made", &html! { (results.created) " by " (settings.program) }))
                @if let Some(command) = &settings.command { (line("Repeat by", &html! { code { (command) } })) }
            }
        }
    }
}

/// The day of a time in RFC 3339.
pub fn day(created: &str) -> &str {
    created.split('T').next().unwrap_or(created)
}

/// The beginning of a digest.
pub fn short(digest: &str) -> String {
    digest.get(..SHORT).map_or_else(|| digest.to_owned(), |start| format!("{start}…"))
}

/// The number of names and the first of them.
fn some(names: &[String]) -> String {
    let first = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let rest = names.len().saturating_sub(NAMED);
    let rest = if rest > 0 { format!(" and {} more", count(rest)) } else { String::new() };
    format!("{}: {first}{rest}", count(names.len()))
}

/// A name and what is said of it, in a list of class `origin`.
pub fn line(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// Every setting and digest.
pub fn table(results: &Results) -> Markup {
    scroll_box(
        "Settings and digests",
        &html! {
            table class="facts" {
                tbody {
                    tr class="group" { th scope="rowgroup" colspan="2" { "Settings" } }
                    (fact("schema", &results.schema))
                    @for (name, value) in results.settings.flat() { (fact(&name.replace('_', " "), &value)) }
                }
                tbody {
                    tr class="group" { th scope="rowgroup" colspan="2" { "Recordings" } }
                    (fact("files", &results.data.files.join(", ")))
                    (digest("SHA-256", &results.data.sha256))
                    (fact("labels", &results.data.labels.join(", ")))
                    (fact("sessions", &results.data.sessions.join(", ")))
                }
                tbody {
                    tr class="group" { th scope="rowgroup" colspan="2" { "Models, by digest" } }
                    @for protocol in strictest_first(results) {
                        @for model in &protocol.model_digests { (digest(&heading(&protocol.name), model)) }
                    }
                }
            }
        },
    )
}

fn fact(name: &str, value: &str) -> Markup {
    html! { tr { th scope="row" { (name) } td class="text" { (value) } } }
}

fn digest(name: &str, value: &str) -> Markup {
    html! { tr { th scope="row" { (name) } td class="text" { code { (value) } } } }
}
