"""Whether a file is still the one that was embedded."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from .. import _native
from ._options import LoadOptions
from ._paths import Source


class Stamp(NamedTuple):
    """A file as it was when it was read."""

    path: str
    size: int
    modified: int
    """Nanoseconds since 1970."""

    @classmethod
    def of(cls, path: str) -> Stamp:
        """Return the file as it is now."""
        status = os.stat(path)
        return cls(path, status.st_size, status.st_mtime_ns)

    def is_current(self) -> bool:
        """Whether the file is there and has not been written since."""
        try:
            return Stamp.of(self.path) == self
        except OSError:
            return False


def stamps(source: Source, options: LoadOptions) -> list[Stamp]:
    """Return all files that `neural_vault.load` reads for one: also what belongs to it by its name, and the mask."""
    events = options.get("events", True)
    files: list[Any] = _native.files_read(
        source.path,
        options.get("label"),
        mask=options.get("mask"),
        events=None if isinstance(events, bool) else events,
        use_events=events is not False,
        frame_seconds=options.get("frame_seconds"),
    )
    return [Stamp.of(os.fspath(file)) for file in files]
