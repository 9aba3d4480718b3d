//! Real recordings: the fMRI frames that ship with the project.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Scans (frames, features) by label and session.
pub type Recordings = BTreeMap<(String, String), Vec<f32>>;

/// Reads a gzipped long table `video,session,timestep,prediction`, whose lines are in order within each frame.
pub fn read(path: &Path) -> Result<Recordings, Box<dyn Error>> {
    let file = std::fs::File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut frames: BTreeMap<(String, String, u32), Vec<f32>> = BTreeMap::new();
    for line in BufReader::new(flate2::read::GzDecoder::new(file)).lines().skip(1) {
        let line = line?;
        let [label, session, timestep, value] = line.split(',').collect::<Vec<_>>()[..] else {
            return Err(format!("{}: {line}", path.display()).into());
        };
        let frame = frames.entry((label.to_owned(), session.to_owned(), timestep.parse()?)).or_default();
        frame.push(value.parse()?);
    }
    let mut scans = Recordings::new();
    for ((label, session, _), frame) in frames {
        scans.entry((label, session)).or_default().extend(frame);
    }
    Ok(scans)
}
