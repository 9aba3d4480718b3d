//! What a target's inputs reach of the files that it is for: `coverage TARGET FOLDER...`.
//!
//! Counted are the lines of the code that edges lead to: the coverage that libFuzzer reads, by the program's line tables, which
//! `llvm-symbolizer` reads. A line is reached when one of its instructions is, in any place that it was compiled into. What is
//! not in the program, such as tests and what the target never calls, has no lines; how values are shown, and what only
//! panics, is left out.

mod code;
mod counters;
mod files;

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs, thread};

use code::Code;
use neural_vault_fuzz_checks::TARGETS;

/// Functions that show values, for messages.
const SHOWING: [&str; 2] = ["core::fmt::Display", "core::fmt::Debug"];

/// Whether each line of a file was reached.
type Lines = BTreeMap<u32, bool>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let (_, check) = TARGETS.iter().find(|(target, _)| *target == name).ok_or("give a target")?;
    let (_, files) = files::FILES.iter().find(|(target, _)| *target == name).ok_or("the target has no files")?;
    let mut reached = Vec::new();
    for folder in arguments {
        for input in fs::read_dir(folder)? {
            check(&fs::read(input?.path())?);
            counters::take(&mut reached);
        }
    }

    let program = env::current_exe()?;
    let (code, start) = (Code::of(&program)?, start_of(&program)?);
    let doomed = code.doomed();
    let edges =
        counters::addresses().into_iter().zip(reached).map(|(address, is_reached)| (address - start, is_reached));
    let edges: BTreeMap<usize, bool> = edges.filter(|(address, _)| doomed.binary_search(address).is_err()).collect();
    // The file where the code was written, or the one of these into which it was inlined.
    let find = |places: &[Place]| {
        places.iter().find_map(|place| {
            let file = files.iter().find(|file| place.path.ends_with(**file)).filter(|_| place.line > 0)?;
            (!SHOWING.iter().any(|showing| place.function.contains(showing))).then_some((*file, place.line))
        })
    };
    let all_edges: Vec<usize> = edges.keys().copied().collect();
    let mut blocks: Vec<(usize, bool)> = Vec::new();
    for (places, (address, is_reached)) in places(&program, &all_edges)?.iter().zip(&edges) {
        if find(places).is_some() {
            blocks.extend(code.block(*address, &all_edges).into_iter().map(|address| (address, *is_reached)));
        }
    }
    let addresses: Vec<usize> = blocks.iter().map(|(address, _)| *address).collect();
    let mut lines: BTreeMap<&str, Lines> = BTreeMap::new();
    for (places, (_, is_reached)) in places(&program, &addresses)?.iter().zip(&blocks) {
        if let Some((file, line)) = find(places) {
            *lines.entry(file).or_default().entry(line).or_default() |= is_reached;
        }
    }
    let mut all = (0, 0);
    for file in *files {
        let lines = lines.remove(file).ok_or_else(|| format!("nothing of {file} is in the program"))?;
        let reached = lines.values().filter(|is_reached| **is_reached).count();
        let missed: Vec<String> =
            lines.iter().filter(|(_, is_reached)| !**is_reached).map(|(line, _)| line.to_string()).collect();
        let missed = if missed.is_empty() { String::new() } else { format!("; not {}", missed.join(" ")) };
        println!("{:5.1} %  {file}  {reached} of {}{missed}", share(reached, lines.len()), lines.len());
        all = (all.0 + reached, all.1 + lines.len());
    }
    println!("{:5.1} %  {name}  {} of {}", share(all.0, all.1), all.0, all.1);
    Ok(())
}

/// Where in the sources an address is.
struct Place {
    function: String,
    path: String,
    line: u32,
}

/// The places of addresses: where the code was written, and then where it was inlined, if it was, and again.
fn places(program: &Path, addresses: &[usize]) -> Result<Vec<Vec<Place>>, Box<dyn Error>> {
    let asked: String = addresses.iter().map(|address| format!("{address:#x}\n")).collect();
    let mut symbolizer = Command::new("llvm-symbolizer");
    symbolizer.arg("--obj").arg(program).arg("--inlines").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut symbolizer = symbolizer.spawn().map_err(|error| format!("llvm-symbolizer, of LLVM: {error}"))?;
    let mut input = symbolizer.stdin.take().ok_or("it reads nothing")?;
    let writer = thread::spawn(move || input.write_all(asked.as_bytes()));
    let text = String::from_utf8(symbolizer.wait_with_output()?.stdout)?;
    writer.join().map_err(|_| "the addresses are not written")??;
    // Of each address two lines for every function that it is in, and an empty one.
    let place = |function: &str, place: &str| {
        let mut parts = place.rsplitn(3, ':').skip(1);
        let line = parts.next()?.parse().ok()?;
        Some(Place { function: function.to_owned(), path: parts.next()?.to_owned(), line })
    };
    let all = |functions: &str| -> Option<Vec<Place>> {
        let lines: Vec<&str> = functions.lines().collect();
        lines.chunks(2).map(|pair| place(pair[0], pair.get(1)?)).collect()
    };
    let places: Option<Vec<Vec<Place>>> = text.trim_end().split("\n\n").map(all).collect();
    places.ok_or_else(|| "llvm-symbolizer answers otherwise".into())
}

fn share(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole as f64
}

/// Where the program is in memory.
fn start_of(program: &Path) -> Result<usize, Box<dyn Error>> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let own = maps.lines().find(|line| line.ends_with(&*program.to_string_lossy())).ok_or("it is not in memory")?;
    Ok(usize::from_str_radix(own.split('-').next().unwrap_or_default(), 16)?)
}
