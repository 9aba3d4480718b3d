"""The folder that embeddings are written to.

| file | holds |
|---|---|
| `part-*.parquet` | rows of several files, and in its metadata which files these are and how they were when read |
| `_embeddings.json` | model, window and options of all rows |
| `_failures.csv` | the files of the last run that could not be embedded, and why |
| `_unfinished/` | parts that workers write; moved out of it by the run that asked for them |
| `_lock` | locked by the run that writes to the folder |

Readers of Parquet folders pass over names that begin with `_`. A part comes into being by renaming, so it is there as a
whole or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from typing import Any, Self

import filelock
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ._parquet import files, write
from ._paths import Source
from ._stamps import Stamp

SCHEMA = "neural-vault/ray-embeddings/1"
_SETTINGS, _FAILURES, _UNFINISHED, _LOCK = "_embeddings.json", "_failures.csv", "_unfinished", "_lock"


class Output:
    """An output folder, which this process alone writes to until it is closed."""

    def __init__(self, folder: str, settings: dict[str, Any], *, overwrite: bool) -> None:
        """Open or make the folder.

        Parameters
        ----------
        folder : str
            An absolute path.
        settings : dict
            What decides about the rows, as JSON can hold it. All rows in a folder have the same.
        overwrite : bool
            Whether all that earlier runs wrote is removed.

        Raises
        ------
        ValueError
            The folder holds embeddings of other settings, and `overwrite` is false.
        OSError
            The folder holds other files, or another run writes to it.
        """
        settings = {"schema": SCHEMA, **settings}
        self.folder = folder
        self._run = uuid.uuid4().hex[:8]
        self._unfinished = os.path.join(folder, _UNFINISHED, self._run)
        os.makedirs(folder, exist_ok=True)
        _check_folder(folder)
        self._lock = filelock.FileLock(os.path.join(folder, _LOCK))
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            raise BlockingIOError(f"{folder}: another run writes to this folder") from None
        try:
            self._prepare(settings, overwrite)
        except BaseException:
            self._lock.release()
            raise

    @property
    def failures(self) -> str:
        """The path of the list of failures."""
        return os.path.join(self.folder, _FAILURES)

    def unfinished(self, first: int) -> str:
        """Return where a worker is to write a part; `first` is the number of its first file."""
        return os.path.join(self._unfinished, f"part-{first:08}-{self._run}-{uuid.uuid4().hex[:8]}.parquet")

    def commit(self, part: str) -> None:
        """Make an unfinished part a part of the output.

        Raises
        ------
        FileNotFoundError
            The worker that wrote it writes to another file system.
        """
        try:
            os.rename(part, os.path.join(self.folder, os.path.basename(part)))
        except FileNotFoundError as error:
            text = f"{part}: a worker wrote it, and it is not here; out must be on a file system that all nodes share"
            raise FileNotFoundError(error.errno, text) from None

    def missing(self, wanted: list[Source]) -> list[Source]:
        """Return those of `wanted` that have no rows here, after removing rows of files that have changed since."""
        left = {source.path: source for source in wanted}
        for name in sorted(os.listdir(self.folder)):
            if not _is_part(name):
                continue
            path = os.path.join(self.folder, name)
            there = files(path)
            kept: dict[Source, list[Stamp]] = {}
            for source, stamps in there.items():
                source_wanted = left.get(source.path)
                if source_wanted is None:
                    kept[source] = stamps
                elif source == source_wanted and all(stamp.is_current() for stamp in stamps):
                    kept[source] = stamps
                    del left[source.path]
            if len(kept) < len(there):
                self._keep(path, kept)
        return sorted(left.values())

    def close(self) -> None:
        """Remove what is unfinished, and let others write to the folder."""
        shutil.rmtree(self._unfinished, ignore_errors=True)
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _prepare(self, settings: dict[str, Any], overwrite: bool) -> None:
        path = os.path.join(self.folder, _SETTINGS)
        if overwrite:
            for name in os.listdir(self.folder):
                if _is_part(name) or name == _FAILURES:
                    os.remove(os.path.join(self.folder, name))
        elif os.path.exists(path):
            _check_settings(self.folder, path, settings)
        shutil.rmtree(os.path.join(self.folder, _UNFINISHED), ignore_errors=True)
        os.makedirs(self._unfinished)
        new = os.path.join(self._unfinished, _SETTINGS)
        with open(new, "w", encoding="utf-8") as file:
            json.dump(settings, file, indent=2)
            file.write("\n")
        os.replace(new, path)

    def _keep(self, path: str, kept: dict[Source, list[Stamp]]) -> None:
        """Remove the rows of all other files from a part."""
        if not kept:
            os.remove(path)
            return
        table = pq.ParquetFile(path).read()
        paths = [source.path for source in kept]
        new = os.path.join(self._unfinished, os.path.basename(path))
        write(table.filter(pc.field("path").isin(paths)), kept, new)
        os.replace(new, path)


def _is_part(name: str) -> bool:
    return name.startswith("part-") and name.endswith(".parquet")


def _check_folder(folder: str) -> None:
    """Refuse a folder with anything in it that `embed` does not write."""
    names = os.listdir(folder)
    ours = {_SETTINGS, _FAILURES, _UNFINISHED, _LOCK}
    if _SETTINGS in names:
        ours.update(filter(_is_part, names))
    others = sorted(set(names) - ours)
    if others:
        raise FileExistsError(f"{folder}: holds {others[0]}, which embed did not write; give a folder of its own")


def _check_settings(folder: str, path: str, settings: dict[str, Any]) -> None:
    with open(path, encoding="utf-8") as file:
        found = json.load(file)
    different = [name for name in {**found, **settings} if found.get(name) != settings.get(name)]
    if different:
        shown = "; ".join(f"{name} {found.get(name)}, not {settings.get(name)}" for name in different)
        raise ValueError(f"{folder}: holds embeddings of other settings: {shown}; give another folder or overwrite")
