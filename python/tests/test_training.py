"""Models trained in Python have the bytes of those that the command trains."""

from __future__ import annotations

import inspect
import json
import re
import warnings
from pathlib import Path

import neural_vault
import numpy as np
import pytest
from conftest import HAXBY, TRAINING, persons

FILES = ["model.safetensors", "model.onnx", "model.nvb"]
RECIPES = {
    "linear": {"open_set": True},
    "whitened": {
        "steps": 20,
        "seed": 3,
        "windows": [1, 3],
        "margin": 0.2,
        "learning_rate": 0.002,
        "schedule": "cosine",
        "weight_decay": 0.01,
        "clip": 0.5,
        "dropout": 0.2,
    },
    "reference": {"steps": 2, "batch": 8, "rows": 12, "window": 3, "mining": "batch-hard", "margin": 0.4},
}


def options(settings: dict[str, object]) -> list[str]:
    """The settings as the command's options."""
    given = []
    for name, value in settings.items():
        given.append("--" + name.replace("_", "-"))
        if value is not True:
            given.append(",".join(map(str, value)) if isinstance(value, list) else str(value))
    return given


def same_files(model: neural_vault.Model, folder: Path, expected: Path) -> None:
    model.save(folder)
    for file in FILES:
        assert (folder / file).read_bytes() == (expected / file).read_bytes(), file


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_model_and_its_losses_are_those_of_the_command(tmp_path, command, haxby, recipe) -> None:
    settings = RECIPES[recipe]
    given = ["--recipe", recipe, *options(settings), "--engine", "tract", "--no-archive", "--out", tmp_path / "command"]
    command("train", HAXBY, "--sessions", ",".join(TRAINING), *given)
    losses: list[float] = []
    model = neural_vault.train(
        haxby.select(sessions=TRAINING),
        recipe=recipe,
        engine="tract",
        progress=lambda step, steps, loss: losses.append(loss),
        **settings,
    )
    same_files(model, tmp_path / "python", tmp_path / "command")
    log = tmp_path / "command/train.jsonl"
    expected = [json.loads(line)["loss"] for line in log.read_text().splitlines()] if log.exists() else []
    assert np.array_equal(np.float32(losses), np.float32(expected))
    assert len(losses) == settings.get("steps", 0)


def test_a_connectome_model_is_that_of_the_command(tmp_path, command) -> None:
    own, others = persons(range(3)), persons(range(3, 5))
    own.save(tmp_path / "own.npz")
    others.save(tmp_path / "others.npz")
    regions = np.repeat([2, 0, 7, 9, 4, 5], 2)
    np.savetxt(tmp_path / "parcels.txt", regions, fmt="%d")
    given = ["--recipe", "connectome", "--frames", 20, "--no-archive", "--out", tmp_path / "command"]
    more = ["--background", tmp_path / "others.npz", "--parcels", tmp_path / "parcels.txt"]
    command("train", tmp_path / "own.npz", *given, *more)
    own, others = (neural_vault.load(tmp_path / file) for file in ["own.npz", "others.npz"])
    for number, parcels in enumerate([regions, tmp_path / "parcels.txt", [str(tmp_path / "parcels.txt")]]):
        model = neural_vault.train(own, recipe="connectome", frames=20, background=others, parcels=parcels)
        assert model.window == 20
        same_files(model, tmp_path / str(number), tmp_path / "command")


def test_every_setting_of_the_command_is_a_parameter(command) -> None:
    help_text = command("train", "--help").stdout
    settings = help_text.split("The recipe and its settings:")[1]
    names = {name.replace("-", "_") for name in re.findall(r"^\s+--([a-z-]+)", settings, re.MULTILINE)}
    assert {"open_set", "windows", "weight_decay", "seed"} <= names
    assert names <= set(inspect.signature(neural_vault.train).parameters)


