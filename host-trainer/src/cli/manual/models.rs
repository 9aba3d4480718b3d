//! Models: trained, imported, exported, run.

use super::{File, Manual, example, file};

const MODEL: [File; 3] = [
    file("model.safetensors", "The weights, with the model's window, recipe, labels and sessions"),
    file("model.onnx", "The same for ONNX Runtime and others, with the standardiser inside"),
    file("model.nvb", "The bundle: what a token and this program's own encoder read"),
];

const ARCHIVE: File = file(
    "training.safetensors",
    "The training archive: the raw recordings and the recipe, by which `enroll --refit` makes the model again and \
     `export` calibrates it. It holds every raw scan: do not share it with the model; `train --no-archive` writes none",
);

pub const MANUALS: &[Manual] = &[
    Manual {
        command: "train",
        examples: &[
            example(
                "Train on four sessions, and score the others",
                "neural-vault train recordings.csv.gz --sessions run00,run01,run02,run03 --out model",
            ),
            example(
                "The same for a folder that is shared, without the archive of the raw recordings",
                "neural-vault train recordings.csv.gz --sessions run00,run01,run02,run03 --no-archive --out shared",
            ),
            example(
                "A model for labels that are enrolled later with `enroll --frozen`",
                "neural-vault train recordings.csv.gz --recipe linear --open-set --sessions run00,run01 --out linear",
            ),
            example(
                "A model for persons that are enrolled later, fitted to others",
                "neural-vault train others.npz --recipe connectome --out connectome",
            ),
        ],
        files: &[
            MODEL[0],
            MODEL[1],
            MODEL[2],
            ARCHIVE,
            file("train.jsonl", "The loss of each step, a line of JSON a step"),
            file("checkpoint.safetensors", "The state of a run that is not finished; `--resume` goes on from it"),
        ],
    },
    Manual {
        command: "import",
        examples: &[
            example(
                "A PyTorch state_dict with 8 attention heads",
                "neural-vault import weights.safetensors --heads 8 --out imported",
            ),
            example(
                "The same without the weights of a loss, standardised by its training recordings",
                "neural-vault import weights.safetensors --skip loss --standardise recordings.csv.gz --out imported",
            ),
        ],
        files: &MODEL,
    },
    Manual {
        command: "export",
        examples: &[
            example(
                "For a token, windows of up to 9 frames, calibrated by the training archive",
                "neural-vault export model --weights i8i16 --positions 9",
            ),
            example(
                "The same by recordings, for a model without an archive",
                "neural-vault export model --weights i8 --data recordings.csv.gz",
            ),
            example("The ONNX file and the bundle again", "neural-vault export model --force"),
        ],
        files: &[
            file("model.onnx, model.nvb", "What is written without options"),
            file("model.FORMAT.pN.nvb", "The bundle in another weight format, for windows of up to N frames"),
            file("training.safetensors", "The training archive, whose recordings calibrate i8 and i8i16"),
        ],
    },
    Manual {
        command: "embed",
        examples: &[
            example(
                "One vector a scan, for NumPy",
                "neural-vault embed recordings.csv.gz --model model -o embeddings.npy",
            ),
            example(
                "The difference between the engines on these recordings",
                "neural-vault embed recordings.csv.gz --model model --compare",
            ),
        ],
        files: &[],
    },
    Manual {
        command: "runtime",
        examples: &[example("Which engines are there", "neural-vault runtime status")],
        files: &[],
    },
    Manual {
        command: "runtime status",
        examples: &[example("The engines, as JSON", "neural-vault runtime status --json")],
        files: &[],
    },
    Manual {
        command: "runtime install",
        examples: &[
            example("ONNX Runtime for this user", "neural-vault runtime install"),
            example("In a folder of your own", "neural-vault runtime install --folder onnxruntime"),
        ],
        files: &[],
    },
];
