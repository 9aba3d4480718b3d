//! Installing with a shell script in place of pip; its messages were copied from pip 23.2 and 26.3.

use super::*;
use tempfile::TempDir;

/// A wheel whose library is the text "library".
const WHEEL: Wheel = Wheel {
    package: "onnxruntime",
    flavour: Flavour::Cpu,
    arch: "x86_64",
    sha256: "f00d",
    megabytes: 1,
    libraries: &[("libonnxruntime.so.1.31.1", "b718f1354f7247312eca086d9a024afe5fa717ddea5adeddd6f12bcf945b2e8c")],
};

/// Reads `--target` and `-r` as pip does, and unpacks a wheel whose library is `$LIBRARY`.
const UNPACK: &str = r#"
while [ $# -gt 0 ]; do
    case "$1" in --target) target=$2 ;; -r) requirements=$2 ;; esac
    shift
done
grep -q '^onnxruntime==1.31.1 --hash=sha256:f00d$' "$requirements" || exit 9
mkdir -p "$target/onnxruntime/capi"
printf "$LIBRARY" > "$target/onnxruntime/capi/libonnxruntime.so.1.31.1"
echo licence > "$target/onnxruntime/LICENSE"
echo notices > "$target/onnxruntime/ThirdPartyNotices.txt"
"#;

struct Machine {
    folder: TempDir,
}

impl Machine {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn destination(&self) -> PathBuf {
        self.folder.path().join("data/onnxruntime")
    }

    /// Runs an install with `script` as pip, through a shell: executing a file just written can fail.
    fn install(&self, script: &str) -> Result<PathBuf, RuntimeError> {
        let file = self.folder.path().join("python3");
        fs::write(&file, script).unwrap();
        install_wheel(&WHEEL, &self.destination(), &["sh", file.to_str().unwrap()], &mut |_| ())
    }

    /// Runs an install in which pip fails with the message `said`, and returns our message.
    fn refusal(&self, said: &str) -> String {
        let error = self.install(&format!("cat >&2 <<'END'\n{said}\nEND\nexit 1\n")).unwrap_err();
        assert!(!self.destination().exists(), "left something behind");
        error.to_string()
    }
}

fn unpack(library: &str) -> String {
    format!("LIBRARY={library}\n{UNPACK}")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn installs_the_library_and_its_licences_and_nothing_else() {
    let machine = Machine::new();
    let library = machine.install(&unpack("library")).unwrap();
    assert_eq!(fs::read(&library).unwrap(), b"library");
    assert_eq!(library.parent().unwrap(), machine.destination());
    let expected = ["LICENSE", "ThirdPartyNotices.txt", "libonnxruntime.so.1.31.1"];
    assert_eq!(names(&machine.destination()), expected);
}

#[test]
fn an_intact_library_is_not_fetched_again() {
    let machine = Machine::new();
    let library = machine.install(&unpack("library")).unwrap();
    assert_eq!(machine.install("exit 1").unwrap(), library);
}

#[test]
fn a_damaged_library_is_replaced_and_other_files_stay() {
    let machine = Machine::new();
    fs::create_dir_all(machine.destination()).unwrap();
    fs::write(machine.destination().join("libonnxruntime.so.1.31.1"), b"librar").unwrap();
    fs::write(machine.destination().join("mine"), b"").unwrap();
    let library = machine.install(&unpack("library")).unwrap();
    assert_eq!(fs::read(&library).unwrap(), b"library");
    assert!(names(&machine.destination()).contains(&"mine".to_owned()));
}

#[test]
fn a_library_with_another_digest_is_not_installed() {
    let machine = Machine::new();
    let error = machine.install(&unpack("lobrary")).unwrap_err();
    assert!(matches!(error, RuntimeError::WrongDigest { .. }), "{error}");
    assert!(!machine.destination().exists());
}

#[test]
fn a_wheel_with_another_digest_is_refused() {
    let error = Machine::new().refusal(
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package \
         versions, please update the hashes.",
    );
    assert!(error.contains("the wheel of onnxruntime 1.31.1") && error.contains("SHA-256"), "{error}");
}

#[test]
fn an_index_without_the_wheel_says_how_to_see_which_it_is() {
    let error = Machine::new().refusal(
        "ERROR: Could not find a version that satisfies the requirement onnxruntime==1.31.1 (from versions: 1.15.0)\n\
         ERROR: No matching distribution found for onnxruntime==1.31.1",
    );
    assert!(error.contains("pip config list"), "{error}");
}

#[test]
fn a_missing_network_is_distinguished_from_a_missing_wheel() {
    let error = Machine::new().refusal(
        "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection \
         broken by 'NewConnectionError(Failed to establish a new connection: [Errno 111] Connection refused)'\n\
         ERROR: No matching distribution found for onnxruntime==1.31.1",
    );
    assert!(error.contains("could not reach") && error.contains("Connection refused"), "{error}");
}

#[test]
fn python_without_pip_says_what_to_install() {
    let error = Machine::new().refusal("/usr/bin/python3: No module named pip");
    assert!(error.contains("apt-get install python3-pip"), "{error}");
}

#[test]
fn another_failure_of_pip_is_reported_in_its_words() {
    let error = Machine::new().refusal("ERROR: [Errno 28] No space left on device");
    assert!(error.contains("No space left on device"), "{error}");
}

#[test]
fn a_machine_without_python_says_what_to_install() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("python3");
    let python = [missing.to_str().unwrap()];
    let error = install_wheel(&WHEEL, &folder.path().join("to"), &python, &mut |_| ()).unwrap_err();
    assert!(matches!(error, RuntimeError::NoPython), "{error}");
}

#[test]
fn a_place_that_cannot_be_a_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = install_wheel(&WHEEL, &file.join("to"), &["sh"], &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains(&file.display().to_string()) && error.contains("choose another folder"), "{error}");
}

#[test]
fn a_machine_without_a_wheel_is_named() {
    for (flavour, arch, system) in [
        (Flavour::Cuda, "aarch64", "linux-gnu"),
        (Flavour::Cpu, "x86_64", "macos"),
        (Flavour::Cpu, "riscv64", "linux-gnu"),
    ] {
        let error = wheel_for(flavour, arch, system).err().unwrap().to_string();
        assert!(error.contains(arch) && error.contains("NEURAL_VAULT_ONNXRUNTIME"), "{error}");
    }
}
