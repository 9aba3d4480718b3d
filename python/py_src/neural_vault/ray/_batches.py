"""Embedding as a step of a Ray Data pipeline."""

from __future__ import annotations

import os
from typing import Any, Unpack

import pyarrow as pa

from ..model import Model
from ..recordings import Path
from ._failures import Failure
from ._options import LoadOptions, everywhere
from ._paths import Source
from ._rows import rows, schema
from ._threads import threads


class Embed:
    """Embeds the files of a column `path`, as the class that `ray.data.Dataset.map_batches` takes.

    Each worker makes one object of it, and so loads the model once:

    >>> paths = ray.data.from_items([{"path": path} for path in paths])  # doctest: +SKIP
    >>> paths.map_batches(Embed, fn_constructor_args=["model"], batch_size=16, concurrency=2)  # doctest: +SKIP

    Parameters
    ----------
    model : path or Model
        A path must be one that every node sees; a model in memory is sent to the workers.
    window : int, optional
        Frames a window; the model's own when not given.
    **options
        How files are read: the options of `neural_vault.load`.
    """

    def __init__(self, model: Path | Model, window: int | None = None, **options: Unpack[LoadOptions]) -> None:
        self._options = everywhere(options)
        self._window = window
        self._threads = threads()
        self._model = model if isinstance(model, Model) else Model.load(model)

    def __call__(self, batch: Any) -> pa.Table:
        """Embed the files of a batch.

        Parameters
        ----------
        batch : dict of arrays, pandas.DataFrame or pyarrow.Table
            Has a column `path`; others are dropped.

        Returns
        -------
        pyarrow.Table
            A row a scan: `path`, `label`, `session`, `frames`, `embedding` (latent float32), `digest` of the model, and
            `error`. A file that cannot be embedded has one row, in which only `path` and `error` are not null.
        """
        paths = batch["path"]
        paths = paths.to_pylist() if isinstance(paths, (pa.Array, pa.ChunkedArray)) else list(paths)
        tables = [self._rows(os.path.abspath(os.fspath(path))) for path in paths]
        return pa.concat_tables(tables) if tables else self._schema().empty_table()

    def _rows(self, path: str) -> pa.Table:
        try:
            table = rows(Source(path, None), self._model, self._window, self._options, self._threads)
        except Exception as error:  # noqa: BLE001
            failure = Failure.of(path, error)
            row = {"path": path, "error": f"{failure.exception}: {failure.message}"}
            return pa.Table.from_pylist([row], schema=self._schema())
        return table.append_column("error", pa.nulls(len(table), pa.string()))

    def _schema(self) -> pa.Schema:
        return schema(self._model.latent).append(pa.field("error", pa.string()))
