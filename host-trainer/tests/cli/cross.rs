//! Seven kinds of unusual scans through every command that takes scans: exit codes, messages, and what is left alone.

use neural_vault::dataset::{Dataset, Synthetic, write_csv};

use super::folder::Folder;
use super::samples::{FEATURES, model, npy, secret};
#[cfg(unix)]
use super::token::simulated::{Line, Simulated};

/// Frames of a sound scan, and of a window.
const FRAMES: usize = 6;
const WINDOW: &str = "3";

/// The unusual scan: the one of `class00` in `run01`.
const SCAN: [&str; 4] = ["--label", "class00", "--session", "run01"];

/// How a command ends, and what it says on standard error.
#[derive(Clone, Copy)]
struct Cell {
    code: i32,
    says: &'static [&'static str],
}

/// A kind of scan and its cells, one for each of [`COMMANDS`].
struct Kind {
    name: &'static str,
    cells: [Cell; 7],
}

const COMMANDS: [&str; 7] = ["train", "enroll", "verify", "identify", "evaluate", "embed", "token"];

const FEW: Cell = refused(&[
    "not finite: 144 of 144 in label `class00`, session `run01`",
    FIRST,
    "0 of its 24 values are finite, at least half must be",
]);
const ONE: Cell = refused(&[
    "not finite: 138 of 144 in label `class00`, session `run01`",
    FIRST,
    "1 of its 24 values are finite, at least half must be",
]);
const EQUAL: Cell = refused(&[FIRST, "its finite values are all equal"]);
const FIRST: &str = "label `class00`, session `run01`, timestep 0: the frame says nothing: ";

const REPEATED: Cell =
    done(&["no 3 consecutive frames", "repeated to fill a window: label `class00`, session `run01` (2 of 2 frames)"]);
const GAP: &str = "gaps in time, which no window crosses: label `class00`, session `run01` between timesteps 3 and 10";
const SPLIT: Cell = done(&[GAP, "outside whole windows of 3 are left out: 3 of 6 of label `class00`, session `run01`"]);
const MESH: Cell = refused(&["run01.npy: 642 rows x 6 columns looks transposed", "surface mesh", "save `array.T`"]);
const TURNED: Cell =
    refused(&["a scan of 24 frames x 6 features looks transposed", "takes frames of 24 features", "save `array.T`"]);

const KINDS: [Kind; 7] = [
    Kind { name: "NaN", cells: [FEW; 7] },
    Kind { name: "zero", cells: [EQUAL; 7] },
    Kind { name: "constant", cells: [EQUAL; 7] },
    Kind { name: "one finite value", cells: [ONE; 7] },
    Kind {
        name: "short",
        cells: [
            REPEATED,
            REPEATED,
            REPEATED,
            REPEATED,
            done(&["sessions (3 frames): 1 of 11 windows repeat the frames of a scan without 3"]),
            REPEATED,
            REPEATED,
        ],
    },
    Kind {
        name: "gapped",
        cells: [
            SPLIT,
            SPLIT,
            SPLIT,
            SPLIT,
            done(&[GAP, "sessions (3 frames): 3 of 36 frames are outside whole windows of 3"]),
            SPLIT,
            SPLIT,
        ],
    },
    Kind { name: "transposed", cells: [MESH, TURNED, TURNED, TURNED, MESH, TURNED, TURNED] },
];

const fn refused(says: &'static [&'static str]) -> Cell {
    Cell { code: 3, says }
}

const fn done(says: &'static [&'static str]) -> Cell {
    Cell { code: 0, says }
}

