"""How far a run is."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

Progress = Callable[[int, int, int], object]


def reporter(progress: bool | Progress) -> Progress:
    """Return what is called with the files that are done, all files, and how many failed."""
    if callable(progress):
        return progress
    return _Line() if progress else lambda done, total, failed: None


class _Line:
    """Writes to standard error: a line that is written over on a terminal, and else a line now and then."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._began = time.monotonic()
        self._next = self._began
        self._first: int | None = None

    def __call__(self, done: int, total: int, failed: int) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first, self._began = done, now
        is_last = done == total
        if now < self._next and not is_last:
            return
        self._next = now + (0.2 if self._is_terminal else 10.0)
        text = f"{done} of {total} files, {failed} failed"
        if done > self._first:
            text += f", {(done - self._first) / (now - self._began):.1f} a second"
        end = "\n" if is_last or not self._is_terminal else ""
        start = "\r\x1b[K" if self._is_terminal else ""
        print(f"{start}{text}", end=end, file=sys.stderr, flush=True)
