"""Several threads and processes use the package at once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import neural_vault
import pytest
from conftest import HAXBY

# Reads, trains and embeds before it starts its processes, and again in each of them.
PROGRAM = """
import multiprocessing
import sys

import neural_vault

def embed(path):
    recordings = neural_vault.load(path)
    return neural_vault.train(recordings, recipe="linear").embed(recordings).tobytes()

if __name__ == "__main__":
    method, path = sys.argv[1:]
    expected = embed(path)
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(embed, [path] * 4) == [expected] * 4
    assert embed(path) == expected
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_made_by_any_method_work(tmp_path, method: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    subprocess.run([sys.executable, program, method, HAXBY], check=True, timeout=120)


def test_threads_share_a_model(haxby: neural_vault.Recordings, linear: neural_vault.Model) -> None:
    expected = linear.embed(haxby).tobytes()
    with ThreadPoolExecutor(4) as threads:
        assert {scans.tobytes() for scans in threads.map(linear.embed, [haxby] * 12)} == {expected}