#[test]
fn every_command_says_what_it_makes_of_every_kind_of_scan() {
    let folder = Folder::new();
    model(1).write(&folder.path("model")).unwrap();
    write_csv(&recordings(), &folder.path("data.csv")).unwrap();
    for label in ["class00", "class01"] {
        enrol(&folder, "data.csv", label, &format!("{label}.nve"));
    }
    folder.does(&["gallery", "class00.nve", "class01.nve", "-o", "gallery.nvg"]);
    #[cfg(unix)]
    let token = token(&folder);
    for Kind { name, cells } in KINDS {
        let [plain, turned] = inputs(&folder, name);
        for (command, cell) in COMMANDS.into_iter().zip(cells) {
            let data = if matches!(command, "train" | "evaluate") { &plain } else { &turned };
            let arguments = arguments(command, data);
            #[cfg(unix)]
            let arguments = if command == "token" { token.arguments(&arguments) } else { arguments };
            if cfg!(not(unix)) && command == "token" {
                continue;
            }
            check(&folder, name, &arguments, cell);
        }
    }
    #[cfg(unix)]
    assert_eq!(token.misses(&folder), 0, "a refused scan costs no attempt");
}

#[test]
fn a_refused_scan_costs_no_attempt_on_this_machine() {
    let folder = Folder::with_enrolment();
    folder.write("secret", secret(0x5e));
    for Kind { name, cells } in KINDS.into_iter().filter(|kind| kind.cells[2].code == 3) {
        let [_, data] = inputs(&folder, name);
        let arguments = [&arguments("verify", &data)[..], &["--derive", "--device-secret", "secret"]].concat();
        check(&folder, name, &arguments, cells[2]);
    }
    assert!(!folder.path("class00.nve.attempts").exists());
}

