"""The files that paths, folders and patterns name."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from typing import NamedTuple

from .. import _native
from ..recordings import Path


class Source(NamedTuple):
    """A file, and the folder below which its path names label and session if it was found in one."""

    path: str
    folder: str | None


def sources(paths: Path | Iterable[Path]) -> list[Source]:
    """Return the files that `paths` name, each once, in the order of their paths.

    Of files that are read together, such as both hemispheres, only the first is returned.

    A folder stands for the files in it that `neural_vault.load` reads, at any depth. A path that does not exist and has
    one of the characters `*?[` in it is a pattern, in which `**` stands for folders at any depth. Any other path stands
    for itself, whether it exists or not.

    Raises
    ------
    FileNotFoundError
        A pattern matches nothing, or there are no paths.
    ValueError
        A folder holds no recordings.
    """
    given = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    found: dict[str, Source] = {}
    for path in given:
        for source in _of(os.fsdecode(path)):
            found.setdefault(source.path, source)
    if not found:
        raise FileNotFoundError("there are no paths")
    together: set[str] = set()
    kept = []
    for source in sorted(found.values()):
        if source.path not in together:
            kept.append(source)
            together.update(map(os.fspath, _native.companions(source.path)))
    return kept


def _of(path: str) -> Iterable[Source]:
    absolute = os.path.abspath(path)
    if os.path.isdir(path):
        return [Source(os.fspath(file), absolute) for file in _native.files(absolute)]
    if os.path.lexists(path) or not glob.has_magic(path):
        return [Source(absolute, None)]
    # As it was given: a folder above may have such characters in its name.
    matching = sorted(glob.glob(path, recursive=True))
    if not matching:
        raise FileNotFoundError(f"{path}: no file matches")
    return [source for match in matching for source in _of(match)]
