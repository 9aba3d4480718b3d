"""Models, and the embeddings of scans."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _arrays, _native
from .recordings import Path, Recordings, of


class Model:
    """An encoder with its standardiser, which turns a scan into an embedding.

    Its embeddings have the same bits as those of the command line and of a token, on every machine.
    """

    __slots__ = ("_native",)

    def __init__(self, native: _native.Model) -> None:
        self._native = native

    @classmethod
    def load(cls, path: Path) -> Model:
        """Read a model from its folder, or from its `.safetensors`, `.onnx` or `.nvb` file."""
        return cls(_native.Model.load(os.fspath(path)))

    def save(self, folder: Path, *, overwrite: bool = False) -> None:
        """Write `model.safetensors`, `model.onnx` and `model.nvb` into a folder, all or none."""
        self._native.save(os.fspath(folder), overwrite)

    @property
    def digest(self) -> str:
        """SHA-256 over its sizes, weights, window, recipe and labels, in hexadecimal."""
        return self._native.digest

    @property
    def features(self) -> int:
        """Values per frame."""
        return self._native.features

    @property
    def latent(self) -> int:
        """Components of an embedding."""
        return self._native.latent

    @property
    def window(self) -> int:
        """Frames of a window; of a connectome model the fewest frames of a scan."""
        return self._native.window

    @property
    def recipe(self) -> str:
        """Name of the recipe that trained it."""
        return self._native.recipe

    @property
    def weights(self) -> str:
        """Format of its weights: `f32`, `f16`, `i16`, `i8i16` or `i8`."""
        return self._native.weights

    @property
    def labels(self) -> list[str]:
        """The labels that it was trained on; empty when they are not known."""
        return self._native.labels

    @property
    def sessions(self) -> list[str]:
        """The sessions that it was trained on."""
        return self._native.sessions

    def embed(self, scans: Any, window: int | None = None, *, threads: int | None = None) -> npt.NDArray[np.float32]:
        """Embed scans: one vector each, the mean over its windows.

        Parameters
        ----------
        scans : Recordings, array (scans, frames, features), array (scans, features), or iterable of arrays (frames, features)
            Raw values. C-contiguous float32 is read in place; anything else is copied once. The buffer must not be written
            meanwhile, or its embeddings are of no use.
        window : int, optional
            Frames a window; the model's own when not given.
        threads : int, optional
            Threads to embed with; all cores when not given.

        Returns
        -------
        array (scans, latent), float32
            Of `Recordings` in the order of their scans. A mean of unit vectors, not scaled to unit length again.

        Raises
        ------
        TypeError
            A scan is not an array of real numbers.
        ValueError
            A scan has another shape or width than the model takes, or a frame that says nothing: fewer than half of its values
            are finite, or these are all equal.
        """
        window = self.window if window is None else _arrays.positive(window, "window")
        given = scans if isinstance(scans, Recordings) else _arrays.scans(scans)
        # Each scan is embedded by one thread.
        threads = None if threads is None else min(_arrays.positive(threads, "threads"), len(given))
        if isinstance(given, Recordings):
            return self._native.embed_recordings(given._native, window, threads)
        return self._native.embed(given, window, threads)

    def __repr__(self) -> str:
        return f"<Model {self.digest[:12]}: {self.recipe}, {self.features} features, windows of {self.window}>"


def train(
    scans: Any,
    labels: Iterable[Any] | None = None,
    sessions: Iterable[Any] | None = None,
    *,
    recipe: str = "whitened",
    seed: int = 0,
    threads: int = 1,
    progress: Callable[[int, int, float], object] | None = None,
) -> Model:
    """Train a model on scans.

    Parameters
    ----------
    scans : Recordings, or scans as `Recordings.from_scans` takes them
        What to train on, with labels and sessions of their own if they are `Recordings`.
    labels, sessions : sequence, optional
        The label and the session of each scan.
    recipe : str
        `whitened`, `linear`, `connectome` or `reference`.
    seed : int
        The same seed, scans and engine give the same weights.
    threads : int
        Threads of ONNX Runtime.
    progress : callable, optional
        Called with the step, the number of steps and the loss.

    Returns
    -------
    Model

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C was pressed; nothing is left behind.
    """
    return Model(_native.train(of(scans, labels, sessions)._native, recipe, seed, threads, progress))
