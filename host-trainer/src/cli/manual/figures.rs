//! Error rates: measured, compared, shown.

use super::{Manual, example, file};

pub const MANUALS: &[Manual] = &[
    Manual {
        command: "evaluate",
        examples: &[
            example(
                "A third of the sessions held back in turn, with a report",
                "neural-vault evaluate recordings.csv.gz --protocol folds --probe-windows 1,9 --report report.html",
            ),
            example(
                "Two protocols, results as JSON and every score as CSV",
                "neural-vault evaluate recordings.csv.gz --protocol in-sample --protocol blocks -o r.json --scores s.csv",
            ),
            example(
                "Persons that are enrolled after training",
                "neural-vault evaluate persons.npz --protocol unseen-persons --background others.npz --report p.html",
            ),
        ],
        files: &[],
    },
    Manual {
        command: "compare",
        examples: &[example(
            "Two results side by side, and as a page",
            "neural-vault compare whitened.json linear.json --report compare.html",
        )],
        files: &[],
    },
    Manual {
        command: "demo",
        examples: &[
            example("From a scan to a key, on real fMRI", "neural-vault demo"),
            example("In another folder, trained longer", "neural-vault demo --out try --steps 1000"),
        ],
        files: &[file("neural-vault-demo", "The folder of the model, the enrolments and the device secret")],
    },
];
