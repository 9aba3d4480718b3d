//! Installing with a shell script in place of pip; its messages were copied from pip 23.2 and 26.3.

use super::*;
use tempfile::TempDir;

/// The digest of the text "library".
const LIBRARY: &str = "b718f1354f7247312eca086d9a024afe5fa717ddea5adeddd6f12bcf945b2e8c";

/// A wheel whose library is the text "library".
const WHEEL: Wheel = Wheel {
    package: "onnxruntime",
    flavour: Flavour::Cpu,
    machine: Machine { arch: "x86_64", system: "linux-gnu" },
    platform: "manylinux_2_28_x86_64",
    sha256: "f00d",
    megabytes: 1,
    libraries: &[("libonnxruntime.so.1.31.1", LIBRARY)],
};

/// Reads options as pip does, and unpacks a wheel whose library is `$LIBRARY`, by each system's name for it.
const UNPACK: &str = r#"
while [ $# -gt 0 ]; do
    case "$1" in --target) target=$2 ;; -r) requirements=$2 ;; --platform) platform=$2 ;; esac
    shift
done
grep -q '^onnxruntime==1.31.1 --hash=sha256:f00d$' "$requirements" || exit 9
mkdir -p "$target/onnxruntime/capi"
case $platform in
    manylinux_2_28_x86_64) name=libonnxruntime.so.1.31.1 ;;
    macosx_14_0_arm64) name=libonnxruntime.1.31.1.dylib ;;
    win_amd64) name=onnxruntime.dll ;;
esac
printf "$LIBRARY" > "$target/onnxruntime/capi/$name"
echo licence > "$target/onnxruntime/LICENSE"
echo notices > "$target/onnxruntime/ThirdPartyNotices.txt"
"#;

struct Setting {
    folder: TempDir,
}

impl Setting {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn destination(&self) -> PathBuf {
        self.folder.path().join("data/onnxruntime")
    }

    /// Runs an install with `script` as pip, through a shell: executing a file just written can fail.
    fn install(&self, script: &str) -> Result<PathBuf, RuntimeError> {
        self.install_wheel(&WHEEL, script)
    }

    fn install_wheel(&self, wheel: &Wheel, script: &str) -> Result<PathBuf, RuntimeError> {
        let file = self.folder.path().join("python3");
        fs::write(&file, script).unwrap();
        install_wheel(wheel, &self.destination(), &["sh", file.to_str().unwrap()], &mut |_| ())
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
    let setting = Setting::new();
    let library = setting.install(&unpack("library")).unwrap();
    assert_eq!(fs::read(&library).unwrap(), b"library");
    assert_eq!(library.parent().unwrap(), setting.destination());
    let expected = ["LICENSE", "ThirdPartyNotices.txt", "libonnxruntime.so.1.31.1"];
    assert_eq!(names(&setting.destination()), expected);
}

#[test]
fn wheels_for_macos_and_windows_are_unpacked_here_as_well() {
    let systems = [
        Wheel { platform: "macosx_14_0_arm64", libraries: &[("libonnxruntime.1.31.1.dylib", LIBRARY)], ..WHEEL },
        Wheel { platform: "win_amd64", libraries: &[("onnxruntime.dll", LIBRARY)], ..WHEEL },
    ];
    for wheel in systems {
        let setting = Setting::new();
        let library = setting.install_wheel(&wheel, &unpack("library")).unwrap();
        assert_eq!(library, setting.destination().join(wheel.library()));
        assert_eq!(fs::read(&library).unwrap(), b"library");
        assert_eq!(setting.install_wheel(&wheel, "exit 1").unwrap(), library);
    }
}

#[test]
fn an_intact_library_is_not_fetched_again() {
    let setting = Setting::new();
    let library = setting.install(&unpack("library")).unwrap();
    assert_eq!(setting.install("exit 1").unwrap(), library);
}

#[test]
fn a_damaged_library_is_replaced_and_other_files_stay() {
    let setting = Setting::new();
    fs::create_dir_all(setting.destination()).unwrap();
    fs::write(setting.destination().join("libonnxruntime.so.1.31.1"), b"librar").unwrap();
    fs::write(setting.destination().join("mine"), b"").unwrap();
    let library = setting.install(&unpack("library")).unwrap();
    assert_eq!(fs::read(&library).unwrap(), b"library");
    assert!(names(&setting.destination()).contains(&"mine".to_owned()));
}

#[test]
fn a_library_with_another_digest_is_not_installed() {
    let setting = Setting::new();
    let error = setting.install(&unpack("lobrary")).unwrap_err();
    assert!(matches!(error, RuntimeError::WrongDigest { .. }), "{error}");
    assert!(!setting.destination().exists());
}

#[test]
fn a_wheel_with_another_digest_is_refused() {
    let error = Setting::new().refusal(
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package \
         versions, please update the hashes.",
    );
    assert!(error.contains("the wheel of onnxruntime 1.31.1") && error.contains("SHA-256"), "{error}");
}

#[test]
fn an_index_without_the_wheel_says_how_to_see_which_it_is() {
    let error = Setting::new().refusal(
        "ERROR: Could not find a version that satisfies the requirement onnxruntime==1.31.1 (from versions: 1.15.0)\n\
         ERROR: No matching distribution found for onnxruntime==1.31.1",
    );
    assert!(error.contains("pip config list"), "{error}");
}

#[test]
fn a_missing_network_is_distinguished_from_a_missing_wheel() {
    let error = Setting::new().refusal(
        "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection \
         broken by 'NewConnectionError(Failed to establish a new connection: [Errno 111] Connection refused)'\n\
         ERROR: No matching distribution found for onnxruntime==1.31.1",
    );
    assert!(error.contains("could not reach") && error.contains("Connection refused"), "{error}");
}

#[test]
fn python_without_pip_says_what_to_install() {
    let error = Setting::new().refusal("/usr/bin/python3: No module named pip");
    assert!(error.contains("apt-get install python3-pip"), "{error}");
}

#[test]
fn another_failure_of_pip_is_reported_in_its_words() {
    let error = Setting::new().refusal("ERROR: [Errno 5] Input/output error");
    assert!(error.contains("[Errno 5] Input/output error"), "{error}");
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
fn a_full_disk_is_an_error_of_writing_in_the_folder() {
    let setting = Setting::new();
    let said = "Connection broken: OSError(28, 'No space left on device')";
    let text = setting.refusal(said);
    assert!(text.starts_with("cannot write in ") && text.contains("no storage space"), "{text}");
}
