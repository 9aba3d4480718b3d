"""The work of one task of Ray: the rows of several files, written to one Parquet file."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, field

import pyarrow as pa
import ray

from ..model import Model
from ._failures import Failure
from ._options import LoadOptions
from ._parquet import write
from ._paths import Source
from ._rows import rows
from ._stamps import Stamp, stamps
from ._threads import threads

_model: Model | None = None
"""The model of this worker."""


@dataclass(frozen=True)
class Job:
    """What all tasks of a run share."""

    model: ray.ObjectRef[Model]
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
                if not all(stamp.is_current() for stamp in before):
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


def _loaded(job: Job) -> Model:
    """Return the model of a job, which a worker fetches once."""
    global _model
    if _model is None or _model.digest != job.digest:
        _model = ray.get(job.model)
    return _model
