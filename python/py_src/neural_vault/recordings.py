"""Labelled recordings."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np

from . import _arrays, _native
from .scan import Scan

Path = str | os.PathLike[str]


class Recordings:
    """Labelled recordings in memory, ordered by label, session and time.

    They come from files by `load`, or from arrays by `from_scans` and `from_frames`, and do not change.
    """

    __slots__ = ("_native",)

    def __init__(self, native: _native.Recordings) -> None:
        self._native = native

    @classmethod
    def from_scans(
        cls,
        scans: Any,
        labels: Iterable[Any],
        sessions: Iterable[Any] | None = None,
        *,
        times: Sequence[Iterable[float]] | None = None,
    ) -> Recordings:
        """Make recordings of scans and their labels.

        Parameters
        ----------
        scans : array (scans, frames, features), array (scans, features), or iterable of arrays (frames, features)
            Raw values. Scans of one label and session are one recording with gaps in time between them, in their order.
        labels : sequence
            A label for each scan, such as a person or a stimulus: strings, or what `str` makes of others.
        sessions : sequence, optional
            A session for each scan, such as a run of the scanner.
        times : sequence of sequences of float, optional
            For each scan the time of each of its frames, in seconds or another unit. No window crosses a gap in time. Without
            times a scan has no gaps.

        Raises
        ------
        TypeError
            A scan is not an array of real numbers.
        ValueError
            A scan has another shape or width, a label is missing, or the lengths differ.
        """
        if labels is None:
            raise TypeError("scans need labels")
        values = _arrays.scans(scans)
        names = _arrays.names(labels, len(values), "labels"), _arrays.names(sessions, len(values), "sessions")
        if times is None:
            return cls(_native.Recordings.from_scans(list(values), *names))
        lengths = [len(frames) for frames in values]
        clock = [_arrays.times([] if given is None else given) for given in times]
        if [len(given) for given in clock] != lengths:
            raise ValueError("times: one for each frame of each scan is needed")
        matrix, seconds = np.concatenate(values), np.concatenate(clock)
        of_labels, of_sessions = (np.repeat(given, lengths).tolist() for given in names)
        return cls(_native.Recordings.from_frames(matrix, of_labels, of_sessions, None, seconds))

    @classmethod
    def from_frames(
        cls,
        frames: Any,
        labels: Iterable[Any],
        sessions: Iterable[Any] | None = None,
        timesteps: Iterable[int] | None = None,
        *,
        times: Iterable[float] | None = None,
    ) -> Recordings:
        """Make recordings of a matrix of frames (frames, features), in any order.

        Parameters
        ----------
        frames : array (frames, features)
            Raw values.
        labels, sessions : str or sequence
            The label, and the session if there are any, of each frame, or one of all frames.
        timesteps : sequence of int, optional
            The time of each frame in steps; a jump is a gap, which no window crosses. Without it a frame is one step after
            the frame before it.
        times : sequence of float, optional
            Instead of `timesteps`, the time of each frame in seconds or another unit. A step is the median time between
            neighbouring frames, over all recordings.

        Raises
        ------
        TypeError
            The frames are not an array of real numbers, or both `timesteps` and `times` are given.
        ValueError
            They are no matrix, a label is missing, a timestep is no whole number, or the lengths differ.
        """
        if labels is None:
            raise TypeError("frames need labels")
        if timesteps is not None and times is not None:
            raise TypeError("either timesteps or times, not both")
        matrix = _arrays.frames(frames)
        count = len(matrix)
        of_labels, of_sessions = (
            _arrays.names([given] * count if isinstance(given, str) else given, count, what)
            for given, what in ((labels, "labels"), (sessions, "sessions"))
        )
        steps, seconds = _arrays.timesteps(timesteps), _arrays.times(times)
        return cls(_native.Recordings.from_frames(matrix, of_labels, of_sessions, steps, seconds))

    @property
    def labels(self) -> list[str]:
        """The labels, each once, sorted."""
        return self._native.labels

    @property
    def sessions(self) -> list[str]:
        """The sessions, each once, sorted; one empty name where there are none."""
        return self._native.sessions

    @property
    def features(self) -> int:
        """Values per frame."""
        return self._native.features

    @property
    def scan_labels(self) -> list[str]:
        """The label of each scan."""
        labels = self._native.labels
        return [labels[label] for label, _, _ in self._native.scans()]

    @property
    def scan_sessions(self) -> list[str]:
        """The session of each scan."""
        sessions = self._native.sessions
        return [sessions[session] for _, session, _ in self._native.scans()]

    @property
    def scan_frames(self) -> list[int]:
        """The number of frames of each scan."""
        return [frames for _, _, frames in self._native.scans()]

    def __len__(self) -> int:
        return self._native.count

    @overload
    def __getitem__(self, index: int) -> Scan: ...

    @overload
    def __getitem__(self, index: slice) -> list[Scan]: ...

    def __getitem__(self, index: int | slice) -> Scan | list[Scan]:
        """Return a scan, its frames copied; of a slice a list of them."""
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = operator.index(index)
        if not -len(self) <= number < len(self):
            raise IndexError(f"scan {number} of {len(self)}")
        return Scan(*self._native.scan(number % len(self)))

    def __iter__(self) -> Iterator[Scan]:
        return (self[number] for number in range(len(self)))

    def select(self, *, labels: Sequence[str] | None = None, sessions: Sequence[str] | None = None) -> Recordings:
        """Return the recordings of these labels and sessions alone, copied.

        Parameters
        ----------
        labels, sessions : sequence of str, optional
            The labels and the sessions to keep; all when not given.

        Raises
        ------
        ValueError
            A label or session is not there.
        """
        return Recordings(self._native.select(_listed(labels), _listed(sessions)))

    def to_frames(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return all frames, copied, with their names: `X` (frames, features), `y`, `sessions` and `timesteps` (frames,)."""
        labels, sessions, timesteps = self._native.rows()
        return {
            "X": self._native.values(),
            "y": np.array(self.labels)[labels],
            "sessions": np.array(self.sessions)[sessions],
            "timesteps": timesteps,
        }

    def save(self, path: Path, *, overwrite: bool = False) -> None:
        """Write the recordings to a file that `load` and the command line read.

        Parameters
        ----------
        path : path
            The file. Its ending chooses the format: `.npz`, `.parquet`, `.csv` or `.csv.gz`.
        overwrite : bool
            Replace a file that is there.

        Raises
        ------
        ValueError
            There is no such format.
        OSError
            The file is there (`FileExistsError`), or cannot be written.
        """
        self._native.save(os.fspath(path), overwrite)

    def __repr__(self) -> str:
        scans, frames = len(self), self._native.frames
        sessions = [name for name in self.sessions if name]
        return (
            f"<Recordings: {scans} scans of {len(self.labels)} labels"
            + (f" and {len(sessions)} sessions" if sessions else "")
            + f", {frames} frames of {self.features} features>"
        )


