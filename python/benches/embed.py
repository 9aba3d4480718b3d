"""Embedding a thousand scans of 9 x 20,484 in Python, beside the command line: seconds, and memory beside the array.

    python benches/embed.py [--scans 1000] [--repeats 5]

Both embed the same values on all cores. The command's time is that of a whole run, less that of a run which reads the same
file and ends before it embeds, because its model is of another width. Python's is that of `Model.embed`. They take turns, and
medians are shown. Memory is the highest resident size during a call, above what was resident before it, and the highest
that Python allocated (`tracemalloc`).

`NEURAL_VAULT_PROGRAM` names the program; it is `target/release/neural-vault` otherwise.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median

import neural_vault
import numpy as np

FRAMES, FEATURES = 9, 20_484
PROGRAM = os.environ.get("NEURAL_VAULT_PROGRAM", str(Path(__file__).parents[2] / "target/release/neural-vault"))


def main() -> None:
    """Measure, compare the bits, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scans", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), arguments.scans, arguments.repeats)


def measure(folder: Path, count: int, repeats: int) -> None:
    """Measure every model on `count` scans, from files in `folder`."""
    models = made(folder)
    scans = np.random.default_rng(1).standard_normal((count, FRAMES, FEATURES), dtype=np.float32)
    labels = np.repeat([f"scan{number:06}" for number in range(count)], FRAMES)
    recordings = folder / "scans.npz"
    np.savez(recordings, X=scans.reshape(-1, FEATURES), y=labels)
    out = folder / "embeddings.npy"
    print(f"{count} scans of {FRAMES} x {FEATURES}, {scans.nbytes / 1e6:.0f} MB; {os.cpu_count()} cores")
    print("model             command  Python  ratio  resident  tracemalloc")
    for name, path in models.items():
        model = neural_vault.Model.load(path)
        # First, so that what a call needs is not yet there from another.
        resident, allocated = memory(lambda model=model: model.embed(scans))
        whole, read, python = [], [], []
        for _ in range(repeats):
            whole.append(seconds(lambda path=path: embed(recordings, path, out, 0)))
            read.append(seconds(lambda: embed(recordings, folder / "narrow", folder / "none.npy", 3)))
            python.append(seconds(lambda model=model: model.embed(scans)))
        command = median(whole) - median(read)
        assert model.embed(scans).tobytes() == np.load(out).tobytes()
        ratio = median(python) / command
        print(
            f"{name:16} {command:6.2f} s {median(python):5.2f} s  {ratio:5.2f} {resident:6.1f} MB {allocated:9.1f} MB",
            flush=True,
        )


def made(folder: Path) -> dict[str, Path]:
    """Make the models in `folder`, and one for frames of another width."""
    narrow, wide = (synthetic(folder / f"{features}.npz", features) for features in (8, FEATURES))
    run("train", narrow, "--recipe", "linear", "--out", folder / "narrow")
    models = {}
    for recipe, options in {"linear": [], "whitened": ["--steps", 2], "reference": ["--steps", 2]}.items():
        run("train", wide, "--recipe", recipe, *options, "--out", folder / recipe)
        run("export", folder / recipe, "--weights", "i8i16", "--data", wide)
        models[f"{recipe} f32"] = folder / recipe
        models[f"{recipe} i8i16"] = folder / recipe / "model.i8i16.nvb"
    return models


def synthetic(path: Path, features: int) -> Path:
    """Write recordings of four labels in two sessions, 18 frames each."""
    values = np.random.default_rng(2).standard_normal((8, 18, features), dtype=np.float32)
    labels, sessions = list("aabbccdd"), ["one", "two"] * 4
    neural_vault.Recordings.from_scans(values, labels, sessions).save(path)
    return path


def embed(recordings: Path, model: Path, out: Path, code: int) -> None:
    """Embed by the command, which ends with `code`."""
    run("embed", recordings, "--model", model, "-o", out, "--force", "--quiet", code=code)


def run(*arguments: object, code: int = 0) -> None:
    """Run the command, which ends with `code`."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def memory(call: Callable[[], object]) -> tuple[float, float]:
    """Return by how much a call raises the resident size, and what it allocates in Python, at most, in MB."""
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # The highest size begins anew.
    call()
    resident = status("VmHWM") - before
    tracemalloc.start()
    call()
    allocated = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return resident / 1e6, allocated / 1e6


def status(name: str) -> int:
    """Bytes of a line of this process's status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    main()
