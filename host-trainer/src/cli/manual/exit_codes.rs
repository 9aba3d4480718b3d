//! The exit codes of all commands.

/// Each exit code with what it says.
pub const EXIT_CODES: [(u8, &str); 9] = [
    (0, "done or accepted"),
    (1, "rejected, by verification or identification"),
    (2, "usage"),
    (3, "bad input data"),
    (4, "bad or mismatched model, bundle, checkpoint or enrolment"),
    (5, "engine not available"),
    (6, "token or transport"),
    (7, "a result could not be written"),
    (130, "stopped by Ctrl-C"),
];

/// All of them in one paragraph.
pub fn exit_codes() -> String {
    let codes = EXIT_CODES.map(|(code, what)| format!("{code} {what}"));
    format!("Exit codes: {}.", codes.join("; "))
}
