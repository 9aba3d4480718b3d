"""Error rates of verification from genuine and impostor scores, with 95 % intervals.

A genuine score is of a probe and its own label's prototype, an impostor score of a probe and another label's. A higher score
means more alike, and a probe is accepted at or above a threshold. All functions take the genuine scores first. The false match
rate (FMR) is the share of impostor scores that are accepted, the false non-match rate (FNMR) that of genuine scores that are
rejected, as ISO/IEC 19795-1 defines them for comparisons. Figures are those of `evaluate` and of the command line, to the bit.

Intervals are bootstrap percentiles. Without groups each score is resampled by itself, genuine and impostor scores apart. This
assumes that scores are independent, which those of one recording or of one person are not: their intervals come out too narrow.
With groups, what the scores share is resampled instead, in two stages: as many sessions as there are, with replacement, and
for each of them as many labels as it has, say; a drawn label counts with all its scores in that session.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _arrays, _native

__all__ = ["Det", "Eer", "Estimate", "Roc", "det", "dprime", "eer", "roc", "roc_auc"]

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval.

    Attributes
    ----------
    value : float
        The figure; `float(estimate)` is the same.
    interval : (float, float) or None
        Lower and upper end of the 95 % interval; `None` where there was nothing to resample.
    """

    value: float
    interval: tuple[float, float] | None

    def __float__(self) -> float:
        return self.value


@dataclass(frozen=True, slots=True)
class Eer(Estimate):
    """An equal error rate; its value and its interval are in percent, 0 to 100.

    Attributes
    ----------
    value : float
        The rate in percent.
    interval : (float, float) or None
        In percent.
    threshold : float
        The score at which the false match rate is the false non-match rate.
    """

    threshold: float


@dataclass(frozen=True, slots=True)
class Roc:
    """A receiver operating characteristic, which unpacks as `fmr, tmr, thresholds`.

    Attributes
    ----------
    fmr : array (points,)
        False match rates, 0 to 1, ascending.
    tmr : array (points,)
        True match rates, 0 to 1, ascending: the share of genuine scores that are accepted.
    thresholds : array (points,)
        Descending, from infinity, which accepts nothing, to the lowest score.
    genuine, impostor : int
        How many scores there were.
    """

    fmr: Float64
    tmr: Float64
    thresholds: Float64
    genuine: int
    impostor: int

    def __iter__(self) -> Iterator[Float64]:
        return iter((self.fmr, self.tmr, self.thresholds))

    def intervals(self) -> tuple[Float64, Float64]:
        """Return the exact 95 % intervals (Clopper and Pearson) of `fmr` and of `tmr`, each (points, 2).

        They assume independent scores. Thin the curve of very many scores first, by `points`.
        """
        return _native.exact_intervals(self.fmr, self.impostor), _native.exact_intervals(self.tmr, self.genuine)


@dataclass(frozen=True, slots=True)
class Det:
    """A detection error trade-off curve, which unpacks as `fmr, fnmr, thresholds`.

    Attributes
    ----------
    fmr : array (points,)
        False match rates, 0 to 1, ascending.
    fnmr : array (points,)
        False non-match rates, 0 to 1, descending.
    thresholds : array (points,)
        Descending, from infinity, which accepts nothing, to the lowest score.
    genuine, impostor : int
        How many scores there were.
    """

    fmr: Float64
    fnmr: Float64
    thresholds: Float64
    genuine: int
    impostor: int

    def __iter__(self) -> Iterator[Float64]:
        return iter((self.fmr, self.fnmr, self.thresholds))

    def intervals(self) -> tuple[Float64, Float64]:
        """Return the exact 95 % intervals (Clopper and Pearson) of `fmr` and of `fnmr`, each (points, 2).

        They assume independent scores. Thin the curve of very many scores first, by `points`.
        """
        return _native.exact_intervals(self.fmr, self.impostor), _native.exact_intervals(self.fnmr, self.genuine)


def eer(
    genuine: Any,
    impostor: Any,
    *,
    genuine_groups: Any = None,
    impostor_groups: Any = None,
    replicates: int = 1000,
    seed: int = 0,
) -> Eer:
    """Compute the equal error rate: the error rate at which the false match rate is the false non-match rate.

    It is read off the linearly interpolated ROC.

    Parameters
    ----------
    genuine : array (scores,)
        Scores of probes against their own label.
    impostor : array (scores,)
        Scores of probes against other labels.
    genuine_groups, impostor_groups : array (scores,) or (scores, 2), optional
        For each score what it is resampled with: the probe's session and label, for instance, as numbers or names. Of two
        columns the first is drawn first: (session, label) asks about other sessions of the same labels, (label, session)
        about other labels, such as persons.
    replicates : int
        Replicates of the bootstrap; 0 leaves the interval out.
    seed : int
        The same seed and scores give the same interval, on any number of cores.

    Returns
    -------
    Eer
        In percent.

    Raises
    ------
    ValueError
        A list is empty, or a score is not finite.

    Examples
    --------
    >>> from neural_vault import metrics
    >>> metrics.eer([0.9, 0.8, 0.4], [0.5, 0.2, 0.1], replicates=0)
    Eer(value=33.33333333333333, interval=None, threshold=0.45)
    """
    value, interval, threshold = _native.eer(
        *_scores(genuine, impostor, genuine_groups, impostor_groups, replicates, seed)
    )
    return Eer(value, interval, threshold)


