//! Keys of the class prototypes, their statistics, and the information in a probe.

use maud::{Markup, html};

use super::methods::{heading, strictest_first};
use super::numbers::{fixed, percent};
use super::scroll_box;
use crate::results::{PrototypeKey, Results};

/// Prototype keys, key quality, effective dimension and relative entropy.
pub fn body(results: &Results) -> Markup {
    let quality = &results.key_quality;
    let rows = [
        (
            "Avalanche",
            "key bits that flip when 0.05 is added to one component",
            percent(quality.avalanche),
            "50\u{a0}%",
        ),
        ("Bit balance", "ones among all key bits", percent(quality.bit_balance), "50\u{a0}%"),
        ("Uniqueness", "bits in which two classes' keys differ, mean", percent(quality.uniqueness), "50\u{a0}%"),
        (
            "Entropy",
            "of the keys' bytes, which few keys cannot bring to its ideal",
            fixed(quality.entropy, 3),
            "8 bits a byte",
        ),
    ];
    html! {
            div class="columns" {
                div {
                    h4 { "How keys behave" }
                    (scroll_box("Key quality", &html! {
                        table {
                            thead { tr {
                                th scope="col" class="text" { "Figure" } th scope="col" { "Found" } th scope="col" { "Ideal" }
                            } }
                            tbody {
                                @for (name, what, found, ideal) in &rows {
                                    tr {
                                        th scope="row" { (name) " " span class="interval" { (what) } }
                                        td { (found) } td { (ideal) }
                                    }
                                }
                            }
                        }
                    }))
                    p class="note" {
                        "These describe the derivation (HKDF-SHA256), not the scans: any inputs that differ in one bit give the same figures. "
                        "They say nothing about how hard a prototype is to guess."
                    }
                }
                div {
                    h4 { "Information in a probe" }
                    (scroll_box("Effective dimension and relative entropy", &information(results)))
                    p class="note" {
                        "Effective dimension: participation ratio of the embeddings' covariance. Relative entropy of genuine to "
                        "impostor scores, Gaussian estimate: how much one probe tells about identity."
                    }
                }
            }
            @if !results.prototype_keys.is_empty() {
                h4 { "Digests of the prototypes' keys, scheme v1" }
                (scroll_box("Digests of prototype keys", &html! {
                    table {
                        thead { tr {
                            th scope="col" class="text" { "Label" } th scope="col" class="text" { "SHA-256 of its key" }
                        } }
                        tbody {
                            @for PrototypeKey { label, digest } in &results.prototype_keys {
                                tr { th scope="row" { (label) } td class="text" { code { (digest) } } }
                            }
                        }
                    }
                }))
                p class="note" {
                    "A v1 key is a function of the prototype alone. Its SHA-256 shows whether two runs came to the same key without "
                    "revealing it: this report can be shared."
                }
            }
    }
}

fn information(results: &Results) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" class="text" { "Protocol" }
                th scope="col" { "Effective dimension" }
                th scope="col" { "Relative entropy (bits)" }
            } }
            tbody {
                @for protocol in strictest_first(results) {
                    tr {
                        th scope="row" {
                            (heading(&protocol.name)) @if protocol.leaks.is_some() { " " span class="badge" { "leaks" } }
                        }
                        td { (fixed(protocol.effective_dimension, 1)) }
                        td { (fixed(protocol.relative_entropy_bits, 1)) }
                    }
                }
            }
        }
    }
}
