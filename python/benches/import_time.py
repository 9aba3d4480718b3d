"""How long `import neural_vault` takes, without NumPy's share.

    python benches/import_time.py

Medians over 20 interpreters, each of which lists the time of its imports (`-X importtime`).
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median


def main() -> None:
    """Measure and print."""
    times = [imported() for _ in range(20)]
    whole, numpy = (median(column) for column in zip(*times, strict=True))
    own = median(whole - numpy for whole, numpy in times)
    print(f"neural_vault {whole / 1e3:.1f} ms, of which NumPy {numpy / 1e3:.1f} ms: its own {own / 1e3:.1f} ms")


def imported() -> tuple[int, int]:
    """Return the microseconds of neural_vault, NumPy's among them, and of NumPy."""
    line = [sys.executable, "-X", "importtime", "-c", "import neural_vault"]
    listed = subprocess.run(line, capture_output=True, text=True, check=True).stderr
    # Each line: import time: self | cumulative | name, indented by depth.
    rows = [row.split("|") for row in listed.splitlines() if row.startswith("import time:")]
    cumulative = {name.strip(): int(time) for _, time, name in rows[1:]}
    return cumulative["neural_vault"], cumulative["numpy"]


if __name__ == "__main__":
    main()