def dprime(
    genuine: Any,
    impostor: Any,
    *,
    genuine_groups: Any = None,
    impostor_groups: Any = None,
    replicates: int = 1000,
    seed: int = 0,
) -> Estimate:
    """Compute d', the distance of the mean scores in pooled standard deviations.

    It is `|mean_g - mean_i| / sqrt((var_g + var_i) / 2 + 1e-9)` with population variances. The parameters are those of `eer`.
    """
    return Estimate(*_native.dprime(*_scores(genuine, impostor, genuine_groups, impostor_groups, replicates, seed)))


def roc_auc(
    genuine: Any,
    impostor: Any,
    *,
    genuine_groups: Any = None,
    impostor_groups: Any = None,
    replicates: int = 1000,
    seed: int = 0,
) -> Estimate:
    """Compute the area under the ROC: the probability that a genuine score exceeds an impostor score, ties counted half.

    The parameters are those of `eer`.
    """
    return Estimate(*_native.roc_auc(*_scores(genuine, impostor, genuine_groups, impostor_groups, replicates, seed)))


def roc(genuine: Any, impostor: Any, *, points: int | None = None) -> Roc:
    """Compute the receiver operating characteristic: the true match rate at every false match rate.

    Parameters
    ----------
    genuine : array (scores,)
        Scores of probes against their own label.
    impostor : array (scores,)
        Scores of probes against other labels.
    points : int, optional
        At most so many points, 2 or more, at equal steps of the rates' log odds; one for each distinct score otherwise.

    Returns
    -------
    Roc
    """
    fmr, fnmr, thresholds, counts = _curve(genuine, impostor, points)
    return Roc(fmr, 1.0 - fnmr, thresholds, *counts)


def det(genuine: Any, impostor: Any, *, points: int | None = None) -> Det:
    """Compute the detection error trade-off: the false non-match rate at every false match rate.

    It is drawn on normal deviate scales (Martin et al. 1997), as scikit-learn does:
    `DetCurveDisplay(fpr=curve.fmr, fnr=curve.fnmr).plot()`. The parameters are those of `roc`.

    Returns
    -------
    Det
    """
    fmr, fnmr, thresholds, counts = _curve(genuine, impostor, points)
    return Det(fmr, fnmr, thresholds, *counts)


def _curve(genuine: Any, impostor: Any, points: int | None) -> tuple[Float64, Float64, Float64, tuple[int, int]]:
    scores = _arrays.scores(genuine, "genuine"), _arrays.scores(impostor, "impostor")
    if points is not None and points < 2:
        raise ValueError(f"points={points}: a curve has 2 points or more")
    return *_native.curve(*scores, points), (len(scores[0]), len(scores[1]))


def _scores(
    genuine: Any, impostor: Any, of_genuine: Any, of_impostor: Any, replicates: int, seed: int
) -> tuple[Any, ...]:
    """Return what the native functions take: scores, the numbers of their groups, replicates and seed."""
    scores = _arrays.scores(genuine, "genuine"), _arrays.scores(impostor, "impostor")
    for name, number in (("replicates", replicates), ("seed", seed)):
        if number < 0:
            raise ValueError(f"{name}={number}: 0 or more is needed")
    if of_genuine is None and of_impostor is None:
        return *scores, None, replicates, seed
    if of_genuine is None or of_impostor is None:
        raise TypeError("groups are needed of the genuine and of the impostor scores, or of neither")
    named = (
        _groups(of_genuine, len(scores[0]), "genuine_groups"),
        _groups(of_impostor, len(scores[1]), "impostor_groups"),
    )
    if named[0].shape[1] != named[1].shape[1]:
        raise ValueError("genuine_groups and impostor_groups have one column, or both have two")
    numbers = np.zeros((len(scores[0]) + len(scores[1]), 2), dtype=np.uint32)
    columns = [np.concatenate(column) for column in zip(named[0].T, named[1].T, strict=True)]
    for place, column in zip((1,) if len(columns) == 1 else (0, 1), columns, strict=True):
        try:
            numbers[:, place] = np.unique(column, return_inverse=True)[1]
        except TypeError:
            raise TypeError("groups: numbers or names are needed, not both in one column, and none missing") from None
    return *scores, (numbers[: len(scores[0])].copy(), numbers[len(scores[0]) :].copy()), replicates, seed


def _groups(values: Any, count: int, name: str) -> npt.NDArray[Any]:
    """Return the groups of `count` scores as (scores, 1) or (scores, 2)."""
    groups = np.asarray(values)
    groups = groups[:, np.newaxis] if groups.ndim == 1 else groups
    if groups.ndim != 2 or groups.shape[1] not in (1, 2) or len(groups) != count:
        raise ValueError(f"{name}: shape {np.shape(values)} for {count} scores; groups are (scores,) or (scores, 2)")
    return groups
