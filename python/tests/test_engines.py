"""The engine that trains is found in the environment of the interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from conftest import HAXBY


def test_onnx_runtime_is_looked_for_in_an_environment_that_is_not_active() -> None:
    kept = {"HOME", "LD_LIBRARY_PATH", "PYTHONPATH", "SYSTEMROOT"}
    environment = {name: value for name, value in os.environ.items() if name in kept}
    line = [sys.executable, "-m", "neural_vault", "runtime", "status", "--json"]
    done = subprocess.run(line, env=environment | {"PATH": ""}, capture_output=True, text=True, check=True)
    places = [place["path"] for place in json.loads(done.stdout)["looked_in"]]
    assert sys.prefix in places


TRAINING = """
import sys, neural_vault
try:
    neural_vault.train(neural_vault.load(sys.argv[1]), steps=1, engine="onnxruntime")
except RuntimeError as error:
    print(error)
"""


def test_an_engine_that_is_not_there_is_a_runtime_error(tmp_path) -> None:
    environment = os.environ | {"NEURAL_VAULT_ONNXRUNTIME": str(tmp_path / "absent")}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    line = [sys.executable, "-c", TRAINING, str(HAXBY)]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=True)
    assert "absent, which is neither the ONNX Runtime library nor a folder that holds it" in done.stdout