#[test]
fn a_bad_session_that_is_not_used_does_no_harm_and_is_noted() {
    let folder = Folder::with_enrolment();
    let [data, _] = inputs(&folder, "NaN");
    let note = "not finite: 144 of 144 in label `class00`, session `run01`";
    for arguments in [
        &["train", &data, "--recipe", "linear", "--sessions", "run00,run02", "--out", "trained"][..],
        &["enroll", &data, "--model", "model", "--label", "class00", "--sessions", "run02", "-o", "other.nve"],
        &["verify", &data, "--model", "model", "--enrolment", "other.nve", "--label", "class00", "--session", "run02"],
        &["inspect", &data],
    ] {
        let run = folder.does(arguments);
        assert!(run.stderr.contains(note), "{arguments:?}: {}", run.stderr);
        // Training scores the sessions that it holds back, but for those that say nothing.
        let left_out = format!("not scored: {data}: {FIRST}");
        assert_eq!(run.stderr.contains(&left_out), arguments[0] == "train", "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn sound_scans_are_used_without_a_word_about_them() {
    let folder = Folder::with_enrolment();
    for command in ["train", "enroll", "verify", "identify", "evaluate", "embed"] {
        if command == "identify" {
            folder.does(&["gallery", "class00.nve", "-o", "gallery.nvg"]);
        }
        let run = folder.does(&arguments(command, "data.csv"));
        for word in ["finite", "gap", "window", "transposed"] {
            assert!(!run.stderr.contains(word), "{command}: {}", run.stderr);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_token_cuts_the_windows_of_this_machine_out_of_a_scan_with_gaps() {
    let folder = Folder::with_model();
    let [data, _] = inputs(&folder, "gapped");
    enrol(&folder, &data, "class00", "class00.nve");
    let token = Simulated::start(&folder, Line::Sound);
    token.provision(&folder, &["--window", WINDOW]);
    let arguments =
        ["enroll", &data, "--enrolment", "class00.nve", "--accept-risk", "5", "--admin-key", "admin", "--json"];
    assert_eq!(token.does(&folder, &arguments).json()["prototype_checked"], true);
}

#[track_caller]
fn check(folder: &Folder, kind: &str, arguments: &[&str], Cell { code, says }: Cell) {
    let before = folder.contents();
    let run = folder.run(arguments);
    assert_eq!(run.code, code, "{kind}: {arguments:?}: {}{}", run.stdout, run.stderr);
    for part in says {
        assert!(run.stderr.contains(part), "{kind}: {arguments:?}: `{part}` is not in: {}", run.stderr);
    }
    if code == 3 {
        run.failed(code, says);
        assert!(folder.contents() == before, "{kind}: {arguments:?} left {:?}", folder.names());
    }
    for output in ["new.nve", "embeddings.npy"].iter().filter(|name| folder.path(name).exists()) {
        std::fs::remove_file(folder.path(output)).unwrap();
    }
    if folder.path("trained").exists() {
        std::fs::remove_dir_all(folder.path("trained")).unwrap();
    }
}

fn arguments<'a>(command: &'a str, data: &'a str) -> Vec<&'a str> {
    let model = ["--model", "model"];
    let own: &[&str] = match command {
        "train" => {
            &["--out", "trained", "--recipe", "reference", "--window", WINDOW, "--steps", "1", "--engine", "tract"]
        }
        "enroll" => &["--window", WINDOW, "--threshold", "0", "-o", "new.nve", "--label", "class00"],
        "verify" => &["--enrolment", "class00.nve"],
        "identify" => &["--gallery", "gallery.nvg"],
        "evaluate" => &[
            "--protocol",
            "sessions",
            "--probe-windows",
            WINDOW,
            "--recipe",
            "linear",
            "--methods",
            "raw-cosine",
            "--no-sweeps",
            "--engine",
            "tract",
        ],
        "embed" => &["--window", WINDOW, "-o", "embeddings.npy"],
        _ => &[],
    };
    let model: &[&str] = if matches!(command, "train" | "evaluate" | "token") { &[] } else { &model };
    let is_recording = data.ends_with(".npy");
    let chosen: &[&str] = match command {
        "verify" | "identify" | "token" if !is_recording => &SCAN,
        "enroll" if !is_recording => &["--sessions", "run01"],
        _ => &[],
    };
    let command = if command == "token" { "verify" } else { command };
    [&[command, data], model, own, chosen].concat()
}

/// Recordings with a scan of this kind: for commands without a model, and for those with one.
fn inputs(folder: &Folder, kind: &str) -> [String; 2] {
    if kind == "transposed" {
        std::fs::create_dir_all(folder.path("turned/class00")).unwrap();
        folder.write("turned/class00/run01.npy", npy(&[642, FRAMES], &numbers(642 * FRAMES)));
        folder.write("class00.npy", npy(&[FEATURES, FRAMES], &numbers(FEATURES * FRAMES)));
        return ["turned".to_owned(), "class00.npy".to_owned()];
    }
    let mut dataset = recordings();
    let scan = dataset.scans().remove(1);
    let values = scan.rows.start * FEATURES..scan.rows.end * FEATURES;
    match kind {
        "NaN" => dataset.values[values].fill(f32::NAN),
        "zero" => dataset.values[values].fill(0.0),
        "constant" => dataset.values[values].fill(1.25),
        "one finite value" => {
            for (at, value) in dataset.values[values].iter_mut().enumerate() {
                *value = if at % FEATURES == 7 { *value } else { f32::NAN };
            }
        }
        "short" => {
            let rows: Vec<usize> =
                (0..dataset.rows.len()).filter(|row| !(scan.rows.start + 2..scan.rows.end).contains(row)).collect();
            dataset = dataset.select(&rows);
        }
        "gapped" => dataset.rows[scan.rows.start + 4..scan.rows.end].iter_mut().for_each(|row| row.timestep += 6),
        other => panic!("{other}"),
    }
    let name = format!("{}.csv", kind.replace(' ', "-"));
    write_csv(&dataset, &folder.path(&name)).unwrap();
    [name.clone(), name]
}

fn recordings() -> Dataset {
    Synthetic { classes: 3, timesteps: FRAMES, features: FEATURES, sessions: 3, noise: 0.3, seed: 1 }.recordings()
}

fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|number| (number * 7 % 23) as f32).collect()
}

fn enrol(folder: &Folder, data: &str, label: &str, file: &str) {
    let what = ["enroll", data, "--model", "model", "--label", label, "--sessions", "run01"];
    folder.does(&[&what[..], &["--window", WINDOW, "--threshold", "-1", "-o", file]].concat());
}

/// A token with `class00.nve` in slot 0, which accepts any scan that it can compare.
#[cfg(unix)]
fn token(folder: &Folder) -> Simulated {
    let token = Simulated::start(folder, Line::Sound);
    token.provision(folder, &["--window", WINDOW]);
    token.does(
        folder,
        &["enroll", "data.csv", "--enrolment", "class00.nve", "--accept-risk", "5", "--admin-key", "admin"],
    );
    token
}
