//! Enrolments: made, verified, searched, and the keys of them.

use super::{Manual, example, file};

pub const MANUALS: &[Manual] = &[
    Manual {
        command: "enroll",
        examples: &[
            example(
                "One label, from a session that did not train the model",
                "neural-vault enroll recordings.csv.gz --model model --label face --sessions run04 -o face.nve",
            ),
            example(
                "Every label at once, each into a file of its own in a folder",
                "neural-vault enroll recordings.csv.gz --model model --all --sessions run04 -o enrolled",
            ),
            example(
                "Labels that the model never saw, by training it again with them",
                "neural-vault enroll new.csv.gz --model model --labels ada,ben --refit model2 -o enrolled",
            ),
            example(
                "A person, with a connectome model",
                "neural-vault enroll persons.npz --model connectome --label ada -o ada.nve",
            ),
        ],
        files: &[
            file("R.nve", "The enrolment; its prototype is sensitive, so only its owner can read it"),
            file(
                "DIR/LABEL.nve",
                "With `--all` or `--labels`. Characters of a label that not every file system takes become `_`, and a \
                 part of the label's SHA-256 is added to such names",
            ),
            file("training.safetensors", "The training archive in the model's folder, which `--refit` needs"),
        ],
    },
    Manual {
        command: "verify",
        examples: &[
            example(
                "Is this scan the enrolled label's? The exit code says so",
                "neural-vault verify recordings.csv.gz --model model --enrolment face.nve --label face --session run05",
            ),
            example(
                "A scan of its own file, and the key if it is accepted",
                "neural-vault verify probe.csv --model model --enrolment face.nve --derive --device-secret secret",
            ),
        ],
        files: &[file("R.nve.attempts", "The attempts that are left, beside the enrolment; `--derive` counts them")],
    },
    Manual {
        command: "gallery",
        examples: &[
            example("All enrolments of a folder", "neural-vault gallery enrolled -o all.nvg"),
            example(
                "Two of them, a quarter of the size",
                "neural-vault gallery enrolled/face.nve enrolled/house.nve --format i8 -o two.nvg",
            ),
        ],
        files: &[file(
            "DIR/*.nve",
            "The enrolments of a folder, in the order of their names; other files are left out",
        )],
    },
    Manual {
        command: "identify",
        examples: &[example(
            "Whose scan is this?",
            "neural-vault identify recordings.csv.gz --model model --gallery all.nvg --label house --session run05",
        )],
        files: &[],
    },
    Manual {
        command: "derive",
        examples: &[
            example(
                "The key of an enrolment, without a scan",
                "neural-vault derive --enrolment face.nve --device-secret secret",
            ),
            example(
                "By the reference's scheme, of embeddings",
                "neural-vault derive --embedding embeddings.npy --scheme v1",
            ),
        ],
        files: &[],
    },
    Manual {
        command: "secret",
        examples: &[example("A device secret, once", "neural-vault secret -o secret")],
        files: &[],
    },
];
