//! The origin of the figures: recordings, settings and digests.

use maud::{Markup, html};

use super::methods::{heading, leaking_last};
use super::numbers::count;
use super::scroll_box;
use crate::results::Results;

/// The recordings, the settings and the models' digests.
pub fn section(results: &Results) -> Markup {
    let data = &results.data;
    html! {
        section id="provenance" {
            h2 { "What produced these figures" }
            (scroll_box("Recordings, settings and digests", &html! {
                table class="facts" {
                    tbody {
                        tr class="group" { th scope="rowgroup" colspan="2" { "Recordings" } }
                        (fact("files", &data.files.join(", ")))
                        (digest("SHA-256", &data.sha256))
                        (fact("rows × features", &format!("{} × {}", count(data.rows), count(data.features))))
                        (fact("labels", &format!("{}: {}", data.labels.len(), data.labels.join(", "))))
                        (fact("sessions", &format!("{}: {}", data.sessions.len(), data.sessions.join(", "))))
                    }
                    tbody {
                        tr class="group" { th scope="rowgroup" colspan="2" { "Settings" } }
                        (fact("schema", &results.schema))
                        @for (name, value) in settings(results) { (fact(&name, &value)) }
                    }
                    tbody {
                        tr class="group" { th scope="rowgroup" colspan="2" { "Models, by digest" } }
                        @for protocol in leaking_last(results) {
                            @for model in &protocol.model_digests { (digest(&heading(&protocol.name), model)) }
                        }
                    }
                }
            }))
        }
    }
}

/// Names of settings, without their underscores, and their values in words.
fn settings(results: &Results) -> Vec<(String, String)> {
    let flat = results.settings.flat();
    flat.into_iter().map(|(name, value)| (name.replace('_', " "), value)).collect()
}

fn fact(name: &str, value: &str) -> Markup {
    html! { tr { th scope="row" { (name) } td class="text" { (value) } } }
}

fn digest(name: &str, value: &str) -> Markup {
    html! { tr { th scope="row" { (name) } td class="text" { code { (value) } } } }
}
