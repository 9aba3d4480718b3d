"""Parquet files of rows, which say in their metadata which recordings the rows are of."""

from __future__ import annotations

import json
import os
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ._paths import Source
from ._stamps import Stamp

_FILES = b"neural_vault.files"
"""Key of the metadata: an object in JSON, of each path the folder that it was found in and the stamps of what was read."""


def write(table: pa.Table, embedded: dict[Source, list[Stamp]], path: str) -> None:
    """Write rows and the files that they are of; they are on the disk when this returns."""
    files: dict[str, Any] = {source.path: [source.folder, stamps] for source, stamps in embedded.items()}
    table = table.replace_schema_metadata({_FILES: json.dumps(files)})
    with open(path, "wb") as file:
        pq.write_table(table, file)
        file.flush()
        os.fsync(file.fileno())


def files(path: str) -> dict[Source, list[Stamp]]:
    """Return the files that the rows of a Parquet file are of.

    Raises
    ------
    ValueError
        `embed` did not write it, or it is damaged.
    """
    try:
        metadata = pq.read_metadata(path).metadata or {}
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path}: damaged; remove it to embed its files again ({error})") from None
    if _FILES not in metadata:
        raise ValueError(f"{path}: not written by neural_vault.ray.embed")
    listed: dict[str, Any] = json.loads(metadata[_FILES])
    return {Source(name, folder): [Stamp(*stamp) for stamp in stamps] for name, (folder, stamps) in listed.items()}
