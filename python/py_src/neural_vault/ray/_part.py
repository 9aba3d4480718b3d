"""The work that one task of Ray does: the rows of several files, written to one Parquet file."""

from __future__ import annotations

import json
import os
import time
import warnings
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import ray

from ..model import Model
from ._failures import Failure
from ._options import LoadOptions
from ._paths import Source
from ._rows import rows
from ._stamps import Stamp, stamps
from ._threads import threads

FILES = b"neural_vault.files"
"""Key of a Parquet file's metadata: which files its rows are of, as `Embedded` in JSON by path."""

_model: Model | None = None
"""The model of this worker."""


@dataclass(frozen=True)
class Job:
    """What all tasks of a run share."""

    model: str | ray.ObjectRef[Model]
    """Its path, or the model itself where the caller has it in memory."""
    digest: str
    window: int
    options: LoadOptions


@dataclass
class Part:
    """What a task did."""

    embedded: int = 0
    """Files."""
    scans: int = 0
    """Rows."""
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Warnings about the files."""
    left: list[Source] = field(default_factory=list)
    """Files that the time did not suffice for."""


def embed_part(job: Job, batch: list[Source], seconds: float, path: str) -> Part:
    """Embed files and write their rows to `path`, unless there are none; begin no other file after `seconds`."""
    began = time.monotonic()
    cpus, model = threads(), _loaded(job)
    part = Part()
    embedded: dict[Source, list[Stamp]] = {}
    tables: list[pa.Table] = []
    for number, source in enumerate(batch):
        if number and time.monotonic() - began > seconds:
            part.left = batch[number:]
            break
        with warnings.catch_warnings(record=True) as notes:
            warnings.simplefilter("always")
            try:
                before = stamps(source, job.options)
                table = rows(source, model, job.window, job.options, cpus)
                if stamps(source, job.options) != before:
                    raise OSError(f"{source.path}: was written while it was read")
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # noqa: BLE001 (a panic of the native module is no Exception)
                part.failures.append(Failure.of(source.path, error))
                continue
        part.notes.extend(str(note.message) for note in notes)
        embedded[source] = before
        tables.append(table)
    if tables:
        write(pa.concat_tables(tables), embedded, path)
        part.embedded, part.scans = len(embedded), sum(map(len, tables))
    return part


def write(table: pa.Table, embedded: dict[Source, list[Stamp]], path: str) -> None:
    """Write rows and the files that they are of; they are on the disk when this returns."""
    files: dict[str, Any] = {source.path: [source.folder, stamps] for source, stamps in embedded.items()}
    table = table.replace_schema_metadata({FILES: json.dumps(files)})
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
    if FILES not in metadata:
        raise ValueError(f"{path}: not written by neural_vault.ray.embed")
    listed: dict[str, Any] = json.loads(metadata[FILES])
    return {Source(name, folder): [Stamp(*stamp) for stamp in stamps] for name, (folder, stamps) in listed.items()}


def _loaded(job: Job) -> Model:
    """Return the model of a job, which a worker loads once."""
    global _model
    if _model is None or _model.digest != job.digest:
        _model = Model.load(job.model) if isinstance(job.model, str) else ray.get(job.model)
        if _model.digest != job.digest:
            raise ValueError(f"{job.model}: another model on this node: {_model.digest}, not {job.digest}")
    return _model
