"""A transformer of scans to embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..model import Model
from ._trained import TrainedEstimator


class VaultEncoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, TrainedEstimator):
    """Transform scans to embeddings, by a model that is trained on labelled scans.

    `fit` is `neural_vault.train`, and `transform` is `Model.embed`: the same scans give the same bits.

    Parameters
    ----------
    recipe : str, default="whitened"
        The recipe of the model: `whitened`, `linear`, `connectome` or `reference`.
    open_set : bool, optional
        For labels that are enrolled after the training (recipe `linear`): no axes have more weight because they separate the
        labels of the training.
    window : int, optional
        Frames a window that scans are embedded by; the model's own when not given.
    settings : dict, optional
        Further settings of the recipe by the names that `neural_vault.train` gives them, such as `{"steps": 200}`.
    engine : str, default="auto"
        The engine that trains: `onnxruntime`, `tract`, or `auto` for the first of these that is installed.
    random_state : int, RandomState instance or None, default=0
        The same number, scans and engine give the same weights. `None` draws another seed at each fit.
    n_jobs : int, optional
        Threads that train and embed: one when not given, all cores for -1. Leave it out where a search or a cross-validation
        has `n_jobs` of its own, or each of its processes starts as many threads.

    Attributes
    ----------
    model_ : Model
        The trained model.
    n_features_in_ : int
        Values per frame.
    feature_names_in_ : array of str (n_features_in_,)
        Names of the features, where `X` had names that are all strings.

    See Also
    --------
    VaultVerifier : Recognises the labels of scans by their embeddings.
    neural_vault.Enrolment : One label's prototype in a file, and its key.

    Notes
    -----
    Values that are NaN are missing: the model puts the feature's mean over the training in their place. A frame of which half
    or more is missing, or whose values are all equal, says nothing and is refused, and so is infinity.

    Sessions, such as runs of the scanner, are `groups` as in scikit-learn's splitters. Hold back whole sessions when you test:
    frames of one session are alike whatever their label.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import GroupKFold, cross_val_score
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from neural_vault import VaultEncoder
    >>> rng = np.random.default_rng(0)
    >>> y = np.tile(["ada", "bob"], 6)
    >>> X = rng.normal(size=(12, 9, 40)) + rng.normal(size=(2, 1, 40))[[0, 1] * 6]
    >>> runs = np.repeat([1, 2, 3], 4)
    >>> pipeline = make_pipeline(VaultEncoder("linear"), KNeighborsClassifier(1, metric="cosine"))
    >>> print(cross_val_score(pipeline, X, y, groups=runs, cv=GroupKFold(3)).mean())
    1.0
    """

    model_: Model
    n_features_in_: int

    def __init__(
        self,
        recipe: str = "whitened",
        *,
        open_set: bool | None = None,
        window: int | None = None,
        settings: Mapping[str, Any] | None = None,
        engine: Literal["auto", "onnxruntime", "tract"] = "auto",
        random_state: int | np.random.RandomState | None = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.recipe = recipe
        self.open_set = open_set
        self.window = window
        self.settings = settings
        self.engine = engine
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any, groups: Any = None) -> VaultEncoder:
        """Train the model.

        Parameters
        ----------
        X : array (scans, features) or (scans, frames, features), or sequence of arrays (frames, features)
            Raw values, one scan a row. C-contiguous float32 is read in place; anything else is copied once.
        y : array (scans,)
            The label of each scan.
        groups : array (scans,), optional
            The session of each scan.

        Returns
        -------
        VaultEncoder
            Itself.
        """
        scans = self._scans(X, reset=True)
        self.model_ = self._train(scans, self._labels(scans, y, groups), groups)
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float32]:
        """Embed scans.

        Parameters
        ----------
        X : array (scans, features) or (scans, frames, features), or sequence of arrays (frames, features)
            Raw values, one scan a row.

        Returns
        -------
        array (scans, latent), float32
            The mean over each scan's windows.
        """
        check_is_fitted(self)
        return self._embed(self.model_, self._scans(X, reset=False))

    @property
    def _n_features_out(self) -> int:
        """Components of an embedding, which scikit-learn names."""
        return self.model_.latent

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
