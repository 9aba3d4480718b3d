"""Embeddings have the same bits in Python and on the command line."""

from __future__ import annotations

from pathlib import Path

import neural_vault
import numpy as np
import pytest
from conftest import HAXBY

FORMATS = ["f32", "f16", "i16", "i8i16", "i8"]


@pytest.mark.parametrize("weights", FORMATS)
def test_embeddings_of_every_weight_format_are_those_of_the_command(tmp_path, command, haxby, linear, weights) -> None:
    linear.save(tmp_path / "model")
    model_path: Path = tmp_path / "model"
    if weights != "f32":
        calibration = [] if weights in ("f16", "i16") else ["--data", HAXBY]
        command("export", tmp_path / "model", "--weights", weights, *calibration)
        model_path = tmp_path / f"model/model.{weights}.nvb"
    command("embed", HAXBY, "--model", model_path, "-o", tmp_path / "embeddings.npy")
    expected = np.load(tmp_path / "embeddings.npy")
    model = neural_vault.Model.load(model_path)
    assert model.weights == weights
    assert model.embed(haxby).tobytes() == expected.tobytes()
    scans = [scan.frames for scan in haxby]
    assert model.embed(scans).tobytes() == expected.tobytes()
    assert model.embed(np.stack(scans)).tobytes() == expected.tobytes()
    assert model.embed(np.stack(scans), threads=1).tobytes() == expected.tobytes()
