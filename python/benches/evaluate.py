"""`neural_vault.evaluate` beside `neural-vault evaluate` on the recordings that ship with the project.

Both read the recordings, train, score and write the same document, in turn; the start of Python is left out. Prints medians in
seconds and the ratio. `NEURAL_VAULT_PROGRAM` names the program; it is `target/release/neural-vault` otherwise.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import neural_vault

RECORDINGS = Path(__file__).parents[2] / "models/data/haxby/haxby_slice_runs00-05.csv.gz"
PROGRAM = os.environ.get("NEURAL_VAULT_PROGRAM", str(Path(__file__).parents[2] / "target/release/neural-vault"))
ROUNDS = 5


def main() -> None:
    """Print the median times of both, taken in turn."""
    command = [PROGRAM, "evaluate", RECORDINGS, "--protocol", "folds", "--recipe", "linear", "--probe-windows", "1,9"]
    here, there = [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            began = time.perf_counter()
            recordings = neural_vault.load(RECORDINGS)
            found = neural_vault.evaluate(recordings, protocol="folds", recipe="linear", probe_windows=[1, 9])
            found.save(Path(folder) / f"python{number}.json")
            here.append(time.perf_counter() - began)
            began = time.perf_counter()
            written = Path(folder) / f"command{number}.json"
            subprocess.run([*map(str, command), "-o", str(written), "--quiet"], check=True, stdout=subprocess.DEVNULL)
            there.append(time.perf_counter() - began)
    python, program = statistics.median(here), statistics.median(there)
    print(f"python   {python:7.3f} s\ncommand  {program:7.3f} s\nratio    {python / program:7.3f}")


if __name__ == "__main__":
    main()
