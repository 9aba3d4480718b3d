"""Evaluation: how well labels are verified, protocol by protocol, with several methods side by side."""

from __future__ import annotations

import html
import io
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from . import _arrays, _native, _settings
from .model import Model
from .recordings import Path, Recordings, of

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped]

# Of the pages of a notebook: the summary and the first protocol fit without a scroll bar.
_HEIGHT = "46rem"


def evaluate(
    scans: Any,
    labels: Iterable[Any] | None = None,
    sessions: Iterable[Any] | None = None,
    *,
    protocol: str | Iterable[str] | None = None,
    methods: Iterable[str] | None = None,
    model: Model | None = None,
    recipe: Literal["whitened", "linear", "connectome", "reference"] | None = None,
    seed: int = 0,
    seeds: int | None = None,
    probe_windows: Sequence[int] | None = None,
    training_sessions: Iterable[str] | None = None,
    enrol_sessions: Iterable[str] | None = None,
    probe_sessions: Iterable[str] | None = None,
    frames: Sequence[int] | None = None,
    evaluated_persons: int | None = None,
    draws: int | None = None,
    background: Recordings | Iterable[Recordings] | None = None,
    parcels: npt.ArrayLike | Path | Sequence[Path] | None = None,
    weights: Iterable[str] | None = None,
    replicates: int = 1000,
    sweeps: bool = True,
    engine: Literal["auto", "onnxruntime", "tract"] | None = None,
    threads: int | None = None,
    progress: Callable[[str, str, int, int], object] | None = None,
    **settings: Any,
) -> Evaluation:
    """Evaluate how well the labels of recordings are verified.

    Figures and scores have the same bits as those of `neural-vault evaluate`, and the document differs in one line: it does not
    hold a command.

    Parameters
    ----------
    scans : Recordings, or scans as `Recordings.from_scans` takes them
        What to evaluate on, with labels and sessions of their own if they are `Recordings`.
    labels, sessions : sequence, optional
        The label and the session of each scan.
    protocol : str or sequence of str, optional
        How scans are divided into those that train, are enrolled and probe: `in-sample`, `random`, `blocks`, `episodes`,
        `folds`, `sessions`, `unseen` or `unseen-persons`. `blocks` when not given.
    methods : sequence of str, optional
        Methods to score side by side, such as `neuralvault`, `linear` and `raw-cosine`; all that fit when not given.
    model : Model, optional
        Score this model as it is instead of training for each fold. Sessions that trained it are enrolled and the others probe;
        of a connectome model all persons whom it was not fitted to are enrolled and probe. What a training takes is refused
        beside it.
    recipe : str, optional
        How each fold's encoder is made, as for `train`; `whitened` when not given.
    seed : int
        Seed of splits, noise, resampling and the first training.
    seeds : int, optional
        Train with so many consecutive seeds and give the mean EER over them as well, 1 to 100; 1 when not given.
    probe_windows : sequence of int, optional
        Frames of the windows that are scored, each length separately. 1 when not given, of `model` its own.
    training_sessions, enrol_sessions, probe_sessions : sequence of str, optional
        Sessions that train, are enrolled and probe, in protocols `sessions`, `unseen` and `episodes`; with `model` the last two.
        The protocol's choice when not given.
    frames : sequence of int, optional
        Persons: frames of a probe, each length scored separately. 10, 25 and 50 when not given, as far as sessions are long
        enough.
    evaluated_persons : int, optional
        Persons: how many are enrolled and probe while the others are background; half of them when not given.
    draws : int, optional
        Persons: ways to choose them that are drawn where there are more than 200 ways, 1 to 200; 30 when not given.
    background : Recordings or sequence of Recordings, optional
        Persons: further persons, who are always background.
    parcels : array (features,) of int, path, or sequence of paths, optional
        Persons: the number of each feature's region, 0 for none, as for `train`.
    weights : sequence of str, optional
        Formats of weights in which the encoder is scored as well: `f32`, `f16`, `i16`, `i8i16` or `i8`.
    replicates : int
        Bootstrap replicates of an interval, 20 to 100,000.
    sweeps : bool
        Whether to score degraded and shortened probes as well.
    engine : str, optional
        What trains, as for `train`; `auto` when not given.
    threads : int, optional
        Threads that score and resample; all cores when not given. Results do not depend on them.
    progress : callable, optional
        Called with the protocol, the stage, how many of its parts are done, and how many there are.
    **settings
        Settings of the recipe, as `train` takes them: `steps`, `windows`, `open_set` and so on.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        A protocol does not fit the recordings, a name is unknown, or a setting is out of range.
    RuntimeError
        The engine is not available, or failed.
    KeyboardInterrupt
        Ctrl-C was pressed.

    Warns
    -----
    UserWarning
        On what the figures do not stand for.
    """
    if model is not None:
        if not isinstance(model, Model):
            raise TypeError(f"model: a Model is needed, such as Model.load(path), not {type(model).__name__}")
        trained = {
            "protocol": protocol,
            "recipe": recipe,
            "seeds": seeds,
            "training_sessions": training_sessions,
            "evaluated_persons": evaluated_persons,
            "draws": draws,
            "background": background,
            "parcels": parcels,
            "weights": weights,
            "engine": engine,
            **settings,
        }
        given = [name for name, value in trained.items() if value is not None]
        if given:
            raise ValueError(f"a model is scored as it is, without {', '.join(given)}")
    asked = {
        "protocols": [protocol] if isinstance(protocol, str) else _settings.names(protocol, "protocol"),
        "methods": _settings.names(methods, "methods"),
        "weights": _settings.names(weights, "weights"),
        "training_sessions": _settings.names(training_sessions, "training_sessions"),
        "enrol_sessions": _settings.names(enrol_sessions, "enrol_sessions"),
        "probe_sessions": _settings.names(probe_sessions, "probe_sessions"),
        "probe_windows": _settings.counts(probe_windows, "probe_windows") or [],
        "frames": _settings.counts(frames, "frames") or [],
        "evaluated_persons": _settings.count(evaluated_persons, "evaluated_persons"),
        "draws": _settings.count(draws, "draws"),
        "parcels": _settings.parcels(parcels),
        "recipe": "whitened" if recipe is None else recipe,
        "settings": _settings.recipe(**settings),
        "engine": "auto" if engine is None else engine,
        "seed": _settings.count(seed, "seed"),
        "seeds": 1 if seeds is None else _settings.count(seeds, "seeds"),
        "replicates": _settings.count(replicates, "replicates"),
        "sweeps": bool(sweeps),
    }
    others = [background] if isinstance(background, Recordings) else list(background or [])
    if not all(isinstance(one, Recordings) for one in others):
        raise TypeError("background: Recordings are needed, one or a sequence of them")
    native = _native.evaluate(
        of(scans, labels, sessions)._native,
        asked,
        None if model is None else model._native,
        [one._native for one in others],
        None if threads is None else _arrays.positive(threads, "threads"),
        progress,
    )
    return Evaluation(native)


