"""Error rates of plain scores: the library's values, and intervals that do not depend on how scores come."""

from __future__ import annotations

import math
import os
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from neural_vault import metrics
from sklearn.metrics import det_curve, roc_auc_score, roc_curve


def scores(genuine: int = 200, impostor: int = 900, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Normal scores 1.5 deviations apart; a part of them are equal."""
    random = np.random.default_rng(seed)
    return random.normal(1.5, 1, genuine).round(2), random.normal(0, 1, impostor).round(2)


def pooled(genuine: np.ndarray, impostor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.r_[np.ones(len(genuine)), np.zeros(len(impostor))], np.r_[genuine, impostor]


def slow_eer(genuine: np.ndarray, impostor: np.ndarray) -> float:
    """The root of `1 - x - TPR(x)` on scikit-learn's ROC, in percent."""
    false, true, _ = roc_curve(*pooled(genuine, impostor), drop_intermediate=False)
    excess = 1 - true - false
    after = np.argmax(excess <= 0)
    share = excess[after - 1] / (excess[after - 1] - excess[after])
    return 100 * (false[after - 1] + share * (false[after] - false[after - 1]))


def test_figures_are_those_of_scikit_learn_and_of_the_definitions() -> None:
    genuine, impostor = scores()
    truth, values = pooled(genuine, impostor)
    found = metrics.eer(genuine, impostor)
    assert float(found) == found.value == pytest.approx(slow_eer(genuine, impostor), abs=1e-9)
    assert np.mean(impostor >= found.threshold) == pytest.approx(np.mean(genuine < found.threshold), abs=0.01)
    area = metrics.roc_auc(genuine, impostor)
    assert area.value == pytest.approx(roc_auc_score(truth, values), abs=1e-12)
    distance = abs(genuine.mean() - impostor.mean()) / math.sqrt((genuine.var() + impostor.var()) / 2 + 1e-9)
    assert metrics.dprime(genuine, impostor).value == pytest.approx(distance, rel=1e-12)


def test_curves_are_those_of_scikit_learn() -> None:
    genuine, impostor = scores()
    truth, values = pooled(genuine, impostor)
    fmr, tmr, thresholds = metrics.roc(genuine, impostor)
    expected = roc_curve(truth, values, drop_intermediate=False)
    np.testing.assert_allclose(fmr, expected[0])
    np.testing.assert_allclose(tmr, expected[1])
    np.testing.assert_array_equal(thresholds, expected[2])
    fmr, fnmr, thresholds = metrics.det(genuine, impostor)
    for false, missed, threshold in zip(*det_curve(truth, values), strict=True):
        if math.isfinite(threshold):
            at = np.flatnonzero(thresholds == threshold)[0]
            assert (fmr[at], fnmr[at]) == (pytest.approx(false), pytest.approx(missed))


def test_a_thinned_curve_keeps_its_ends_and_has_exact_intervals() -> None:
    genuine, impostor = scores(2000, 9000)
    whole, thin = metrics.det(genuine, impostor), metrics.det(genuine, impostor, points=50)
    assert len(thin.fmr) <= 50 < len(whole.fmr)
    assert (thin.fmr[0], thin.fnmr[0], thin.fmr[-1], thin.fnmr[-1]) == (0, 1, 1, 0)
    assert set(thin.thresholds) <= set(whole.thresholds)
    for rates, intervals in zip((thin.fmr, thin.fnmr), thin.intervals(), strict=True):
        assert intervals.shape == (len(rates), 2)
        assert np.all((intervals[:, 0] <= rates) & (rates <= intervals[:, 1]))
    # No error in 30 trials: Clopper and Pearson give at most 11.57 %.
    curve = metrics.roc(np.arange(30.0), [-1.0])
    assert curve.intervals()[1][-1] == pytest.approx([1 - 0.1157, 1], abs=5e-5)


def test_intervals_are_those_of_resampling_the_scores_one_by_one() -> None:
    genuine, impostor = scores(60, 150)
    random = np.random.default_rng(1)
    drawn = [(random.choice(genuine, 60), random.choice(impostor, 150)) for _ in range(1000)]
    for figure, of in [
        (metrics.eer, slow_eer),
        (metrics.roc_auc, lambda g, i: roc_auc_score(*pooled(g, i))),
        (metrics.dprime, lambda g, i: metrics.dprime(g, i, replicates=0).value),
    ]:
        low, high = np.percentile([of(*pair) for pair in drawn], [2.5, 97.5])
        found = figure(genuine, impostor, replicates=4000)
        assert found.interval is not None
        assert found.interval == pytest.approx((low, high), abs=0.12 * (high - low))
        assert found.interval[0] < found.value < found.interval[1]


def test_any_kind_of_numbers_gives_the_same_figures() -> None:
    genuine, impostor = np.arange(20) % 7 + 2, np.arange(50) % 6
    expected = metrics.eer(genuine, impostor)
    masked = np.ma.masked_array(genuine, mask=np.zeros(20, bool))
    kinds = [np.float32, np.float16, np.int8, np.uint64, ">f8", object, np.longdouble]
    for given in [list(genuine), tuple(genuine), pd.Series(genuine), masked, *(genuine.astype(kind) for kind in kinds)]:
        assert metrics.eer(given, impostor) == expected
    assert metrics.eer(np.repeat(genuine, 2)[::2], impostor) == expected, "not contiguous"
    assert metrics.eer(pd.Series(genuine, dtype="Int64"), impostor) == expected


def test_the_seed_decides_the_interval_on_any_number_of_threads() -> None:
    genuine, impostor = scores()
    script = (
        "import numpy as np\nfrom neural_vault import metrics\nrandom = np.random.default_rng(0)\n"
        "genuine, impostor = random.normal(1.5, 1, 200).round(2), random.normal(0, 1, 900).round(2)\n"
        "print(repr([f(genuine, impostor) for f in (metrics.eer, metrics.dprime, metrics.roc_auc)]))"
    )
    here = repr([figure(genuine, impostor) for figure in (metrics.eer, metrics.dprime, metrics.roc_auc)])
    for threads in "1", "3":
        environment = os.environ | {"RAYON_NUM_THREADS": threads, "PYTHONPATH": os.pathsep.join(sys.path)}
        found = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        assert found.stdout.strip() == here
    assert metrics.eer(genuine, impostor, seed=1).interval != metrics.eer(genuine, impostor).interval


def test_scores_that_depend_on_their_sessions_have_wider_intervals_by_groups() -> None:
    random = np.random.default_rng(2)
    sessions = np.repeat(np.arange(8), 50)
    genuine = random.normal(1.5, 1, 400) + random.normal(0, 1, 8)[sessions]
    impostor = random.normal(0, 1, 400)
    plain = metrics.eer(genuine, impostor)
    labels = np.tile(np.repeat(["ada", "bob", "cem", "dee", "eve"], 10), 8)
    grouped = metrics.eer(genuine, impostor, genuine_groups=sessions, impostor_groups=sessions)
    frame = pd.DataFrame({"session": [f"run{number}" for number in sessions], "label": labels})
    nested = metrics.eer(genuine, impostor, genuine_groups=frame, impostor_groups=frame)
    for found in grouped, nested:
        assert (found.value, found.threshold) == (plain.value, plain.threshold)
        assert found.interval[1] - found.interval[0] > 1.5 * (plain.interval[1] - plain.interval[0])
    # Names and the numbers of their order are the same groups.
    numbered = np.column_stack([sessions, np.unique(labels, return_inverse=True)[1]])
    assert metrics.eer(genuine, impostor, genuine_groups=numbered, impostor_groups=numbered) == nested
    one = np.zeros(400)
    assert metrics.eer(genuine, impostor, genuine_groups=one, impostor_groups=one).interval is None


def test_results_are_frozen_and_pickled() -> None:
    found = metrics.eer(*scores(20, 30))
    with pytest.raises(AttributeError):
        found.value = 0.0  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(found)) == found
    assert metrics.eer([0.9, 0.8], [0.2, 0.1], replicates=0) == metrics.Eer(0.0, None, 0.5)


