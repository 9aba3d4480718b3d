"""Two workers of Ray against one on this machine, and the driver's memory.

Makes 200 recordings of 100 frames of 20,484 float32 (1.6 GB) in a temporary folder, each under ten names, which are hard
links. Embeds the 2,000 files by one worker of one CPU and by two, in turns. Ray's start is not counted. Prints the files
a second of both, their ratio, and how much memory the driver takes for 200 and for 2,000 files.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import neural_vault
import neural_vault.ray
import numpy as np
import psutil
import ray

FILES, NAMES, TURNS = 200, 10, 3
FRAMES, FEATURES = 100, 20_484


def main() -> None:
    """Measure, and print what was measured."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--folder", help="where the temporary folder is made")
    with tempfile.TemporaryDirectory(dir=arguments.parse_args().folder) as folder:
        paths, model = prepare(Path(folder))
        report_parts_of_the_work(paths[0], model)
        ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="WARNING")
        run(paths[:20], model, Path(folder), 2)
        seconds: dict[int, list[float]] = {1: [], 2: []}
        for _ in range(TURNS):
            for workers, times in seconds.items():
                times.append(run(paths, model, Path(folder), workers))
        one, two = (len(paths) * TURNS / sum(times) for times in seconds.values())
        ratios = [one / two for one, two in zip(*seconds.values(), strict=True)]
        print(f"files a second: 1 worker {one:.1f}, 2 workers {two:.1f}: {two / one:.2f} times as many")
        print("of each turn: " + " ".join(f"{ratio:.2f}" for ratio in ratios) + f"; median {np.median(ratios):.2f}")
        print(f"load average: {os.getloadavg()[0]:.1f}")
        for count in (FILES, len(paths)):
            memory = psutil.Process().memory_info().rss
            run(paths[:count], model, Path(folder), 2)
            grown = psutil.Process().memory_info().rss - memory
            print(f"memory of the driver: {memory / 1e6:.1f} MB, and {grown / 1e6:+.1f} MB after {count} files")
        ray.shutdown()


def prepare(folder: Path) -> tuple[list[Path], Path]:
    """Write the recordings and a model; return the recordings' names and the model's folder."""
    rng = np.random.default_rng(0)
    scans = rng.normal(size=(16, FRAMES, FEATURES)).astype(np.float32)
    model = neural_vault.train(
        scans, [f"person{n // 4}" for n in range(16)], [f"day{n % 4}" for n in range(16)], recipe="linear"
    )
    model.save(folder / "model")
    paths = []
    for number in range(FILES):
        first = folder / f"{number}.npy"
        np.save(first, rng.normal(size=(FRAMES, FEATURES)).astype(np.float32))
        paths.append(first)
    for name in range(1, NAMES):
        for first in paths[:FILES]:
            other = folder / f"names{name}" / first.name
            other.parent.mkdir(exist_ok=True)
            os.link(first, other)
            paths.append(other)
    return paths, folder / "model"


def report_parts_of_the_work(path: Path, model: Path) -> None:
    """Print what reading a file costs, and what embedding it does."""
    loaded = neural_vault.Model.load(model)
    recordings = neural_vault.load(path)
    times = []
    for work in (lambda: neural_vault.load(path), lambda: loaded.embed(recordings, threads=1)):
        work()
        began = time.perf_counter()
        for _ in range(10):
            work()
        times.append((time.perf_counter() - began) * 100)
    print(f"{path.stat().st_size / 1e6:.1f} MB a file: {times[0]:.1f} ms to read it, {times[1]:.1f} ms to embed it")


def run(paths: list[Path], model: Path, folder: Path, workers: int) -> float:
    """Embed files; return the seconds."""
    began = time.perf_counter()
    summary = neural_vault.ray.embed(paths, model, folder / "out", workers=workers, overwrite=True, progress=False)
    assert summary.embedded == len(paths)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
