//! The boards: each is a folder of `firmware-example/boards` whose files say how it is built and run.
//!
//! | file | says |
//! |---|---|
//! | `Cargo.toml` | the package, named like its folder; a feature `weights-f32` if there is an image for float32 models, `connectome` for connectome models |
//! | `qemu.args` | that QEMU runs the board, and by which arguments |
//! | `golden.txt`, `size.json` | what a run in QEMU prints, and its sizes; `cargo xtask firmware size --write` writes them |
//! | `branch-skip.json` | how often each outcome was seen with a branch decided wrongly; `cargo xtask branch-skip --write` |
//! | `connectome/` | `golden.txt` and `size.json` of the image for connectome models, and its memory layout |
//! | another `NAME.txt` | what the package's further program `BOARD-NAME` prints in QEMU; written by the same command |

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::steps::Failure;
use crate::workspace::root;

const FOLDER: &str = "firmware-example/boards";

/// A board.
#[derive(Clone)]
pub struct Board {
    pub name: String,
    folder: PathBuf,
}

impl Board {
    /// Every board, by name.
    pub fn all() -> Result<Vec<Self>, Failure> {
        Self::below(&root().join(FOLDER))
    }

    fn below(folder: &Path) -> Result<Vec<Self>, Failure> {
        let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", folder.display()));
        let mut boards = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.path().join("Cargo.toml").is_file() {
                let name = entry.file_name().to_string_lossy().into_owned();
                boards.push(Self { name, folder: entry.path() });
            }
        }
        boards.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(boards)
    }

    /// A file of the board's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Whether QEMU runs this board.
    pub fn runs_in_qemu(&self) -> bool {
        self.qemu_arguments().is_file()
    }

    /// The file with QEMU's arguments: words, in which `{firmware}`, `{model}` and `{link}` stand for what is given.
    pub fn qemu_arguments(&self) -> PathBuf {
        self.file("qemu.args")
    }

    /// QEMU with this firmware, model and serial link.
    pub fn qemu(&self, firmware: &Path, model: &Path, link: &str) -> Result<Command, Failure> {
        let words = read(&self.qemu_arguments())?;
        let (firmware, model) = (firmware.display().to_string(), model.display().to_string());
        let given =
            |word: &str| word.replace("{firmware}", &firmware).replace("{model}", &model).replace("{link}", link);
        let mut qemu = Command::new("qemu-system-arm");
        qemu.args(words.split_whitespace().map(given));
        Ok(qemu)
    }

    /// The names of the board's further programs that QEMU runs, in order: those with a file of what they print.
    pub fn programs(&self) -> Result<Vec<String>, Failure> {
        let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", self.folder.display()));
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let file = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
            names.extend(file.strip_suffix(".txt").filter(|name| *name != "golden").map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    /// Whether the package has this feature, and with it there is another image.
    pub fn has_image(&self, feature: &str) -> Result<bool, Failure> {
        let feature = format!("{feature} = ");
        Ok(read(&self.file("Cargo.toml"))?.lines().any(|line| line.starts_with(&feature)))
    }
}

/// The text of a file.
pub fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(Failure::at(path))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_board_is_a_folder_with_a_manifest_and_says_the_rest_by_its_files() {
        let folder = std::env::temp_dir().join(format!("xtask-boards-{}", std::process::id()));
        for (file, text) in [
            ("plain/Cargo.toml", "[package]\nname = \"plain\"\n"),
            ("both/Cargo.toml", "[features]\nweights-f32 = [\"token/weights-f32\"]\n"),
            ("both/qemu.args", "-machine m"),
            ("both/golden.txt", ""),
            ("both/faults.txt", ""),
            ("notes/README.md", ""),
        ] {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let boards = Board::below(&folder).ok().unwrap();
        let found: Vec<_> = boards
            .iter()
            .map(|board| {
                let float32 = board.has_image("weights-f32").ok().unwrap();
                (board.name.as_str(), float32, board.runs_in_qemu())
            })
            .collect();
        assert_eq!(found, [("both", true, true), ("plain", false, false)]);
        assert_eq!(boards[0].programs().ok().unwrap(), ["faults"]);
        assert!(boards[1].programs().ok().unwrap().is_empty());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn every_board_is_named_like_its_folder_and_qemu_runs_one() {
        let boards = Board::all().ok().unwrap();
        for board in &boards {
            let manifest = fs::read_to_string(board.file("Cargo.toml")).unwrap();
            assert!(manifest.contains(&format!("[package]\nname = \"{}\"\n", board.name)), "{}", board.name);
        }
        assert!(boards.iter().any(|board| board.runs_in_qemu()));
    }

    #[test]
    fn arguments_of_qemu_are_words_with_the_values_in_place() {
        let folder = std::env::temp_dir().join(format!("xtask-qemu-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("qemu.args"), "-kernel {firmware}\n-device file={model},addr=1 -serial {link}\n")
            .unwrap();
        let board = Board { name: "b".to_owned(), folder };
        let qemu = board.qemu(Path::new("a b"), Path::new("c"), "unix:d,server=on").ok().unwrap();
        let words = ["-kernel", "a b", "-device", "file=c,addr=1", "-serial", "unix:d,server=on"];
        assert!(qemu.get_args().eq(words));
        fs::remove_dir_all(&board.folder).unwrap();
    }
}
