//! The roles of methods, from the list of methods, and how each is drawn.

use std::cmp::Reverse;

use maud::{Markup, html};

use crate::evaluation::protocols::PROTOCOLS;
use crate::evaluation::{methods, protocols};
use crate::results::{MethodResult, ProtocolResult, Results};

/// Number of line styles in the style sheet; further methods reuse all but the first.
const STYLES: usize = 10;

/// The drawing style of each method, the same in every figure of a page.
pub struct Styles {
    names: Vec<String>,
}

impl Styles {
    /// NeuralVault first, the others in order of appearance.
    pub fn new(results: &Results) -> Self {
        let mut names: Vec<String> = Vec::new();
        for method in results.protocols.iter().flat_map(|protocol| &protocol.methods) {
            if names.contains(&method.name) {
                continue;
            }
            let place = if is_under_test(&method.name) { 0 } else { names.len() };
            names.insert(place, method.name.clone());
        }
        Self { names }
    }

    /// The class of a method's lines.
    pub fn class(&self, method: &str) -> String {
        let place = self.names.iter().position(|name| name == method).unwrap_or(self.names.len());
        let style = if place < STYLES { place } else { 1 + (place - 1) % (STYLES - 1) };
        let emphasis = if is_under_test(method) { " chief" } else { "" };
        format!("m{style}{emphasis}")
    }

    /// The names, the method under test first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// A piece of a method's line.
    pub fn sample(&self, method: &str) -> Markup {
        html! {
            svg class="sample" viewBox="0 0 34 10" aria-hidden="true" {
                path class={ "line " (self.class(method)) } d="M1 5L33 5" {}
            }
        }
    }

    /// A key to the lines of these methods.
    pub fn key<'a>(&self, methods: impl Iterator<Item = &'a str>) -> Markup {
        self.named(methods.map(|method| (method, method)))
    }

    /// The same with what each method is called within a sentence.
    pub fn plain_key<'a>(&self, methods: impl Iterator<Item = &'a str>) -> Markup {
        self.named(methods.map(|method| (method, plain_name(method))))
    }

    fn named<'a>(&self, methods: impl Iterator<Item = (&'a str, &'a str)>) -> Markup {
        html! {
            ul class="key" aria-label="Key to the lines" {
                @for (method, name) in methods {
                    li { (self.sample(method)) (name) }
                }
            }
        }
    }
}

/// The method under test by this protocol: NeuralVault, or connectome where persons are compared.
pub fn tested(protocol: &ProtocolResult) -> Option<&MethodResult> {
    protocol.methods.iter().find(|method| is_under_test(&method.name))
}

/// The name of the method under test, without what follows it in brackets.
pub fn tested_name(protocol: &ProtocolResult) -> &'static str {
    let found = tested(protocol).and_then(|method| methods::find(&method.name));
    found.map_or("NeuralVault", |method| method.name())
}

/// Whether persons are compared, by scans of any length.
pub fn of_persons(protocol: &ProtocolResult) -> bool {
    protocols::find(base(&protocol.name)).is_some_and(|known| known.scores_scans())
}

/// The method of lowest EER among those without a trained model.
pub fn best_rival(protocol: &ProtocolResult) -> Option<&MethodResult> {
    let simple = protocol.methods.iter().filter(|m| is_simple(&m.name) && m.eer.value.is_finite());
    simple.min_by(|a, b| a.eer.value.total_cmp(&b.eer.value))
}

/// The protocols by how far apart they keep what trains and what probes; those that leak last.
pub fn strictest_first(results: &Results) -> Vec<&ProtocolResult> {
    let mut protocols: Vec<&ProtocolResult> = results.protocols.iter().collect();
    protocols.sort_by_key(|protocol| order(&protocol.name, protocol.leaks.is_some()));
    protocols
}

/// What orders protocols by how far apart they keep what trains and what probes, with those that leak last.
pub fn order(protocol: &str, leaks: bool) -> impl Ord + use<> {
    (leaks, Reverse(PROTOCOLS.iter().position(|known| known.name() == base(protocol))))
}

/// The question that a protocol answers.
pub fn question(protocol: &str) -> String {
    let known = protocols::find(base(protocol));
    known.map_or_else(|| format!("What does {protocol} show?"), |known| known.question().to_owned())
}

/// What a method is called within a sentence; the method of another version by its name.
pub fn plain_name(method: &str) -> &str {
    methods::find(method).map_or(method, |known| known.plain_name())
}

/// The heading of a protocol's name, which may be followed by a window's length in brackets.
pub fn heading(protocol: &str) -> String {
    let (name, window) = protocol.split_once(' ').map_or((protocol, ""), |(name, window)| (name, window));
    match protocols::find(name) {
        Some(known) => format!("{} {window}", known.heading()).trim_end().to_owned(),
        None => protocol.to_owned(),
    }
}

/// A protocol's name without a window's length.
pub fn base(protocol: &str) -> &str {
    protocol.split(' ').next().unwrap_or_default()
}

/// Whether the method has no model; true for an unknown name.
fn is_simple(name: &str) -> bool {
    methods::find(name).is_none_or(|method| method.is_simple())
}

/// Whether this is the method under test, of windows or of persons.
pub fn is_under_test(name: &str) -> bool {
    methods::find(name).is_some_and(|method| method.is_under_test())
}
