//! `secret`, and the files that are refused as secrets wherever one is read.

use super::folder::Folder;
use super::samples::secret;

#[test]
fn a_secret_is_made_for_its_owner_only_and_never_printed_unless_asked() {
    let folder = Folder::with_enrolment();
    let run = folder.does(&["secret", "-o", "secret"]);
    let digits = String::from_utf8(folder.read("secret")).unwrap();
    assert!(digits.len() == 65 && digits.trim_end().bytes().all(|digit| digit.is_ascii_hexdigit()), "{digits}");
    assert!(!(run.stdout + &run.stderr).contains(&digits[..16]));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path("secret")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let json = folder.does(&["secret", "-o", "other", "--json"]).json();
    assert_eq!((&json["file"], &json["bits"]), (&"other".into(), &256.into()));
    assert_ne!(folder.read("other"), folder.read("secret"));
    let printed = folder.does(&["secret", "-o", "-"]).stdout;
    assert_eq!(printed.len(), 65);
    assert_eq!(folder.does(&["secret", "-o", "-", "--json"]).json()["secret"].as_str().unwrap().len(), 64);
    for name in ["secret", "other"] {
        let run = folder.does(&["derive", "--enrolment", "class00.nve", "--device-secret", name]);
        assert!(!run.stderr.contains("warning"), "{}", run.stderr);
    }
}

#[test]
fn half_a_secret_a_passphrase_and_a_placeholder_are_refused_by_every_reader() {
    let folder = Folder::with_enrolment();
    folder.write("half", "8f1d3c0a77e2b95446d0a1fe5b832c69");
    folder.write("passphrase", "correct horse battery staple 123");
    folder.write("zeros", [0; 32]);
    folder.write("pattern", "0123456789abcdef".repeat(4));
    folder.write("long", [1; 33]);
    folder.write("sound", secret(1));
    folder.write("token.key", "5a".repeat(32));
    for (file, says) in [
        ("half", "128 bits"),
        ("passphrase", "a passphrase"),
        ("zeros", "all its bytes are equal"),
        ("pattern", "follow a pattern"),
        ("long", "32 bytes, or 64 hexadecimal digits"),
    ] {
        let verify = ["verify", "data.csv", "--model", "model", "--enrolment", "class00.nve", "--derive"];
        let token = ["--port", "unix:absent", "--token-key", "token.key"];
        let provision = [&["token", "provision", "--model", "model"], &token[..]].concat();
        for arguments in [
            &["derive", "--enrolment", "class00.nve", "--device-secret", file][..],
            &[&verify[..], &["--device-secret", file]].concat(),
            &["export", "model", "--force", "--provisioning-key", file],
            &["inspect", "model/model.nvb", "--provisioning-key", file],
            &[&provision[..], &["--admin-key", "sound", "--device-secret", file]].concat(),
            &[&["token", "rotate", "--admin-key", file], &token[..]].concat(),
            &[&["token", "challenge", "data.csv", "--check", file], &token[..]].concat(),
        ] {
            folder.refuses(arguments, 2, &[&format!("{file}: "), says, "`neural-vault secret -o FILE`"]);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_secret_that_others_can_read_is_warned_of_by_every_reader() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::with_enrolment();
    folder.write("secret", secret(2));
    let verify = ["verify", "data.csv", "--model", "model", "--enrolment", "class00.nve", "--session", "run02"];
    for arguments in [
        &["derive", "--enrolment", "class00.nve", "--device-secret", "secret"][..],
        &[&verify[..], &["--label", "class00", "--derive", "--device-secret", "secret"]].concat(),
        &["export", "model", "--force", "--provisioning-key", "secret"],
        &["inspect", "model/model.nvb", "--provisioning-key", "secret"],
        &["inspect", "secret"],
    ] {
        for (mode, warned) in [(0o600, false), (0o640, true), (0o604, true)] {
            std::fs::set_permissions(folder.path("secret"), std::fs::Permissions::from_mode(mode)).unwrap();
            let said = folder.does(arguments).stderr;
            let warning = "warning: secret is open to others than its owner; `chmod 600` it";
            assert_eq!(said.contains(warning), warned, "{mode:o}: {said}");
        }
    }
}
