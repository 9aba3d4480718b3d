"""What the estimators share: scans and labels in scikit-learn's manner, training and embedding."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator
from sklearn.utils import assert_all_finite, check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from .. import _arrays
from ..model import Model
from ..recordings import Recordings
from ..scan import Scan
from ..training import train

Scans = _arrays.Float32 | list[_arrays.Float32]


class TrainedEstimator(BaseEstimator):
    """An estimator that trains a model on labelled scans, with the parameters of `VaultEncoder`."""

    recipe: str
    open_set: bool | None
    window: int | None
    settings: Mapping[str, Any] | None
    engine: Literal["auto", "onnxruntime", "tract"]
    random_state: int | np.random.RandomState | None
    n_jobs: int | None

    def _scans(self, X: Any, *, reset: bool) -> Scans:
        """Return X as scans of float32, its width checked against that of `fit` or, with `reset`, remembered."""
        if isinstance(X, Recordings) or (isinstance(X, list) and X and isinstance(X[0], Scan)):
            # They know of gaps in time, which arrays do not.
            raise TypeError(
                "X: arrays are needed, not recordings; with X=[scan.frames for scan in recordings], y=recordings.scan_labels "
                "and groups=recordings.scan_sessions windows cross gaps in time"
            )
        options = {
            "reset": reset,
            "dtype": np.float32,
            "order": "C",
            "ensure_all_finite": "allow-nan",
            # A frame of one value says nothing; later widths are compared with the first.
            "ensure_min_features": 2 if reset else 1,
        }
        if _axes(X) < 3:
            # scikit-learn would drop a mask.
            X = _arrays.scan(X, "X") if isinstance(X, np.ma.MaskedArray) else X
            return validate_data(self, X, **options)[:, np.newaxis]
        scans = _arrays.scans(X)
        matrices = [scans.reshape(-1, scans.shape[-1])] if isinstance(scans, np.ndarray) else scans
        for matrix in matrices:
            validate_data(self, matrix, **options)
            options["reset"] = False
        return scans

    def _labels(self, scans: Scans, y: Any, groups: Any) -> npt.NDArray[Any]:
        """Return y as an array of one label a scan."""
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        if isinstance(y, (list, tuple)):
            # NumPy would make the text `nan` of a missing label.
            _arrays.names(y, len(y), "y")
        labels = column_or_1d(y, warn=True)
        check_consistent_length(scans, labels, groups)
        assert_all_finite(labels, input_name="y")
        check_classification_targets(labels)
        return labels

    def _train(self, scans: Scans, labels: npt.NDArray[Any], groups: Any) -> Model:
        seed = self.random_state
        if not isinstance(seed, Integral):
            seed = check_random_state(seed).randint(2**31 - 1)
        settings = dict(self.settings or {})
        if self.open_set is not None:
            settings["open_set"] = self.open_set
        if self.window is not None:
            _arrays.positive(self.window, "window")
        model = train(
            scans,
            labels,
            groups,
            recipe=self.recipe,
            seed=seed,
            engine=self.engine,
            threads=effective_n_jobs(self.n_jobs),
            **settings,
        )
        if len(model.labels) != len(np.unique(labels)):
            raise ValueError("y: labels that differ in white space alone are one label to a model; rename them")
        return model

    def _embed(self, model: Model, scans: Scans) -> npt.NDArray[np.float32]:
        return model.embed(scans, self.window, threads=effective_n_jobs(self.n_jobs))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        tags.non_deterministic = self.random_state is None
        return tags


def _axes(X: Any) -> int:
    """Return how many axes an array has, or a list of lists or arrays, by the first of each."""
    if isinstance(X, (list, tuple)) or (isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1):
        return 1 + _axes(X[0]) if len(X) > 0 else 1
    return getattr(X, "ndim", 0)
