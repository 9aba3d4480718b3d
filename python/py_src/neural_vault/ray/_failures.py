"""Files that could not be embedded."""

from __future__ import annotations

import csv
from types import TracebackType
from typing import NamedTuple, Self


class Failure(NamedTuple):
    """A file that could not be embedded, and why.

    Attributes
    ----------
    path : str
        The file.
    exception : str
        The exception's name, such as `ValueError`, or `WorkerDied` where no worker survived the file.
    message : str
        What was wrong.
    """

    path: str
    exception: str
    message: str

    @classmethod
    def of(cls, path: str, error: BaseException) -> Failure:
        """Return the failure of a file by an exception.

        Bytes of its name that are no UTF-8 are shown as escapes.

        Parameters
        ----------
        path : str
            The file.
        error : Exception
            Why it could not be embedded.
        """
        shown = (text.encode(errors="backslashreplace").decode() for text in (path, str(error)))
        path, message = shown
        return cls(path, type(error).__name__, message)


class FailureLog:
    """A CSV file that lists failures as they happen."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "w", encoding="utf-8", newline="")  # noqa: SIM115
        self._rows = csv.writer(self._file)
        self._rows.writerow(Failure._fields)
        self._file.flush()

    def add(self, failure: Failure) -> None:
        """Append a failure; the file holds it when this returns."""
        self._rows.writerow(failure)
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
