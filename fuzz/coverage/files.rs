//! The files that each target is for: what reads, checks and keeps its input.

/// Targets, and their files by their paths in the project.
pub const FILES: &[(&str, &[&str])] = &[
    ("archive", &["host-trainer/src/training/archive.rs", "host-trainer/src/connectome/parcels.rs"]),
    ("bin", &["host-trainer/src/dataset/readers/bin.rs", "host-trainer/src/dataset/readers/segments.rs"]),
    (
        "bundle",
        &[
            "core/src/bundle/mod.rs",
            "core/src/bundle/header.rs",
            "core/src/bundle/layout.rs",
            "core/src/bundle/values.rs",
            "core/src/bundle/weights.rs",
            "core/src/bundle/write.rs",
        ],
    ),
    ("checkpoint", &["host-trainer/src/training/checkpoint.rs"]),
    (
        "csv",
        &[
            "host-trainer/src/dataset/readers/csv.rs",
            "host-trainer/src/dataset/readers/csv/cells.rs",
            "host-trainer/src/dataset/readers/csv/columns.rs",
            "host-trainer/src/dataset/readers/csv/dialect.rs",
            "host-trainer/src/dataset/readers/csv/records.rs",
            "host-trainer/src/dataset/readers/csv/text.rs",
            "host-trainer/src/dataset/readers/gzip.rs",
            "host-trainer/src/dataset/pivot.rs",
        ],
    ),
    ("enrolment", &["host-trainer/src/enrolment/record.rs"]),
    ("gallery", &["core/src/identify/file.rs", "core/src/identify/mod.rs", "core/src/identify/write.rs"]),
    (
        "gifti",
        &[
            "host-trainer/src/dataset/readers/gifti.rs",
            "host-trainer/src/dataset/gifti/mod.rs",
            "host-trainer/src/dataset/gifti/data_array.rs",
            "host-trainer/src/dataset/gifti/decode.rs",
        ],
    ),
    (
        "import",
        &[
            "host-trainer/src/model/import/mod.rs",
            "host-trainer/src/model/import/connectome.rs",
            "host-trainer/src/model/import/metadata.rs",
            "host-trainer/src/model/import/names.rs",
            "host-trainer/src/model/import/values.rs",
            "host-trainer/src/model/assemble.rs",
        ],
    ),
    (
        "model",
        &["host-trainer/src/model/onnx.rs", "host-trainer/src/model/safetensors.rs", "host-trainer/src/model/load.rs"],
    ),
    (
        "nifti",
        &[
            "host-trainer/src/dataset/readers/nifti.rs",
            "host-trainer/src/dataset/nifti/mod.rs",
            "host-trainer/src/dataset/nifti/affine.rs",
            "host-trainer/src/dataset/nifti/fields.rs",
            "host-trainer/src/dataset/nifti/header.rs",
        ],
    ),
    (
        "npy",
        &[
            "host-trainer/src/dataset/readers/npy.rs",
            "host-trainer/src/dataset/readers/npz.rs",
            "host-trainer/src/dataset/npy.rs",
            "host-trainer/src/dataset/npy/archive.rs",
            "host-trainer/src/dataset/npy/array.rs",
            "host-trainer/src/dataset/npy/header.rs",
            "host-trainer/src/dataset/npy/text.rs",
            "host-trainer/src/dataset/npy/values.rs",
        ],
    ),
    (
        "parquet",
        &[
            "host-trainer/src/dataset/readers/parquet.rs",
            "host-trainer/src/dataset/parquet/mod.rs",
            "host-trainer/src/dataset/parquet/column.rs",
            "host-trainer/src/dataset/parquet/decode.rs",
            "host-trainer/src/dataset/parquet/pages.rs",
        ],
    ),
    ("session", &["session/src/handshake.rs", "session/src/keys.rs", "session/src/session.rs", "session/src/suite.rs"]),
    (
        "store",
        &[
            "firmware-example/src/form.rs",
            "firmware-example/src/log.rs",
            "firmware-example/src/record.rs",
            "firmware-example/src/records.rs",
            "firmware-example/src/seal.rs",
            "firmware-example/src/snapshot.rs",
            "firmware-example/src/store.rs",
            "firmware-example/src/vault.rs",
        ],
    ),
    (
        "token",
        &[
            "firmware-example/src/admin.rs",
            "firmware-example/src/answers.rs",
            "firmware-example/src/attempts.rs",
            "firmware-example/src/consent.rs",
            "firmware-example/src/dispatch.rs",
            "firmware-example/src/link.rs",
            "firmware-example/src/machine.rs",
            "firmware-example/src/policy.rs",
            "firmware-example/src/prototypes.rs",
            "firmware-example/src/release.rs",
            "firmware-example/src/scan.rs",
            "firmware-example/src/scanner.rs",
            "firmware-example/src/session.rs",
        ],
    ),
    ("wire", &["core/src/wire/cobs.rs", "core/src/wire/frame.rs"]),
];
