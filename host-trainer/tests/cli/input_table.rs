//! The table of `docs/inputs.md`: every example gives the labels, sessions and timesteps that it says.

use std::fs;
use std::path::Path;

use super::folder::Folder;
use super::samples::npy;

const DOCUMENT: &str = include_str!("../../../docs/inputs.md");
const SCANS: &str = "video,session,timestep,prediction\n\
                     cat,run1,0,1\ncat,run1,1,2\ncat,run2,0,3\ndog,run1,0,4\ndog,run2,0,5\n";
const EVENTS: &str = "onset\tduration\ttrial_type\n0\t2\tface\n2\t4\thouse\n";

/// A line of the table.
struct Example {
    arguments: Vec<String>,
    labels: Vec<String>,
    sessions: Vec<String>,
    timesteps: Vec<String>,
}

fn examples() -> Vec<Example> {
    let rows = DOCUMENT.lines().filter(|line| line.starts_with("| ")).skip(1);
    let code = |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    rows.map(|row| {
        let cells: Vec<Vec<String>> = row.trim_matches('|').split('|').map(code).collect();
        let words = |cell: &[String]| cell.iter().flat_map(|code| code.split(' ')).map(str::to_owned).collect();
        assert_eq!(cells.len(), 5, "{row}");
        let (arguments, timesteps) = (words(&cells[1]), words(&cells[4]));
        Example { arguments, labels: cells[2].clone(), sessions: cells[3].clone(), timesteps }
    })
    .collect()
}

/// The files of the examples.
fn files() -> Folder {
    let folder = Folder::new();
    let write = |name: &str, bytes: &[u8]| {
        fs::create_dir_all(folder.path(name).parent().unwrap()).unwrap();
        folder.write(name, bytes);
    };
    let clip = npy(&[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.5]);
    write("scans.csv", SCANS.as_bytes());
    folder.does(&["convert", "scans.csv", "-o", "matrix.npz"]);
    for name in ["clip.npy", "clips/clip1/preds.npy", "clips/clip2/preds.npy", "days/cat/day1.npy", "days/cat/day2.npy"]
    {
        write(name, &clip);
    }
    write("other.npz", &npz("preds", &clip));
    let values: Vec<u8> = [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.5].iter().flat_map(|value| value.to_le_bytes()).collect();
    write("values.bin", &values);
    write("timed.bin", &values);
    write("timed.segments.json", b"[{\"start\": 0.0}, {\"start\": 1.5}, {\"start\": 7.5}]");
    for (subject, run) in [(1, 1), (1, 2), (2, 1)] {
        write(&format!("bids/sub-0{subject}/ses-1/func/sub-0{subject}_ses-1_task-x_run-{run}_bold.npy"), &clip);
    }
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/formats");
    for entry in fs::read_dir(committed).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.path(entry.file_name().to_str().unwrap())).unwrap();
    }
    write("faces.tsv", EVENTS.as_bytes());
    fs::copy(folder.path("scaled.nii.gz"), folder.path("sub-02_task-faces_bold.nii.gz")).unwrap();
    write("sub-02_task-faces_events.tsv", b"onset\tduration\ttrial_type\n0\t4\tface\n4\t2\thouse\n");
    folder
}

/// A `.npz` file of one array.
fn npz(name: &str, array: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut zip, array).unwrap();
    zip.finish().unwrap().into_inner()
}

#[test]
fn every_example_of_the_table_gives_what_it_says() {
    let folder = files();
    let examples = examples();
    assert!(examples.len() >= 19);
    for Example { arguments, labels, sessions, timesteps } in examples {
        let given: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let described = folder.does(&[&["inspect", "--json"], &given[..]].concat()).json();
        let names = |key: &str| -> Vec<String> {
            let names: Vec<String> = serde_json::from_value(described[key].clone()).unwrap();
            names.into_iter().filter(|name| !name.is_empty()).collect()
        };
        assert_eq!((names("labels"), names("sessions")), (labels, sessions), "{given:?}");

        folder.does(&[&["convert", "--force", "-o", "out.csv"], &given[..]].concat());
        let csv = String::from_utf8(folder.read("out.csv")).unwrap();
        let with_session = csv.starts_with("video,session");
        let mut found: Vec<(String, String)> = Vec::new();
        for line in csv.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let (recording, time) = cells[..cells.len() - 1].split_at(if with_session { 2 } else { 1 });
            let place = (recording.join(","), time[0].to_owned());
            if found.last() != Some(&place) {
                found.push(place);
            }
        }
        let first = found[0].0.clone();
        let times: Vec<String> = found.into_iter().filter(|(name, _)| *name == first).map(|(_, time)| time).collect();
        assert_eq!(times, timesteps, "{given:?}");
    }
}

#[test]
fn every_example_is_the_same_recordings_after_conversion() {
    let folder = files();
    for Example { arguments, .. } in examples() {
        let given: Vec<&str> = arguments.iter().map(String::as_str).collect();
        folder.does(&[&["convert", "--force", "-o", "first.csv"], &given[..]].concat());
        let first = folder.read("first.csv");
        for name in ["second.npz", "second.parquet", "second.csv.gz"] {
            folder.does(&[&["convert", "--force", "-o", name], &given[..]].concat());
            folder.does(&["convert", "--force", "-o", "again.csv", name]);
            assert_eq!(folder.read("again.csv"), first, "{name} of {given:?}");
        }
    }
}