@pytest.mark.parametrize("figure", [metrics.eer, metrics.dprime, metrics.roc_auc, metrics.roc, metrics.det])
@pytest.mark.parametrize(
    ("genuine", "impostor", "exception", "text"),
    [
        ([0.5, math.nan], [0.1], ValueError, "genuine score 1 is not a finite number"),
        ([0.5], [0.1, 0.2, -math.inf], ValueError, "impostor score 2 is not a finite number"),
        ([], [0.1], ValueError, "genuine: there are no scores"),
        ([0.5], np.empty(0), ValueError, "impostor: there are no scores"),
        (["a"], [0.1], TypeError, "genuine: "),
        ("0.5", [0.1], TypeError, "genuine: "),
        ([0.5], [[0.1, 0.2]], ValueError, r"impostor: shape \(1, 2\)"),
        (0.5, [0.1], ValueError, r"genuine: shape \(\)"),
        ([[0.5], [0.1, 0.2]], [0.1], ValueError, "genuine: "),
        (np.ma.masked_array([0.5, 0.6], mask=[False, True]), [0.1], ValueError, "genuine: score 1 is masked"),
        ([0.5 + 1j], [0.1], TypeError, "complex"),
        ([None], [0.1], ValueError, "genuine score 0 is not a finite number"),
        (None, [0.1], TypeError, "genuine: "),
        (pd.Series([0.5, None], dtype="Float64"), [0.1], ValueError, "genuine score 1 is not a finite number"),
        ({0.5: 1}, [0.1], TypeError, "genuine: "),
    ],
)
def test_scores_that_cannot_be_used_are_refused(figure, genuine, impostor, exception, text) -> None:
    with pytest.raises(exception, match=text):
        figure(genuine, impostor)


def test_groups_and_settings_that_do_not_fit_are_refused() -> None:
    genuine, impostor = [0.5, 0.6], [0.1, 0.2, 0.3]
    with pytest.raises(TypeError, match="of neither"):
        metrics.eer(genuine, impostor, genuine_groups=[1, 2])
    for wrong in [[1, 2, 3], [[1, 2, 3], [1, 2, 3]], 1, []]:
        with pytest.raises(ValueError, match=r"genuine_groups: shape .* for 2 scores"):
            metrics.eer(genuine, impostor, genuine_groups=wrong, impostor_groups=[1, 2, 3])
    with pytest.raises(ValueError, match="one column, or both have two"):
        metrics.eer(genuine, impostor, genuine_groups=[1, 2], impostor_groups=[[1, 2]] * 3)
    for missing in [["a", None], [1.0, math.nan], [1, "a", 2][:2]]:
        with pytest.raises((TypeError, ValueError), match="groups"):
            metrics.eer(genuine, impostor, genuine_groups=np.array(missing, object), impostor_groups=["a", "b", "c"])
    with pytest.raises(ValueError, match="replicates=-1"):
        metrics.eer(genuine, impostor, replicates=-1)
    with pytest.raises(ValueError, match="seed=-1"):
        metrics.eer(genuine, impostor, seed=-1)
    with pytest.raises(ValueError, match="points=1"):
        metrics.roc(genuine, impostor, points=1)
