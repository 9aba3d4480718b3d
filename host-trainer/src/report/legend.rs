//! What each method is, in a sentence with its source.

use maud::{Markup, html};

use super::methods::Styles;
use crate::evaluation::methods;

/// The methods of the page that the program knows.
pub fn section(styles: &Styles) -> Markup {
    let known: Vec<_> = styles.names().filter_map(|name| Some((name, methods::find(name)?))).collect();
    html! {
        @if !known.is_empty() {
            section id="methods" {
                h2 { "What the methods are" }
                dl class="legend" {
                    @for (name, method) in known {
                        div { dt { (styles.sample(name)) (name) @if method.plain_name() != method.name() { " (" (method.plain_name()) ")" } } dd { (method.explanation()) } }
                    }
                }
            }
        }
    }
}
