"""Ctrl-C stops what takes long, at once, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import HAXBY

TRAINING = """
import sys, neural_vault
recordings = neural_vault.load(sys.argv[1])
print("ready", flush=True)
neural_vault.train(recordings, steps=1_000_000, engine="tract")
"""

EMBEDDING = """
import sys, neural_vault
recordings = neural_vault.load(sys.argv[1])
model = neural_vault.train(recordings, steps=1, engine="tract")
scans = [recordings[0].frames] * 300_000
print("ready", flush=True)
model.embed(scans)
"""


@pytest.mark.parametrize("work", [TRAINING, EMBEDDING], ids=["training", "embedding"])
def test_ctrl_c_raises_a_keyboard_interrupt_and_leaves_nothing_behind(tmp_path, work) -> None:
    wrapped = "try:\n" + "".join(f"    {line}\n" for line in work.strip().splitlines())
    wrapped += "except KeyboardInterrupt:\n    print('interrupted', flush=True)\n"
    environment = {**os.environ, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    child = subprocess.Popen(
        [sys.executable, "-c", wrapped, str(Path(HAXBY))],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None and child.stdout.readline() == "ready\n", child.communicate()[1]
        time.sleep(1.5)
        assert child.poll() is None, "the work ended before it could be interrupted"
        pressed = time.monotonic()
        child.send_signal(signal.SIGINT)
        output, errors = child.communicate(timeout=30)
        taken = time.monotonic() - pressed
    finally:
        child.kill()
    assert (output, child.returncode) == ("interrupted\n", 0), errors
    assert taken < 5, "a step, or a hundredth of the scans, takes a second or two even on a busy machine"
    assert list(tmp_path.iterdir()) == []
