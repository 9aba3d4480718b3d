"""A classifier that recognises labels by prototypes, and verifies claimed ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, check_cv
from sklearn.utils.validation import check_is_fitted

from .. import metrics
from ..model import Model
from ._trained import Scans, TrainedEstimator

Float64 = npt.NDArray[np.float64]


class VaultVerifier(ClassifierMixin, TrainedEstimator):
    """Recognise the labels of scans by cosine to each label's prototype, and verify claimed labels.

    `fit` trains a model, enrols every label by the mean embedding of its scans, and chooses one threshold for all. A scan's
    score for a label is the cosine of its embedding and the label's prototype. `verify` accepts a claimed label whose score is
    the threshold or more; `predict` names the label of the highest score.

    Parameters
    ----------
    recipe, open_set, window, settings, engine, random_state, n_jobs
        As in `VaultEncoder`.
    threshold : float, optional
        The smallest score that is accepted, from -1 to 1. When not given, `fit` chooses it by cross-fitting: models that are
        trained on a part of the scans score the rest, as `predict` scores new scans. No scan is scored by a model that it
        trained. This trains as many models more as there are folds.
    fmr : float, optional
        The false match rate that the threshold allows on these trials; the threshold of the equal error rate when not given.
    cv : int or splitter, default=2
        The folds of the cross-fitting: with `groups` whole groups are held back, without them parts of each label's scans.
    reject_label : label, optional
        What `predict` returns for a scan that no label's threshold accepts, such as -1 or "stranger"; it must be of the type
        of the labels and none of them. When not given, every scan gets a label.

    Attributes
    ----------
    model_ : Model
        The model trained on all scans.
    classes_ : array (classes,)
        The labels, sorted.
    prototypes_ : array (classes, latent), float64
        The mean embedding of each label.
    threshold_ : float
        The smallest score that is accepted.
    genuine_scores_, impostor_scores_ : array
        The scores of the trials that the threshold was chosen on, for `neural_vault.metrics`; `None` where it was
        given.
    n_features_in_ : int
        Values per frame.
    feature_names_in_ : array of str (n_features_in_,)
        Names of the features, where `X` had names that are all strings.

    See Also
    --------
    VaultEncoder : Embeds scans.
    neural_vault.Enrolment : One label's prototype in a file, with attempts that are counted, and its key.

    Notes
    -----
    The scans that train the model also enrol its labels, as in protocol `folds` of `neural_vault.evaluate`. Give sessions as
    `groups`: without them scans of one session are on both sides of the cross-fitting, and error rates come out too low.

    With two labels, `decision_function` is one number a scan, as scikit-learn asks of binary classifiers. `similarity` has a
    column for each label however many there are.

    Examples
    --------
    >>> import numpy as np
    >>> from neural_vault import VaultVerifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.tile(["ada", "bob", "eve"], 8)
    >>> X = rng.normal(size=(24, 9, 40)) + rng.normal(size=(3, 1, 40))[[0, 1, 2] * 8]
    >>> runs = np.repeat([1, 2, 3, 4], 6)
    >>> verifier = VaultVerifier("linear").fit(X[:18], y[:18], groups=runs[:18])
    >>> verifier.predict(X[18:21])
    array(['ada', 'bob', 'eve'], dtype='<U3')
    >>> verifier.verify(X[18:21], ["ada", "eve", "eve"])
    array([ True, False,  True])
    """

    model_: Model
    genuine_scores_: Float64 | None
    impostor_scores_: Float64 | None
    n_features_in_: int

    def __init__(
        self,
        recipe: str = "whitened",
        *,
        open_set: bool | None = None,
        window: int | None = None,
        settings: Mapping[str, Any] | None = None,
        engine: Literal["auto", "onnxruntime", "tract"] = "auto",
        threshold: float | None = None,
        fmr: float | None = None,
        cv: Any = 2,
        reject_label: Any = None,
        random_state: int | np.random.RandomState | None = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.recipe = recipe
        self.open_set = open_set
        self.window = window
        self.settings = settings
        self.engine = engine
        self.threshold = threshold
        self.fmr = fmr
        self.cv = cv
        self.reject_label = reject_label
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any, groups: Any = None) -> VaultVerifier:
        """Train the model, enrol the labels and choose the threshold.

        Parameters
        ----------
        X : array (scans, features) or (scans, frames, features), or sequence of arrays (frames, features)
            Raw values, one scan a row.
        y : array (scans,)
            The label of each scan.
        groups : array (scans,), optional
            The session of each scan.

        Returns
        -------
        VaultVerifier
            Itself.
        """
        if self.threshold is not None and self.fmr is not None:
            raise ValueError("threshold and fmr: give one of them")
        if self.threshold is not None and not -1 <= self.threshold <= 1:
            raise ValueError(f"threshold: {self.threshold}; cosines are from -1 to 1")
        scans = self._scans(X, reset=True)
        labels = self._labels(scans, y, groups)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        self._check_reject_label()
        self.model_ = self._train(scans, labels, groups)
        self.prototypes_ = _means(self._embed(self.model_, scans), codes, np.arange(len(self.classes_)))
        if self.threshold is not None:
            self.genuine_scores_ = self.impostor_scores_ = None
            self.threshold_ = float(self.threshold)
            return self
        trials = list(self._trials(scans, labels, codes, groups))
        self.genuine_scores_ = np.concatenate([genuine for genuine, _ in trials])
        self.impostor_scores_ = np.concatenate([impostor for _, impostor in trials])
        self.threshold_ = _threshold(self.genuine_scores_, self.impostor_scores_, self.fmr)
        return self

    def similarity(self, X: Any) -> Float64:
        """Return the score of each scan for each label, the cosine of its embedding and the label's prototype.

        Parameters
        ----------
        X : array (scans, features) or (scans, frames, features), or sequence of arrays (frames, features)
            Raw values, one scan a row.

        Returns
        -------
        array (scans, classes), float64
            From -1 to 1, in the order of `classes_`.
        """
        check_is_fitted(self)
        return _cosines(self._embed(self.model_, self._scans(X, reset=False)), self.prototypes_)

    def decision_function(self, X: Any) -> Float64:
        """Return how far each scan's scores are above the threshold.

        Parameters
        ----------
        X : array (scans, features) or (scans, frames, features), or sequence of arrays (frames, features)
            Raw values, one scan a row.

        Returns
        -------
        array (scans, classes), float64
            Scores less the threshold: a claim is accepted from 0 on. With two labels an array (scans,), the score for the second
            label less that for the first.
        """
        scores = self.similarity(X)
        if len(self.classes_) == 2:
            return scores[:, 1] - scores[:, 0]
        return scores - self.threshold_

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the label of the highest score, or `reject_label` where that is below the threshold.

        Parameters
        ----------
        X : array (scans, features) or (scans, frames, features), or sequence of arrays (frames, features)
            Raw values, one scan a row.

        Returns
        -------
        array (scans,)
            Labels.
        """
        scores = self.similarity(X)
        labels = self.classes_[scores.argmax(axis=1)]
        if self.reject_label is None:
            return labels
        reject = np.asarray(self.reject_label)
        labels = labels.astype(np.result_type(labels, reject))
        labels[scores.max(axis=1) < self.threshold_] = reject
        return labels

    def verify(self, X: Any, labels: Any) -> npt.NDArray[np.bool_]:
        """Return whether each scan is accepted as the label that is claimed for it.

        Parameters
        ----------
        X : array (scans, features) or (scans, frames, features), or sequence of arrays (frames, features)
            Raw values, one scan a row.
        labels : array (scans,)
            The claimed label of each scan.

        Returns
        -------
        array (scans,), bool
        """
        scores = self.similarity(X)
        claimed = np.asarray(labels)
        if claimed.shape != (len(scores),):
            raise ValueError(
                f"labels: shape {claimed.shape}; one claimed label for each of {len(scores)} scans is needed"
            )
        unknown = claimed[~np.isin(claimed, self.classes_)].tolist()
        if unknown:
            raise ValueError(f"labels: {unknown[0]!r} is not enrolled")
        return scores[np.arange(len(scores)), np.searchsorted(self.classes_, claimed)] >= self.threshold_

    def _trials(
        self, scans: Scans, labels: npt.NDArray[Any], codes: npt.NDArray[np.intp], groups: Any
    ) -> Iterator[tuple[Float64, Float64]]:
        """Yield genuine and impostor scores of each fold, scored by what the other folds train."""
        splitter = check_cv(self.cv, codes, classifier=True)
        if isinstance(splitter, StratifiedKFold) and groups is not None:
            splitter = StratifiedGroupKFold(splitter.get_n_splits())
        groups = None if groups is None else np.asarray(groups)
        try:
            for fitted, held_back in splitter.split(codes, codes, groups):
                model = self._train(_take(scans, fitted), labels[fitted], None if groups is None else groups[fitted])
                enrolled = np.unique(codes[fitted])
                prototypes = _means(self._embed(model, _take(scans, fitted)), codes[fitted], enrolled)
                scores = _cosines(self._embed(model, _take(scans, held_back)), prototypes)
                is_genuine = codes[held_back][:, np.newaxis] == enrolled
                yield scores[is_genuine], scores[~is_genuine]
        except ValueError as error:
            raise ValueError(
                f"no threshold can be chosen by cross-fitting, so give one, or more scans: {error}"
            ) from error

    def _check_reject_label(self) -> None:
        if self.reject_label is None:
            return
        if np.asarray(self.reject_label).dtype.kind != self.classes_.dtype.kind and self.classes_.dtype != object:
            raise ValueError(
                f"reject_label: {self.reject_label!r} is of another type than the labels, {self.classes_.dtype}"
            )
        if self.reject_label in self.classes_:
            raise ValueError(f"reject_label: {self.reject_label!r} is a label")


