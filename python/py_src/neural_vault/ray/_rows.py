"""The rows of a file: one for each of its scans."""

from __future__ import annotations

import os
import stat
from typing import Any

import pyarrow as pa

from ..model import Model
from ..recordings import read
from ._options import LoadOptions
from ._paths import Source


def schema(latent: int) -> pa.Schema:
    """Return the columns of a table of embeddings."""
    return pa.schema(
        [
            ("path", pa.string()),
            ("label", pa.string()),
            ("session", pa.string()),
            ("frames", pa.int64()),
            ("embedding", pa.list_(pa.float32(), latent)),
            ("digest", pa.string()),
        ]
    )


def rows(source: Source, model: Model, window: int | None, options: LoadOptions, threads: int | None) -> pa.Table:
    """Read a file and embed its scans, in the order of label and session.

    Raises
    ------
    OSError
        The file cannot be read.
    ValueError
        It holds no recordings that the model can embed, or has a name that is no UTF-8.
    """
    # Reading a pipe would wait for ever.
    if not stat.S_ISREG(os.stat(source.path).st_mode):
        raise ValueError(f"{source.path}: not a regular file")
    source.path.encode()
    given: dict[str, Any] = {**options}
    label, session = given.pop("label", None), given.pop("session", None)
    recordings = read([(source.path, label, session, source.folder)], **given)
    embeddings = model.embed(recordings, window, threads=threads)
    columns = [
        [source.path] * len(recordings),
        recordings.scan_labels,
        recordings.scan_sessions,
        recordings.scan_frames,
        pa.FixedSizeListArray.from_arrays(pa.array(embeddings.ravel()), model.latent),
        [model.digest] * len(recordings),
    ]
    return pa.table(columns, schema=schema(model.latent))
