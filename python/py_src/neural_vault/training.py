"""Training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import numpy.typing as npt

from . import _arrays, _native, _settings
from .model import Model
from .recordings import Path, Recordings, of


def train(
    scans: Any,
    labels: Iterable[Any] | None = None,
    sessions: Iterable[Any] | None = None,
    recipe: str = "whitened",
    seed: int = 0,
    *,
    engine: Literal["auto", "onnxruntime", "tract"] = "auto",
    device: Literal["cpu", "cuda"] = "cpu",
    threads: int = 1,
    open_set: bool | None = None,
    windows: Sequence[int] | None = None,
    steps: int | None = None,
    batch: int | None = None,
    rows: int | None = None,
    window: int | None = None,
    mining: Literal["random", "batch-hard"] | None = None,
    margin: float | None = None,
    learning_rate: float | None = None,
    schedule: Literal["constant", "cosine", "warm-up-cosine"] | None = None,
    weight_decay: float | None = None,
    clip: float | None = None,
    dropout: float | None = None,
    parcels: npt.ArrayLike | Path | Sequence[Path] | None = None,
    frames: int | None = None,
    background: Recordings | None = None,
    progress: Callable[[int, int, float], object] | None = None,
) -> Model:
    """Train a model on scans.

    The model has the same bits as that of `neural-vault train` with the same recordings, settings and engine. Nothing is
    written: there is no checkpoint and no archive of the recordings.

    Parameters
    ----------
    scans : Recordings, or scans as `Recordings.from_scans` takes them
        What to train on, with labels and sessions of their own if they are `Recordings`.
    labels, sessions : sequence, optional
        The label and the session of each scan.
    recipe : str
        `whitened` for stimuli, and for persons who are in the training; `linear`, which is small and fitted at once;
        `connectome` for persons who are enrolled later, fitted to background persons of whom none is enrolled; or
        `reference`, to compare with.
    seed : int
        The same seed, scans and engine give the same weights. `linear` and `connectome` draw nothing.
    engine : str
        What computes the steps: `onnxruntime`, `tract`, or `auto` for ONNX Runtime where it is found and tract elsewhere.
        Weights of two engines differ in the last digits.
    device : str
        Where ONNX Runtime computes: `cpu`, or `cuda` for the first NVIDIA GPU.
    threads : int
        Threads of ONNX Runtime.
    open_set : bool, optional
        `linear`: no extra weight for the axes that separate the training labels, for labels that are enrolled later. False
        when not given.
    windows : sequence of int, optional
        `whitened`: window lengths in frames, one of which is drawn per step. 1, 3 and 9 when not given.
    steps : int, optional
        Steps: of `whitened` 1000 and of `reference` 100 when not given.
    batch : int, optional
        `reference` with random mining: triplets per step, 128 when not given.
    rows : int, optional
        `reference`: most distinct windows per step, 160 when not given.
    window : int, optional
        `reference`: frames a window, 1 when not given.
    mining : str, optional
        `reference`: how triplets are chosen, `random` or `batch-hard`; random when not given.
    margin : float, optional
        Margin of the loss: of `whitened` in cosine, 0.1 when not given; of `reference` in squared distance, 0.5.
    learning_rate : float, optional
        The highest learning rate: of `whitened` 1e-3 and of `reference` 1e-4 when not given.
    schedule : str, optional
        How the learning rate changes: `constant`, `cosine` or `warm-up-cosine`; of `whitened` warm-up-cosine and of
        `reference` constant when not given.
    weight_decay : float, optional
        Decoupled weight decay: of `whitened` 0.05 of matrices, of `reference` 1e-4 of all weights when not given.
    clip : float, optional
        Largest gradient norm, 1 when not given.
    dropout : float, optional
        Dropout probability, 0.1 when not given.
    parcels : array (features,) of int, path, or sequence of paths, optional
        `connectome`: the number of each feature's region, 0 for none, to average features to regions before all else; or
        files of such numbers whose features follow each other, such as those of a left and a right hemisphere.
    frames : int, optional
        `connectome`: fewest frames of a probe, 25 when not given.
    background : Recordings, optional
        `connectome`: further background persons.
    progress : callable, optional
        Called after each step with its number, the number of steps and the loss.

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        The recordings cannot be trained on, or a setting is out of range or belongs to another recipe.
    RuntimeError
        The engine is not available, or failed.
    KeyboardInterrupt
        Ctrl-C was pressed; the training ends after the step in progress and nothing is left behind.
    """
    settings = _settings.recipe(
        open_set=open_set,
        windows=windows,
        steps=steps,
        batch=batch,
        rows=rows,
        window=window,
        mining=mining,
        margin=margin,
        learning_rate=learning_rate,
        schedule=schedule,
        weight_decay=weight_decay,
        clip=clip,
        dropout=dropout,
    )
    settings |= {"parcels": _settings.parcels(parcels), "frames": _settings.count(frames, "frames")}
    native = _native.train(
        of(scans, labels, sessions)._native,
        recipe,
        _settings.count(seed, "seed"),
        settings,
        engine=engine,
        device=device,
        threads=_arrays.positive(threads, "threads"),
        background=None if background is None else background._native,
        progress=progress,
    )
    return Model(native)