def _take(scans: Scans, numbers: npt.NDArray[np.intp]) -> Scans:
    return scans[numbers] if isinstance(scans, np.ndarray) else [scans[number] for number in numbers]


def _means(embeddings: npt.NDArray[np.float32], codes: npt.NDArray[np.intp], classes: npt.NDArray[np.intp]) -> Float64:
    """Return the mean embedding of each class."""
    return np.stack([embeddings[codes == code].mean(axis=0, dtype=np.float64) for code in classes])


def _cosines(embeddings: npt.NDArray[np.float32], prototypes: Float64) -> Float64:
    """Return the cosine of each embedding and each prototype; -1 where one has length zero, so that it is rejected."""
    lengths = np.linalg.norm(embeddings, axis=1)[:, np.newaxis] * np.linalg.norm(prototypes, axis=1)
    products = embeddings.astype(np.float64) @ prototypes.T
    return np.clip(np.divide(products, lengths, out=np.full_like(products, -1.0), where=lengths > 0), -1.0, 1.0)


def _threshold(genuine: Float64, impostor: Float64, fmr: float | None) -> float:
    """Return the threshold of the equal error rate, or the lowest that allows a false match rate."""
    if len(genuine) == 0 or len(impostor) == 0:
        raise ValueError("no threshold can be chosen by cross-fitting: no label is in two folds; give one")
    if fmr is None:
        return metrics.eer(genuine, impostor, replicates=0).threshold
    if not 0 < fmr < 1 or len(impostor) * fmr < 1:
        raise ValueError(f"fmr: {fmr}; {len(impostor)} impostor trials show rates from {1 / len(impostor):.2g} to 1")
    curve = metrics.det(genuine, impostor)
    return float(curve.thresholds[np.searchsorted(curve.fmr, fmr, side="right") - 1])
