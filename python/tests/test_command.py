"""The package's command is the program that cargo builds."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import neural_vault
import pytest
from conftest import HAXBY, PROGRAM, ROOT

SCRIPTS = tomllib.loads((ROOT / "python/pyproject.toml").read_text())["project"]["scripts"]
MODULE, FUNCTION = SCRIPTS["neural-vault"].split(":")
#: What pip writes into the script, and the module.
SCRIPT = [sys.executable, "-c", f"import sys; from {MODULE} import {FUNCTION}; sys.exit({FUNCTION}())"]
AS_MODULE = [sys.executable, "-m", "neural_vault"]
COMMANDS = pytest.mark.parametrize("command", [[PROGRAM], SCRIPT, AS_MODULE], ids=["program", "script", "module"])
PYTHON = pytest.mark.parametrize("command", [SCRIPT, AS_MODULE], ids=["script", "module"])


@PYTHON
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["inspect", HAXBY, "--json"], 0),
        (["verify", "--help"], 0),
        (["inspect", "absent.csv"], 3),
        (["inspect", "absent.csv", "--json"], 3),
        (["no-such-command"], 2),
        ([], 2),
    ],
    ids=lambda value: " ".join(Path(word).name for word in value) if isinstance(value, list) else None,
)
def test_it_prints_and_ends_like_the_program(command: list[str], arguments: list[str | Path], code: int) -> None:
    expected = subprocess.run([PROGRAM, *arguments], capture_output=True, check=False)
    found = subprocess.run([*command, *arguments], capture_output=True, check=False)
    assert expected.returncode == code
    assert (found.returncode, found.stdout, found.stderr) == (code, expected.stdout, expected.stderr)


def test_its_version_is_that_of_the_package() -> None:
    said = subprocess.run([*AS_MODULE, "--version"], capture_output=True, text=True, check=True).stdout
    assert said == f"neural-vault {neural_vault.__version__}\n"


@PYTHON
def test_a_name_that_is_not_utf8_is_a_name(command: list[str], tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff.csv.gz"
    shutil.copy(HAXBY, os.fsdecode(name))
    said = subprocess.run([*command, "inspect", name], capture_output=True, check=False)
    assert (said.returncode, said.stderr) == (0, b"")


@COMMANDS
def test_ctrl_c_ends_it_with_130(command: list[str], tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    child = subprocess.Popen([*command, "inspect", pipe], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    # Opening waits for the command to read.
    with pipe.open("w"):
        child.send_signal(signal.SIGINT)
        said, error = child.communicate(timeout=30)
    assert (child.returncode, said, error) == (130, b"", b"error: stopped by Ctrl-C\n")


@COMMANDS
def test_a_reader_that_closes_the_pipe_gets_no_traceback(command: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as output:
        ended = subprocess.run([*command, "inspect", HAXBY], stdout=output, stderr=subprocess.PIPE, check=False)
    assert (ended.returncode, ended.stderr) == (7, b"")
