//! The commands of a token.

use super::{Manual, example, file};

pub const MANUALS: &[Manual] = &[
    Manual {
        command: "token",
        examples: &[
            example("Which serial ports are there", "neural-vault token list"),
            example("What a token is and holds", "neural-vault token info --port /dev/ttyACM0"),
            example("The same of a simulated token", "neural-vault token info --port unix:token.sock"),
        ],
        files: &[],
    },
    Manual { command: "token list", examples: &[example("The serial ports", "neural-vault token list")], files: &[] },
    Manual {
        command: "token info",
        examples: &[
            example("Board, model and state", "neural-vault token info --port /dev/ttyACM0"),
            example(
                "With the slots, for the administrator",
                "neural-vault token info --admin-key admin --token-key token.key --port /dev/ttyACM0",
            ),
        ],
        files: &[],
    },
    Manual {
        command: "token self-test",
        examples: &[example("Test the parts of a token", "neural-vault token self-test --port /dev/ttyACM0")],
        files: &[],
    },
    Manual {
        command: "token pin",
        examples: &[example(
            "Write a token's public key, and compare the fingerprint that is printed with the token's",
            "neural-vault token pin --port /dev/ttyACM0 -o token.key",
        )],
        files: &[],
    },
    Manual {
        command: "token provision",
        examples: &[
            example(
                "A blank token that draws its own device secret",
                "neural-vault token provision --model model/model.i8i16.p9.nvb --admin-key admin --generate \
                 --token-key token.key --port /dev/ttyACM0",
            ),
            example(
                "One with a device secret of yours, whose keys may leave it",
                "neural-vault token provision --model model --admin-key admin --device-secret secret --allow-export \
                 --token-key token.key --port /dev/ttyACM0",
            ),
        ],
        files: &[file(
            "admin, token.key",
            "The administrator's key and the token's public key: written where they are not there",
        )],
    },
    Manual {
        command: "token enroll",
        examples: &[
            example(
                "Enrol with the threshold of an enrolment on this machine",
                "neural-vault token enroll recordings.csv.gz --enrolment face.nve --admin-key admin \
                 --token-key token.key --port /dev/ttyACM0",
            ),
            example(
                "The same, with a key to check challenges",
                "neural-vault token enroll recordings.csv.gz --enrolment face.nve \
                 --challenge-key face.challenge --admin-key admin --port /dev/ttyACM0",
            ),
        ],
        files: &[],
    },
    Manual {
        command: "token verify",
        examples: &[example(
            "Does the token accept this scan?",
            "neural-vault token verify probe.csv --token-key token.key --port /dev/ttyACM0",
        )],
        files: &[],
    },
    Manual {
        command: "token challenge",
        examples: &[example(
            "Let it prove that it accepted a scan; its key stays inside",
            "neural-vault token challenge probe.csv --check face.challenge --token-key token.key --port /dev/ttyACM0",
        )],
        files: &[],
    },
    Manual {
        command: "token export-key",
        examples: &[example(
            "The key of an accepted scan, for one use",
            "neural-vault token export-key probe.csv --context disk --token-key token.key --port /dev/ttyACM0 -o key",
        )],
        files: &[],
    },
    Manual {
        command: "token rotate",
        examples: &[example(
            "New keys for slot 1",
            "neural-vault token rotate --slot 1 --admin-key admin --token-key token.key --port /dev/ttyACM0",
        )],
        files: &[],
    },
    Manual {
        command: "token reset-attempts",
        examples: &[example(
            "Let a locked token be tried again",
            "neural-vault token reset-attempts --admin-key admin --token-key token.key --port /dev/ttyACM0",
        )],
        files: &[],
    },
    Manual {
        command: "token set-policy",
        examples: &[example(
            "No key leaves the token any more",
            "neural-vault token set-policy --allow-export false --admin-key admin --token-key token.key --port /dev/ttyACM0",
        )],
        files: &[],
    },
    Manual {
        command: "token revoke",
        examples: &[example(
            "Empty slot 1",
            "neural-vault token revoke --slot 1 --admin-key admin --token-key token.key --port /dev/ttyACM0",
        )],
        files: &[],
    },
    Manual {
        command: "token wipe",
        examples: &[example(
            "Make a token blank",
            "neural-vault token wipe --admin-key admin --token-key token.key --port /dev/ttyACM0",
        )],
        files: &[],
    },
];
