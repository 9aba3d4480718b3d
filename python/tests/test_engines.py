"""The engine that trains is found in the environment of the interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys


def test_onnx_runtime_is_looked_for_in_an_environment_that_is_not_active() -> None:
    kept = {"HOME", "LD_LIBRARY_PATH", "PYTHONPATH", "SYSTEMROOT"}
    environment = {name: value for name, value in os.environ.items() if name in kept}
    line = [sys.executable, "-m", "neural_vault", "runtime", "status", "--json"]
    done = subprocess.run(line, env=environment | {"PATH": ""}, capture_output=True, text=True, check=True)
    places = [place["path"] for place in json.loads(done.stdout)["looked_in"]]
    assert sys.prefix in places
