"""`metrics.eer` with 1,000 bootstrap replicates beside a vectorised NumPy script that sorts the scores once.

Run it with the package installed: `python python/benches/eer.py`. Prints medians in seconds, the ratio, and both intervals,
which must agree as two runs with other seeds do.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from neural_vault import metrics

REPLICATES = 1000
ROUNDS = 5


def with_numpy(genuine: np.ndarray, impostor: np.ndarray, seed: int) -> tuple[float, float]:
    """Compute the same interval in NumPy: draws are counted in the order of the scores and summed along it."""
    random = np.random.default_rng(seed)
    genuine, impostor = -np.sort(-genuine), -np.sort(-impostor)
    thresholds = np.unique(np.concatenate([genuine, impostor]))[::-1]
    accepted = [np.searchsorted(-scores, -thresholds, side="right") for scores in (genuine, impostor)]
    rates = []
    for _ in range(REPLICATES):
        shares = []
        for scores, count in zip((genuine, impostor), accepted, strict=True):
            drawn = random.integers(0, len(scores), len(scores), dtype=np.int32)
            sums = np.cumsum(np.bincount(drawn, minlength=len(scores)))
            shares.append(np.concatenate([[0], sums])[count] / len(scores))
        matches, false_matches = shares
        both = matches + false_matches
        after = int(np.searchsorted(both, 1.0))
        above, false_above = (both[after - 1], false_matches[after - 1]) if after > 0 else (0.0, 0.0)
        share = (1 - above) / (both[after] - above)
        rates.append(100 * (false_above + share * (false_matches[after] - false_above)))
    low, high = np.percentile(rates, [2.5, 97.5])
    return float(low), float(high)


def median_time(work: Callable[[], object]) -> float:
    """Return the median time of five calls in seconds."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main() -> None:
    """Print times, their ratio and the intervals for two sets of 100,000 scores."""
    random = np.random.default_rng(0)
    for genuine_count, impostor_count in [(10_000, 90_000), (50_000, 50_000)]:
        genuine, impostor = random.normal(2, 1, genuine_count), random.normal(0, 1, impostor_count)
        ours = median_time(lambda g=genuine, i=impostor: metrics.eer(g, i, replicates=REPLICATES))
        theirs = median_time(lambda g=genuine, i=impostor: with_numpy(g, i, 0))
        found = metrics.eer(genuine, impostor, replicates=REPLICATES).interval
        expected = with_numpy(genuine, impostor, 1)
        assert found is not None
        width = expected[1] - expected[0]
        assert max(abs(a - b) for a, b in zip(found, expected, strict=True)) < 0.15 * width, (found, expected)
        print(f"{genuine_count} genuine and {impostor_count} impostor scores, {REPLICATES} replicates, {ROUNDS} rounds")
        print(f"  neural_vault  {ours:8.4f} s  [{found[0]:.3f}, {found[1]:.3f}] %")
        print(f"  numpy         {theirs:8.4f} s  [{expected[0]:.3f}, {expected[1]:.3f}] %")
        print(f"  ratio         {theirs / ours:8.1f}")


if __name__ == "__main__":
    main()
