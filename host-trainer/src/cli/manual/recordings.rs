//! Recordings: made, converted, looked at.

use super::{Manual, example};

pub const MANUALS: &[Manual] = &[
    Manual {
        command: "synth",
        examples: &[
            example("Recordings of 5 labels in 2 sessions, compressed", "neural-vault synth -o synthetic.csv.gz"),
            example(
                "Small ones, with little noise",
                "neural-vault synth --classes 4 --sessions 6 --timesteps 18 --features 64 --noise 0.5 -o small.csv",
            ),
        ],
        files: &[],
    },
    Manual {
        command: "convert",
        examples: &[
            example(
                "Long CSV to a labelled matrix that NumPy reads",
                "neural-vault convert recordings.csv.gz -o recordings.npz",
            ),
            example(
                "A BIDS folder of NIfTI scans, cleaned, to Parquet",
                "neural-vault convert bids --mask mask.nii.gz --detrend --zscore -o recordings.parquet",
            ),
        ],
        files: &[],
    },
    Manual {
        command: "inspect",
        examples: &[
            example("The labels, sessions and frames of recordings", "neural-vault inspect recordings.csv.gz"),
            example("A model's folder, and whether its files belong together", "neural-vault inspect model"),
            example("An enrolment, as JSON", "neural-vault inspect face.nve --json"),
        ],
        files: &[],
    },
];