def test_arrays_train_the_model_of_the_recordings_that_they_are(haxby, linear) -> None:
    training = haxby.select(sessions=TRAINING)
    scans = np.stack([scan.frames for scan in training])
    model = neural_vault.train(scans, training.scan_labels, training.scan_sessions, recipe="linear")
    assert model == linear
    assert model.sessions == TRAINING


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"recipe": "linear", "steps": 3}, "recipe linear takes no steps; it belongs to recipe whitened or reference"),
        ({"recipe": "linear", "learning_rate": 1.0}, "recipe linear takes no learning_rate; it belongs to"),
        ({"recipe": "whitened", "open_set": True}, "recipe whitened takes no open_set; it belongs to recipe linear"),
        ({"recipe": "linear", "parcels": [1, 2, 3]}, "recipe linear takes no parcels"),
        ({"dropout": 1.5}, "dropout 1.5 is not in"),
        ({"learning_rate": float("nan")}, "learning_rate must be positive"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"steps": -1}, "steps: -1 is out of range"),
        ({"seed": -1}, "seed: -1 is out of range"),
        ({"threads": 0}, "threads: 0; at least 1"),
        ({"windows": []}, "windows"),
        ({"windows": [1, 10]}, "windows 10: the longest scan .* has 9 frames; ask for fewer"),
        ({"recipe": "reference", "window": 10}, "window 10: the longest scan"),
        ({"recipe": "reference", "mining": "all"}, 'mining "all" is none of random, batch-hard'),
        ({"schedule": "step"}, 'schedule "step" is none of constant, cosine, warm-up-cosine'),
        ({"recipe": "svm"}, 'recipe "svm" is none of whitened, linear, connectome, reference'),
        ({"engine": "torch"}, 'engine "torch" is none of'),
        ({"device": "tpu"}, 'device "tpu" is neither'),
        ({"engine": "tract", "device": "cuda"}, "tract does not run on CUDA"),
        ({"recipe": "connectome", "frames": 1}, "frames 1 is not in 2 to 65536"),
        ({"recipe": "connectome", "parcels": [[1, 2]]}, "a whole number for each feature"),
    ],
)
def test_settings_out_of_range_and_of_other_recipes_are_refused(haxby, settings, text) -> None:
    with pytest.raises(ValueError, match=text):
        neural_vault.train(haxby, **settings)


@pytest.mark.parametrize("settings", [{"steps": 1.5}, {"windows": 3}, {"batch": "8"}, {"margin": "wide"}])
def test_settings_of_another_kind_are_refused(haxby, settings) -> None:
    with pytest.raises(TypeError):
        neural_vault.train(haxby, **settings)


def test_a_background_belongs_to_the_connectome(haxby) -> None:
    with pytest.raises(ValueError, match="recipe linear takes no background"):
        neural_vault.train(haxby, recipe="linear", background=haxby)
    with pytest.raises(ValueError, match="label `person0` is in"):
        neural_vault.train(persons(range(3)), recipe="connectome", background=persons(range(1)))


def test_one_label_and_names_of_another_number_are_refused() -> None:
    scans = np.random.default_rng(0).normal(size=(4, 9, 12)).astype(np.float32)
    with pytest.raises(ValueError, match="at least two"):
        neural_vault.train(scans, ["face"] * 4, recipe="linear")
    with pytest.raises(ValueError, match="labels"):
        neural_vault.train(scans, ["face"] * 3, recipe="linear")
    with pytest.raises(TypeError, match="labels"):
        neural_vault.train(scans, recipe="linear")


def test_what_training_notes_names_the_line_that_called() -> None:
    scans = np.random.default_rng(0).normal(size=(4, 9, 12))
    scans[0, 0, 0] = np.nan
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        neural_vault.train(scans, ["a", "a", "b", "c"], list("1212"), recipe="linear")
    texts = [str(note.message) for note in notes]
    assert any("not finite" in text for text in texts) and any("one recording of b, c" in text for text in texts)
    assert {note.filename for note in notes} == {__file__}


def test_a_progress_that_raises_ends_the_training(haxby) -> None:
    steps: list[int] = []

    def progress(step: int, total: int, loss: float) -> None:
        steps.append(step)
        assert total == 1000
        if step == 2:
            raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        neural_vault.train(haxby, engine="tract", progress=progress)
    assert steps == [1, 2]
