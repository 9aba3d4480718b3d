//! Manual pages in the format of `man`.

use std::io;

use clap_mangen::Man;
use roff::{Inline, Roff, bold, roman};

use super::exit_codes::EXIT_CODES;
use super::{Example, File, of};
use crate::engine::runtime::VARIABLES;

/// When the manual last changed.
const DATE: &str = "2026-11-27";

/// The page of a command that is built, of the program when `name` is empty.
pub fn page(command: &clap::Command, name: &str) -> io::Result<String> {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    let source = format!("neural-vault {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone().override_usage(usage)).date(DATE).source(source).manual("Neural Vault");
    let mut bytes = Vec::new();
    man.render_title(&mut bytes)?;
    man.render_name_section(&mut bytes)?;
    man.render_synopsis_section(&mut bytes)?;
    man.render_description_section(&mut bytes)?;
    man.render_options_section(&mut bytes)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut bytes)?;
    }
    let mut own = Roff::new();
    if let Some(manual) = of(name) {
        examples(&mut own, manual.examples);
        files(&mut own, manual.files);
    }
    if name.is_empty() {
        environment(&mut own);
    }
    exit_status(&mut own);
    if !name.is_empty() {
        see_also(&mut own, name);
    }
    own.to_writer(&mut bytes)?;
    Ok(without_repetition(&String::from_utf8_lossy(&bytes)))
}

/// The file of the page of a command.
pub fn file_name(name: &str) -> String {
    format!("{}.1", page_name(name))
}

fn page_name(name: &str) -> String {
    format!("neural-vault {name}").trim_end().replace(' ', "-")
}

fn examples(page: &mut Roff, examples: &[Example]) {
    if examples.is_empty() {
        return;
    }
    page.control("SH", ["EXAMPLES"]);
    for (index, Example { what, line }) in examples.iter().enumerate() {
        if index > 0 {
            page.control("PP", []);
        }
        page.text([roman(format!("{what}:"))]);
        page.control("RS", ["4"]).control("EX", []);
        page.text([roman(*line)]).control("EE", []).control("RE", []);
    }
}

fn files(page: &mut Roff, files: &[File]) {
    if files.is_empty() {
        return;
    }
    page.control("SH", ["FILES"]);
    for File { name, what } in files {
        entry(page, [bold(*name)], what);
    }
}

fn environment(page: &mut Roff) {
    page.control("SH", ["ENVIRONMENT"]);
    let library = "Folder or file of ONNX Runtime's library, before the places where it is looked for otherwise";
    entry(page, [bold(VARIABLES[0]), roman(", "), bold(VARIABLES[1])], library);
    entry(page, [bold("NO_COLOR")], "Messages have no colour when it is set");
}

fn exit_status(page: &mut Roff) {
    page.control("SH", ["EXIT STATUS"]);
    for (code, what) in EXIT_CODES {
        entry(page, [bold(code.to_string())], what);
    }
}

/// The page of the command that this one belongs to.
fn see_also(page: &mut Roff, name: &str) {
    let parent = name.rsplit_once(' ').map_or("", |(parent, _)| parent);
    page.control("SH", ["SEE ALSO"]).text([bold(page_name(parent)), roman("(1)")]);
}

fn entry(page: &mut Roff, name: impl Into<Vec<Inline>>, what: &str) {
    page.control("TP", []).text(name).text([roman(what)]);
}

/// The page with what every rendered part begins with only once, at its beginning.
fn without_repetition(page: &str) -> String {
    let mut rendered = Vec::new();
    // Writing to a vector cannot fail.
    let _ = Roff::new().to_writer(&mut rendered);
    let start = String::from_utf8_lossy(&rendered).into_owned();
    start.clone() + &page.replace(&start, "")
}
