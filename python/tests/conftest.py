"""What the tests share: the recordings that ship with the project, a model, and the command line."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import neural_vault
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
HAXBY = ROOT / "models/data/haxby/haxby_slice_runs00-05.csv.gz"
PROGRAM = os.environ.get("NEURAL_VAULT_PROGRAM", str(ROOT / "target/release/neural-vault"))
TRAINING = ["run00", "run01", "run02", "run03"]

# A shell starts what runs in its background with Ctrl-C ignored, and programs that tests interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def haxby() -> neural_vault.Recordings:
    """fMRI of eight kinds of pictures in six runs: 48 scans of 9 frames of 530 voxels."""
    return neural_vault.load(HAXBY)


@pytest.fixture(scope="session")
def linear(haxby: neural_vault.Recordings) -> neural_vault.Model:
    """A linear model of four of the six runs."""
    return neural_vault.train(haxby.select(sessions=TRAINING), recipe="linear")


@pytest.fixture(scope="session")
def command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the program that cargo built, beside the package; fails where the exit code is not the one expected."""

    def run(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        line = [PROGRAM, *map(str, arguments)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"{line}: {done.returncode}\n{done.stderr}"
        return done

    return run


def persons(numbers: Iterable[int], frames: int = 120) -> neural_vault.Recordings:
    """Persons at rest: two sessions each of 12 regions, which covary in a way of their own."""
    common = np.random.default_rng(1000).normal(size=(12, 12))
    scans, labels, sessions = [], [], []
    for number in numbers:
        person = np.random.default_rng(number)
        mixing = common + 0.8 * person.normal(size=(12, 12))
        for session in ["day1", "day2"]:
            scans.append((person.normal(size=(frames, 12)) @ mixing).astype(np.float32))
            labels.append(f"person{number}")
            sessions.append(session)
    return neural_vault.Recordings.from_scans(scans, labels, sessions)
