"""The estimators do what scikit-learn expects, with the bits of `train` and `Model.embed`."""

from __future__ import annotations

import doctest
import pickle
import subprocess
import sys
import warnings

import joblib
import neural_vault
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn
from neural_vault import Recordings, VaultEncoder, VaultVerifier
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import make_scorer, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupKFold, LeaveOneGroupOut, cross_val_score, cross_validate
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

# What trainings note: one recording a label without groups, and values that are missing.
pytestmark = [
    pytest.mark.filterwarnings("ignore:scans. one recording of:UserWarning"),
    pytest.mark.filterwarnings("ignore:scans. values that are not finite:UserWarning"),
]

SAYS_NOTHING = "has a scan whose values are all equal, which says nothing and is refused"
EXPECTED_TO_FAIL = {
    "check_estimators_dtypes": f"rounds its values to whole numbers and so {SAYS_NOTHING}",
    "check_estimators_pickle": "has a scan of which two of three values are NaN, which says nothing and is refused",
}


@pytest.fixture(scope="module")
def scans(haxby: Recordings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return Haxby's scans (48, 9, 530), their labels and runs."""
    X = np.stack([scan.frames for scan in haxby])
    return X, np.array(haxby.scan_labels), np.array(haxby.scan_sessions)


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return scans of one frame (60, 8) of three labels in five sessions, each label with its mean."""
    rng = np.random.default_rng(0)
    y = np.tile(np.repeat([10, 20, 30], 4), 5)
    X = rng.normal(size=(60, 8)) + 3 * np.eye(3, 8)[y // 10 - 1]
    return X, y, np.repeat(np.arange(5), 12)


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (VaultEncoder("linear"), EXPECTED_TO_FAIL),
        (VaultVerifier("linear"), EXPECTED_TO_FAIL | {"check_classifier_data_not_an_array": SAYS_NOTHING}),
    ],
)
def test_the_checks_of_scikit_learn_pass(estimator, expected) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(estimator, expected_failed_checks=expected, on_fail=None, on_skip=None)
    by_status: dict[str, list[str]] = {}
    for result in results:
        by_status.setdefault(result["status"], []).append(result["check_name"])
        if result["status"] == "failed":
            print(result["check_name"], result["exception"])
    assert "failed" not in by_status
    assert set(by_status["xfail"]) == set(expected), "what is expected to fail does"
    # Skipped unless SciPy was imported for the array API.
    assert set(by_status.get("skipped", [])) <= {"check_array_api_input"}
    assert len(by_status["passed"]) > 40


def test_embeddings_have_the_bits_of_train_and_embed(scans) -> None:
    X, y, runs = scans
    expected = neural_vault.train(X, y, runs, recipe="linear").embed(X)
    encoder = VaultEncoder("linear").fit(X, y, runs)
    assert encoder.transform(X).tobytes() == expected.tobytes()
    assert encoder.transform(X).dtype == np.float32
    assert VaultEncoder("linear", n_jobs=-1).fit_transform(X, y, groups=runs).tobytes() == expected.tobytes()
    for kind in [lambda x: x.astype(np.float64), list, lambda x: x.tolist(), np.asfortranarray]:
        given = kind(X)
        assert VaultEncoder("linear").fit(given, y, runs).transform(given).tobytes() == expected.tobytes()
    short = encoder.set_params(window=3).transform(X)
    assert short.tobytes() == encoder.model_.embed(X, 3).tobytes() != expected.tobytes()


def test_one_thread_works_unless_more_are_asked_for(rows, monkeypatch) -> None:
    X, y, _ = rows
    encoder = VaultEncoder("linear").fit(X, y)
    asked = []
    embed = neural_vault.Model.embed
    monkeypatch.setattr(
        neural_vault.Model,
        "embed",
        lambda model, scans, window, *, threads: asked.append(threads) or embed(model, scans, window, threads=threads),
    )
    for jobs in [None, 2, -1]:
        encoder.set_params(n_jobs=jobs).transform(X)
    with joblib.parallel_config(n_jobs=3):
        encoder.set_params(n_jobs=None).transform(X)
    assert asked == [1, 2, joblib.cpu_count(), 3]
    with pytest.raises(ValueError, match="n_jobs == 0"):
        VaultEncoder("linear", n_jobs=0).fit(X, y)


def test_scans_may_differ_in_length(scans) -> None:
    X, y, runs = scans
    ragged = [scan[: 9 - number % 3] for number, scan in enumerate(X)]
    model = neural_vault.train(ragged, y, runs, recipe="linear")
    assert model.window == 7
    objects = np.empty(len(ragged), dtype=object)
    objects[:] = ragged
    for given in [ragged, tuple(ragged), objects]:
        encoder = VaultEncoder("linear").fit(given, y, runs)
        assert encoder.transform(given).tobytes() == model.embed(ragged).tobytes()
        assert encoder.n_features_in_ == 530
    scores = cross_val_score(VaultVerifier("linear"), ragged, y, groups=runs, cv=GroupKFold(3))
    assert scores.mean() > 0.5


def test_a_whitened_model_is_trained_with_the_seed(scans) -> None:
    X, y, runs = scans
    settings = {"steps": 2, "windows": [3]}
    model = neural_vault.train(X[:16], y[:16], runs[:16], recipe="whitened", seed=7, **settings)
    encoder = VaultEncoder(settings=settings, random_state=7).fit(X[:16], y[:16], runs[:16])
    assert encoder.model_.digest == model.digest
    other = VaultEncoder(settings=settings, random_state=np.random.RandomState(7)).fit(X[:16], y[:16], runs[:16])
    assert other.model_.digest != model.digest
    with pytest.raises(ValueError, match="steps"):
        VaultEncoder("linear", settings={"steps": 2}).fit(X, y, runs)
    with pytest.raises(ValueError, match=r"open.set"):
        VaultEncoder("whitened", open_set=True).fit(X, y, runs)
    with pytest.raises(ValueError, match="recipe"):
        VaultEncoder("no such recipe").fit(X, y, runs)
    with pytest.raises(ValueError, match="engine"):
        VaultEncoder("whitened", engine="torch").fit(X, y, runs)
    with pytest.raises(ValueError, match="seed"):
        VaultEncoder("whitened", random_state=-1).fit(X, y, runs)
    with pytest.raises(ValueError, match="window"):
        VaultEncoder("linear", window=0).fit(X, y, runs)


def test_in_a_pipeline_each_fold_is_embedded_by_a_model_of_the_others(scans) -> None:
    X, y, runs = scans
    pipeline = make_pipeline(VaultEncoder("linear"), NearestCentroid())
    scores = cross_val_score(pipeline, X, y, groups=runs, cv=LeaveOneGroupOut())
    for score, run in zip(scores, np.unique(runs), strict=True):
        train, test = runs != run, runs == run
        model = neural_vault.train(X[train], y[train], recipe="linear")
        centroids = NearestCentroid().fit(model.embed(X[train]), y[train])
        assert score == centroids.score(model.embed(X[test]), y[test])
    assert scores.mean() > 0.75, "an eighth would be chance"


@pytest.mark.parametrize("routing", [False, True])
def test_groups_reach_the_training_as_sessions(scans, routing) -> None:
    X, y, runs = scans
    encoder, verifier = VaultEncoder("linear"), VaultVerifier("linear")
    with sklearn.config_context(enable_metadata_routing=routing):
        if routing:
            encoder, verifier = encoder.set_fit_request(groups=True), verifier.set_fit_request(groups=True)
            options = {"params": {"groups": runs}}
            pipeline_options = options
        else:
            options = {"params": {"groups": runs}, "groups": runs}
            pipeline_options = {"params": {"vaultencoder__groups": runs}, "groups": runs}
        found = cross_validate(verifier, X, y, cv=GroupKFold(3), return_estimator=True, **options)
        pipeline = make_pipeline(encoder, NearestCentroid())
        piped = cross_validate(pipeline, X, y, cv=GroupKFold(3), return_estimator=True, **pipeline_options)
    for (train, _), fitted, pipe in zip(
        GroupKFold(3).split(X, y, runs), found["estimator"], piped["estimator"], strict=True
    ):
        assert fitted.model_.sessions == pipe[0].model_.sessions == sorted(set(runs[train]))


def mean_genuine_score(verifier: VaultVerifier, X: np.ndarray, y: np.ndarray) -> float:
    return verifier.similarity(X)[np.arange(len(y)), np.searchsorted(verifier.classes_, y)].mean()


def test_a_search_over_windows_in_two_processes_finds_what_one_finds(scans) -> None:
    X, y, runs = scans
    grid = {"window": [1, 3, 9], "open_set": [False, True]}
    verifier = VaultVerifier("linear", threshold=0.5)
    search = {}
    for jobs in (None, 2):
        search[jobs] = GridSearchCV(verifier, grid, scoring=mean_genuine_score, cv=GroupKFold(2), n_jobs=jobs)
        search[jobs].fit(X, y, groups=runs)
    scores = search[None].cv_results_["mean_test_score"]
    assert len(set(scores)) == len(scores)
    assert np.array_equal(scores, search[2].cv_results_["mean_test_score"])
    best = search[2].best_estimator_
    assert best.window == search[2].best_params_["window"] == 9
    assert np.array_equal(best.similarity(X), search[None].best_estimator_.similarity(X))


def test_the_output_has_names_and_may_be_a_frame(rows) -> None:
    X, y, _ = rows
    frame = pd.DataFrame(X, columns=[f"region {number}" for number in range(8)])
    encoder = VaultEncoder("linear").fit(frame, y)
    assert encoder.feature_names_in_.tolist() == list(frame.columns)
    names = encoder.get_feature_names_out().tolist()
    assert names == [f"vaultencoder{number}" for number in range(128)]
    embeddings = encoder.set_output(transform="pandas").transform(frame)
    assert isinstance(embeddings, pd.DataFrame)
    assert embeddings.columns.tolist() == names
    assert embeddings.to_numpy().tobytes() == encoder.model_.embed(X).tobytes()
    with pytest.raises(ValueError, match="feature names"):
        encoder.transform(frame[frame.columns[::-1]])


@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
@pytest.mark.parametrize("estimator", [VaultEncoder("linear"), VaultVerifier("linear")])
def test_what_is_no_scans_is_refused(estimator, rows) -> None:
    X, y, _ = rows
    fitted = clone(estimator).fit(X, y)
    embed = getattr(fitted, "transform", None) or fitted.predict
    with_infinity, beyond = X.copy(), X.copy()
    with_infinity[3, 2], beyond[3, 2] = np.inf, 1e300
    for wrong, exception, text in [
        (X[0], ValueError, "Expected 2D array, got 1D array"),
        (np.float32(1), ValueError, "Expected 2D array"),
        (X[:, np.newaxis, np.newaxis], ValueError, "flatten the voxels"),
        (X[:0], ValueError, "0 sample"),
        (X[:0, np.newaxis], ValueError, "there are no values"),
        (scipy.sparse.csr_array(X), TypeError, "[Ss]parse"),
        (X.astype(complex), ValueError, "Complex data not supported"),
        (np.full(X.shape, "a"), ValueError, "could not convert"),
        (X[:, np.newaxis].astype(str), TypeError, "not text"),
        (with_infinity, ValueError, "infinity"),
        (with_infinity[:, np.newaxis], ValueError, "infinity"),
        (list(with_infinity[:, np.newaxis]), ValueError, "infinity"),
        (beyond, ValueError, "infinity or a value too large"),
        (np.ones_like(X), ValueError, "says nothing"),
    ]:
        for method in [embed, lambda values: clone(estimator).fit(values, y)]:
            with pytest.raises(exception, match=text):
                method(wrong)
    for narrow in [X[:, :5], X[:, np.newaxis, :5], list(X[:, np.newaxis, :5])]:
        with pytest.raises(ValueError, match=r"5 features, but Vault.* expecting 8 features"):
            embed(narrow)
    with pytest.raises(NotFittedError):
        getattr(clone(estimator), embed.__name__)(X)


def test_recordings_are_refused_because_arrays_have_no_gaps(haxby) -> None:
    for recordings in [haxby, list(haxby)]:
        with pytest.raises(TypeError, match="gaps in time"):
            VaultEncoder("linear").fit(recordings, haxby.scan_labels)


@pytest.mark.filterwarnings("ignore:scans. white space around labels:UserWarning")
@pytest.mark.parametrize("estimator", [VaultEncoder("linear"), VaultVerifier("linear")])
def test_labels_and_groups_are_one_for_each_scan(estimator, rows) -> None:
    X, y, sessions = rows
    for labels, groups, text in [
        (None, None, "requires y"),
        (y[:-1], None, "inconsistent"),
        (y, sessions[:-1], "inconsistent"),
        (y + 0.5, None, "Unknown label type"),
        (np.where(y == 10, np.nan, y), None, "NaN"),
        (["a", np.nan, *["b"] * 58], None, "number 1 is missing"),
        (np.full(60, 10), None, "class"),
        (np.where(y == 10, "ada ", np.where(y == 20, "ada", "bob")), None, "white space"),
        (y, np.where(sessions == 0, np.nan, sessions), "groups|sessions"),
    ]:
        with pytest.raises(ValueError, match=text):
            clone(estimator).fit(X, labels, groups)


def test_missing_values_follow_the_fill_rule_of_the_model(rows) -> None:
    X, y, _ = rows
    holes = X.copy()
    holes[3, 2] = holes[40, :4] = np.nan
    model = neural_vault.train(holes, y, recipe="linear")
    expected = model.embed(holes).tobytes()
    masked = np.ma.masked_array(np.nan_to_num(holes), np.isnan(holes))
    for given in [holes, holes[:, np.newaxis], pd.DataFrame(holes), pd.DataFrame(holes).astype("Float64"), masked]:
        encoder = VaultEncoder("linear").fit(given, y)
        assert encoder.model_.digest == model.digest
        assert encoder.transform(given).tobytes() == expected
    assert VaultVerifier("linear", threshold=0).fit(holes, y).predict(holes).tolist()[3] == 10


def test_a_fitted_estimator_can_be_pickled(rows) -> None:
    X, y, sessions = rows
    encoder = VaultEncoder("linear").fit(X, y, sessions)
    again = pickle.loads(pickle.dumps(encoder))
    assert again.transform(X).tobytes() == encoder.transform(X).tobytes()
    assert again.model_.sessions == encoder.model_.sessions
    verifier = VaultVerifier("linear").fit(X, y, sessions)
    again = pickle.loads(pickle.dumps(verifier))
    assert np.array_equal(again.decision_function(X), verifier.decision_function(X))


def test_a_verifier_scores_by_cosine_to_the_mean_embedding_of_each_label(scans) -> None:
    X, y, runs = scans
    train = runs < "run04"
    verifier = VaultVerifier("linear").fit(X[train], y[train], runs[train])
    model = neural_vault.train(X[train], y[train], runs[train], recipe="linear")
    embeddings = model.embed(X).astype(np.float64)
    prototypes = np.stack([embeddings[train & (y == label)].mean(axis=0) for label in verifier.classes_])
    unit = [vectors / np.linalg.norm(vectors, axis=1, keepdims=True) for vectors in (embeddings, prototypes)]
    scores = verifier.similarity(X)
    np.testing.assert_allclose(scores, unit[0] @ unit[1].T, atol=1e-6)
    assert np.array_equal(verifier.decision_function(X), scores - verifier.threshold_)
    assert np.array_equal(verifier.predict(X), verifier.classes_[scores.argmax(axis=1)])
    own = scores[np.arange(len(y)), np.searchsorted(verifier.classes_, y)]
    assert np.array_equal(verifier.verify(X, y), own >= verifier.threshold_)
    assert not verifier.verify(X, np.roll(y, 6)).all()
    assert verifier.verify(X[~train], y[~train]).mean() > 0.75


def test_a_threshold_is_that_of_trials_whose_scans_trained_no_model(scans) -> None:
    X, y, runs = scans
    verifier = VaultVerifier("linear", cv=LeaveOneGroupOut()).fit(X, y, runs)
    genuine, impostor = [], []
    for run in np.unique(runs):
        train, test = runs != run, runs == run
        fold = VaultVerifier("linear", threshold=0).fit(X[train], y[train], runs[train])
        scores, own = fold.similarity(X[test]), y[test][:, np.newaxis] == fold.classes_
        genuine.append(scores[own])
        impostor.append(scores[~own])
    assert np.array_equal(verifier.genuine_scores_, np.concatenate(genuine))
    assert np.array_equal(verifier.impostor_scores_, np.concatenate(impostor))
    eer = neural_vault.metrics.eer(verifier.genuine_scores_, verifier.impostor_scores_)
    assert verifier.threshold_ == eer.threshold
    false_matches = (verifier.impostor_scores_ >= verifier.threshold_).mean()
    false_non_matches = (verifier.genuine_scores_ < verifier.threshold_).mean()
    assert abs(false_matches - false_non_matches) < 0.03
    assert 0.02 < false_matches < 0.3
    in_sample = VaultVerifier("linear", threshold=0).fit(X, y, runs).similarity(X)
    assert in_sample.max(axis=1).min() > np.quantile(verifier.genuine_scores_, 0.2), "scans that train score higher"
    with pytest.raises(ValueError, match="give one, or more scans"):
        VaultVerifier("linear", cv=3).fit(X[runs < "run02"], y[runs < "run02"], runs[runs < "run02"])


def test_a_threshold_may_be_given_or_allow_a_false_match_rate(scans) -> None:
    X, y, runs = scans
    assert VaultVerifier("linear", threshold=0.25).fit(X, y).threshold_ == 0.25
    for rate in (0.01, 0.1):
        verifier = VaultVerifier("linear", fmr=rate).fit(X, y, runs)
        assert (verifier.impostor_scores_ >= verifier.threshold_).mean() <= rate
        lower = verifier.impostor_scores_[verifier.impostor_scores_ < verifier.threshold_].max()
        assert (verifier.impostor_scores_ >= lower).mean() > rate, "it is the lowest such threshold"
    for options, text in [
        ({"threshold": 0.5, "fmr": 0.1}, "give one of them"),
        ({"threshold": 1.5}, "from -1 to 1"),
        ({"threshold": np.nan}, "from -1 to 1"),
        ({"fmr": 0.001}, "336 impostor trials"),
        ({"fmr": 1.0}, "impostor trials"),
    ]:
        with pytest.raises(ValueError, match=text):
            VaultVerifier("linear", **options).fit(X, y, runs)


def test_a_scan_that_no_label_accepts_has_the_label_of_rejection(rows) -> None:
    X, y, sessions = rows
    strangers = np.random.default_rng(5).normal(size=(40, 8)) + 3 * np.eye(8)[6]
    both = np.concatenate([X, strangers])
    for labels, reject in [(y, -1), (y.astype(str), "a stranger"), (y.astype(str).astype(object), "a stranger")]:
        verifier = VaultVerifier("linear", reject_label=reject).fit(X, labels, sessions)
        scores, found = verifier.similarity(both), verifier.predict(both)
        is_rejected = scores.max(axis=1) < verifier.threshold_
        assert is_rejected[60:].mean() > 0.2
        assert is_rejected[:60].mean() < 0.1
        assert np.array_equal(found == reject, is_rejected)
        assert np.array_equal(found[~is_rejected], verifier.classes_[scores.argmax(axis=1)][~is_rejected])
    for wrong, text in [("stranger", "another type"), (20, "20 is a label")]:
        with pytest.raises(ValueError, match=text):
            VaultVerifier("linear", reject_label=wrong).fit(X, y)


def test_two_labels_have_one_decision_and_two_similarities(rows) -> None:
    X, y, sessions = (values[rows[1] != 30] for values in rows)
    verifier = VaultVerifier("linear").fit(X, y, sessions)
    scores = verifier.similarity(X)
    assert scores.shape == (40, 2)
    assert np.array_equal(verifier.decision_function(X), scores[:, 1] - scores[:, 0])
    scorer = make_scorer(roc_auc_score, response_method="decision_function")
    assert cross_val_score(VaultVerifier("linear"), X, y, groups=sessions, cv=GroupKFold(5), scoring=scorer).min() > 0.9
    assert verifier.verify(X, y).mean() > 0.9


def test_claims_are_one_enrolled_label_a_scan(rows) -> None:
    X, y, _ = rows
    verifier = VaultVerifier("linear", threshold=0).fit(X, y)
    for claims, text in [
        (y[:-1], r"shape \(59,\)"),
        (10, r"shape \(\)"),
        (np.where(y == 10, 40, y), "40 is not enrolled"),
    ]:
        with pytest.raises(ValueError, match=text):
            verifier.verify(X, claims)


def run_python(lines: str) -> str:
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_package_does_without_scikit_learn_until_an_estimator_is_asked_for() -> None:
    assert {"VaultEncoder", "VaultVerifier"} <= set(dir(neural_vault))
    lines = "import sys, neural_vault; print(sorted({'sklearn', 'pandas', 'joblib', 'scipy'} & set(sys.modules)))"
    assert run_python(lines) == "[]\n"
    missing = "import sys; sys.modules['sklearn'] = None\nimport neural_vault\ntry: neural_vault.VaultEncoder\n"
    assert 'pip install "neural-vault[sklearn]"' in run_python(missing + "except ImportError as error: print(error)")
    with pytest.raises(AttributeError, match="no attribute 'VaultDecoder'"):
        _ = neural_vault.VaultDecoder


@pytest.mark.parametrize("estimator", [VaultEncoder, VaultVerifier])
def test_the_examples_of_the_documentation_do_what_they_say(estimator) -> None:
    module = sys.modules[estimator.__module__]
    found = doctest.testmod(module)
    assert found.attempted > 5
    assert found.failed == 0