def load(
    *paths: Path,
    label: str | None = None,
    session: str | None = None,
    label_column: str | None = None,
    width: int | None = None,
    mask: Path | None = None,
    events: Path | bool = True,
    frame_seconds: float | None = None,
    lag: float = 0.0,
) -> Recordings:
    """Read recordings of any format: long CSV, Parquet, `.npz`, `.npy`, GIFTI, NIfTI-1 or folders of these.

    Parameters
    ----------
    *paths : path
        Files or folders. All have the same number of features.
    label, session : str, optional
        The label and session of recordings whose files name none.
    label_column : str, optional
        The column of a table that holds the label.
    width : int, optional
        Features of a file of values without a header (`.bin`).
    mask : path, optional
        The image whose voxels other than zero are the features of NIfTI scans.
    events : path or bool
        The table of events that labels the frames, or whether one beside a recording is used.
    frame_seconds : float, optional
        Seconds from frame to frame, to find the frames of events.
    lag : float
        Seconds by which a recording follows the events.

    Returns
    -------
    Recordings

    Raises
    ------
    OSError
        A file cannot be read.
    ValueError
        A file holds no recordings, or they do not fit each other.
    """
    return read(
        [(os.fspath(path), label, session, None) for path in paths],
        label_column=label_column,
        width=width,
        mask=mask,
        events=events,
        frame_seconds=frame_seconds,
        lag=lag,
    )


def read(
    inputs: list[tuple[str, str | None, str | None, str | None]],
    *,
    label_column: str | None = None,
    width: int | None = None,
    mask: Path | None = None,
    events: Path | bool = True,
    frame_seconds: float | None = None,
    lag: float = 0.0,
) -> Recordings:
    """Read recordings as `load` does.

    Each input is a path, the label and session given to it, and the folder below which the path names label and session.
    """
    table = None if isinstance(events, bool) else os.fspath(events)
    native = _native.Recordings.load(
        inputs,
        label_column=label_column,
        width=width,
        mask=None if mask is None else os.fspath(mask),
        events=table,
        use_events=events is not False,
        frame_seconds=frame_seconds,
        lag=lag,
    )
    return Recordings(native)


def of(scans: Any, labels: Iterable[Any] | None, sessions: Iterable[Any] | None) -> Recordings:
    """Return `Recordings` as they are, or make them of scans and labels."""
    if isinstance(scans, Recordings):
        if labels is not None or sessions is not None:
            raise TypeError("recordings have labels and sessions of their own")
        return scans
    if labels is None:
        raise TypeError("scans need labels")
    return Recordings.from_scans(scans, labels, sessions)


def _listed(names: Sequence[str] | None) -> list[str] | None:
    if isinstance(names, str):
        raise TypeError(f"a list of names is needed, such as [{names!r}]")
    return None if names is None else [str(name) for name in names]
