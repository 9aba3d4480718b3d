//! Values without a header, and the segments beside them: what loads are the values in their order.

use std::fs;

use arbitrary::{Arbitrary, Unstructured};
use neural_vault::dataset::LoadOptions;

use crate::numbers::canonical;
use crate::recordings::{folder, load_in};

/// A file of values, with what may say how many features a frame has.
#[derive(Arbitrary, Debug)]
struct Values {
    width: Option<u16>,
    segments: Option<Segments>,
    bytes: Vec<u8>,
}

/// A file of segments.
#[derive(Arbitrary, Debug)]
enum Segments {
    Text(String),
    Starts(Vec<f32>),
    Objects { name: u8, starts: Vec<f32>, features: Option<(u8, u16)> },
    Columns { name: u8, starts: Vec<f32>, is_by_row: bool },
}

/// Takes `bytes` as values, as a file of segments, and as a description of both.
pub fn check(bytes: &[u8]) {
    for width in [None, Some(1), Some(3)] {
        load(bytes, None, width);
    }
    load(&[1; 24], Some(bytes), None);
    if let Ok(values) = Values::arbitrary(&mut Unstructured::new(bytes)) {
        values.check();
    }
}

fn load(bytes: &[u8], segments: Option<&[u8]>, width: Option<usize>) {
    let folder = folder();
    fs::write(folder.path().join("preds.bin"), bytes).expect("a file is written");
    if let Some(segments) = segments {
        fs::write(folder.path().join("segments.json"), segments).expect("a file is written");
    }
    let loaded = load_in(folder.path(), "preds.bin", &LoadOptions { width, ..LoadOptions::default() });
    let values: Vec<f32> =
        bytes.chunks_exact(4).map(|value| f32::from_le_bytes([value[0], value[1], value[2], value[3]])).collect();
    let Some(loaded) = loaded else {
        let is_whole = width.is_some_and(|width| width > 0 && values.len().is_multiple_of(width));
        let says_something = bytes.len().is_multiple_of(4) && values.iter().any(|value| !value.is_nan());
        assert!(segments.is_some() || !is_whole || !says_something || values.len() > 600);
        return;
    };
    if let Some(width) = width {
        assert_eq!(loaded.features, width);
    }
    let frames = |values: &[f32]| {
        let mut frames: Vec<Vec<u32>> = values.chunks_exact(loaded.features).map(canonical).collect();
        if segments.is_some() {
            frames.sort();
        }
        frames
    };
    assert_eq!(frames(&loaded.values), frames(&values));
}

impl Values {
    fn check(&self) {
        let segments = self.segments.as_ref().map(Segments::text);
        let segments = segments.as_deref().map(str::as_bytes);
        load(&self.bytes, segments, self.width.map(usize::from));
    }
}

impl Segments {
    fn text(&self) -> String {
        let number = |start: &f32| if start.is_finite() { format!("{start:?}") } else { "null".to_owned() };
        let list = |starts: &[f32]| starts.iter().map(number).collect::<Vec<_>>().join(", ");
        let names = ["start", "onset", "times", "duration"];
        let name = |name: u8| names[usize::from(name) % names.len()];
        match self {
            Segments::Text(text) => text.clone(),
            Segments::Starts(starts) => format!("[{}]", list(starts)),
            Segments::Objects { name: field, starts, features } => {
                let objects = starts.iter().map(|start| format!("{{\"{}\": {}}}", name(*field), number(start)));
                let objects = objects.collect::<Vec<_>>().join(", ");
                let widths = ["features", "n_vertices", "width"];
                let features = features.map_or(String::new(), |(name, width)| match usize::from(name) % 4 {
                    3 => format!(", \"shape\": [1, {width}]"),
                    name => format!(", \"{}\": {width}", widths[name]),
                });
                format!("{{\"segments\": [{objects}]{features}}}")
            }
            Segments::Columns { name: field, starts, is_by_row: false } => {
                format!("{{\"{}\": [{}]}}", name(*field), list(starts))
            }
            Segments::Columns { name: field, starts, is_by_row: true } => {
                let rows = starts.iter().enumerate().map(|(row, start)| format!("\"{row}\": {}", number(start)));
                format!("{{\"{}\": {{{}}}}}", name(*field), rows.collect::<Vec<_>>().join(", "))
            }
        }
    }
}