class Evaluation:
    """The results of an evaluation.

    A notebook shows its report. `neural-vault compare` and `neural-vault inspect` read what `save` writes.
    """

    __slots__ = ("_native",)

    def __init__(self, native: _native.Evaluation) -> None:
        self._native = native

    @classmethod
    def load(cls, path: Path) -> Evaluation:
        """Read the results that `save`, or `neural-vault evaluate -o`, wrote.

        Parameters
        ----------
        path : path
            The JSON file.

        Raises
        ------
        ValueError
            The file holds no results.
        OSError
            The file cannot be read.
        """
        return cls(_native.Evaluation.load(os.fspath(path)))

    def save(self, path: Path, *, overwrite: bool = False) -> None:
        """Write the results as JSON, the same file that `neural-vault evaluate -o` writes.

        Parameters
        ----------
        path : path
            The file.
        overwrite : bool
            Replace a file that is there.
        """
        self._native.save(os.fspath(path), overwrite)

    def save_report(self, path: Path, *, overwrite: bool = False) -> None:
        """Write the report as one self-contained HTML page.

        Parameters
        ----------
        path : path
            The file.
        overwrite : bool
            Replace a file that is there.
        """
        self._native.save_report(os.fspath(path), overwrite)

    def to_dict(self) -> dict[str, Any]:
        """Return the results as their JSON file holds them, of schema `neural-vault/evaluate/2`.

        Lists of more than 20,000 scores are shortened there; `scores` has all of them.
        """
        document: dict[str, Any] = json.loads(self._native.json())
        return document

    def to_frame(self) -> pandas.DataFrame:
        """Return the figures as a table: one row for each protocol, window and method.

        Returns
        -------
        pandas.DataFrame
            `protocol`; `window_frames`, the frames of a window or probe; `method`; `genuine_trials` and `impostor_trials`;
            `eer_percent`, `d_prime` and `roc_auc`, each with the ends of its 95 % interval in `..._low` and `..._high`;
            `accuracy` and `macro_f1`, 0 to 1, of choosing the nearest prototype; `eer_difference`, the EER of the method under
            test less this method's in percentage points on the same resamples, with its interval; and `leaks`, why a protocol's
            figures are too good.
        """
        rows = [
            _row(protocol, method, trials)
            for protocol, counts in zip(self.to_dict()["protocols"], self._native.trials(), strict=True)
            for method, trials in zip(protocol["methods"], counts, strict=True)
        ]
        return _pandas("to_frame").DataFrame(rows)

    def scores(self) -> pandas.DataFrame:
        """Return every score, one row a trial, as `neural-vault evaluate --scores` writes them.

        Returns
        -------
        pandas.DataFrame
            `protocol`, `method`, `window_frames`; `split`, from 1, the fold, the way to divide persons or the episode; `kind`,
            `genuine` or `impostor`; `enrolled_label`, `probe_label`, `probe_session`, `probe_timestep` of the probe's first
            frame; and `score`. Protocols whose results do not hold every score are left out, which is so in files of very
            many.
        """
        # Read as text, because a label may look like a number or like a missing value.
        text = _pandas("scores").read_csv(io.BytesIO(self._native.scores()), dtype=str, keep_default_na=False)
        numbers = {"window_frames": np.int64, "split": np.int64, "probe_timestep": np.int64, "score": np.float64}
        return text.astype(numbers)

    def html(self) -> str:
        """Return the report as one self-contained HTML page."""
        return self._native.html()

    def _repr_html_(self) -> str:
        # In a frame of its own the report's styles do not reach the notebook, nor the notebook's the report.
        page = html.escape(self.html())
        style = f"width: 100%; height: {_HEIGHT}; border: 0"
        return f'<iframe title="Evaluation" sandbox="" srcdoc="{page}" style="{style}"></iframe>'

    def __repr__(self) -> str:
        return "\n".join(table.rstrip("\n") for table in self._native.tables())


def _row(protocol: Mapping[str, Any], method: Mapping[str, Any], trials: tuple[int, int]) -> dict[str, Any]:
    """Return the figures of a method as a flat row."""
    row = {
        "protocol": protocol["name"].split(" (")[0],
        "window_frames": protocol["window_frames"],
        "method": method["name"],
        "genuine_trials": trials[0],
        "impostor_trials": trials[1],
    }
    difference = [one["eer_percent"] for one in protocol["differences"] if one["method"] == method["name"]]
    for name, estimate in [
        ("eer_percent", method["eer_percent"]),
        ("d_prime", method["d_prime"]),
        ("roc_auc", method["roc_auc"]),
        ("eer_difference", difference[0] if difference else {"value": None, "interval": None}),
    ]:
        low, high = estimate["interval"] or (None, None)
        row |= {name: estimate["value"], f"{name}_low": low, f"{name}_high": high}
    return row | {"accuracy": method["accuracy"], "macro_f1": method["macro_f1"], "leaks": protocol["leaks"]}


def _pandas(method: str) -> Any:
    try:
        import pandas
    except ImportError as error:
        raise ImportError(f"Evaluation.{method} needs pandas: pip install 'neural-vault[pandas]'") from error
    return pandas
