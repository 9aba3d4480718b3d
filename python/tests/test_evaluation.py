"""Evaluations are those of the command line, to the byte, and are shown as tables and pages."""

from __future__ import annotations

import csv
import html
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import neural_vault
import numpy as np
import pandas as pd
import pytest
from conftest import HAXBY, TRAINING
from neural_vault import Evaluation, metrics

DATE = "1000000000"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, command) -> Path:
    """Stimuli and persons: small synthetic recordings, and models of them."""
    folder = tmp_path_factory.mktemp("evaluation")
    size = ["--classes", 6, "--timesteps", 8, "--sessions", 3, "--features", 24, "--noise", 1.5]
    command("synth", "-o", folder / "stimuli.csv", *size)
    size = ["--timesteps", 60, "--sessions", 3, "--features", 12, "--noise", 1]
    command("synth", "-o", folder / "persons.csv", "--classes", 5, *size)
    command("synth", "-o", folder / "named.csv", "--classes", 4, "--seed", 9, *size)
    others = neural_vault.load(folder / "named.csv")
    names = ["other " + label for label in others.scan_labels]
    others = neural_vault.Recordings.from_scans([scan.frames for scan in others], names, others.scan_sessions)
    others.save(folder / "others.npz")
    (folder / "parcels.txt").write_text("1 1 2 2 3 3 4 4 5 5 6 0\n")
    return folder


@pytest.fixture(scope="module")
def evaluation(haxby) -> Evaluation:
    """The linear recipe beside raw cosine, six runs in folds."""
    methods = ["neuralvault", "raw-cosine"]
    options: dict[str, Any] = {"methods": methods, "recipe": "linear", "probe_windows": [9], "replicates": 100}
    return neural_vault.evaluate(haxby, protocol="folds", sweeps=False, **options)


def without_command(path: Path) -> str:
    """A results file without its line that holds the command."""
    lines = path.read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith('    "command": ')]
    assert len(kept) == len(lines) - 1
    return "".join(kept)


@pytest.mark.parametrize(
    ("data", "arguments", "options"),
    [
        (
            HAXBY,
            "--recipe linear --methods neural,neuralvault,raw-cosine",
            {"recipe": "linear", "methods": ["neural", "neuralvault", "raw-cosine"]},
        ),
        (
            "stimuli.csv",
            (
                "--protocol in-sample --protocol folds --methods neuralvault,lda --weights i8i16,f16 --probe-windows 1,4 "
                "--steps 3 --windows 1,2 --seeds 2 --seed 5"
            ),
            {
                "protocol": ["in-sample", "folds"],
                "methods": ["neuralvault", "lda"],
                "weights": ["i8i16", "f16"],
                "probe_windows": [1, 4],
                "steps": 3,
                "windows": [1, 2],
                "seeds": 2,
                "seed": 5,
            },
        ),
        (
            "stimuli.csv",
            (
                "--protocol sessions --train-sessions run01 --enroll-sessions run00 --probe-sessions run02 --recipe linear "
                "--open-set"
            ),
            {
                "protocol": "sessions",
                "training_sessions": ["run01"],
                "enrol_sessions": ["run00"],
                "probe_sessions": ["run02"],
                "recipe": "linear",
                "open_set": True,
            },
        ),
        (
            "persons.csv",
            (
                "--protocol unseen-persons --frames 20,10 --evaluated-persons 3 --draws 5 --background others.npz "
                "--parcels parcels.txt --methods connectome,fingerprint"
            ),
            {
                "protocol": "unseen-persons",
                "frames": [20, 10],
                "evaluated_persons": 3,
                "draws": 5,
                "background": "others.npz",
                "parcels": "parcels.txt",
                "methods": ["connectome", "fingerprint"],
            },
        ),
    ],
)
def test_results_are_those_of_the_command(tmp_path, monkeypatch, command, folder, data, arguments, options) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", DATE)
    monkeypatch.chdir(folder)
    common = ["--replicates", 50, "--engine", "tract", "-o", tmp_path / "c.json", "--scores", tmp_path / "c.csv"]
    said = command("evaluate", data, *arguments.split(), *common).stdout
    if "background" in options:
        options = options | {"background": neural_vault.load(options["background"])}
    # Single frames of a recipe with windows, and few background persons, are noted.
    with pytest.warns(UserWarning) if "probe_windows" not in options else nullcontext():
        found = neural_vault.evaluate(neural_vault.load(data), replicates=50, engine="tract", **options)
    found.save(tmp_path / "p.json")
    assert (tmp_path / "p.json").read_text() == without_command(tmp_path / "c.json")
    scores = found.scores()
    with (tmp_path / "c.csv").open(newline="") as file:
        written = list(csv.DictReader(file))
    assert len(scores) == len(written) > 0
    for name in scores:
        assert list(scores[name]) == [type(scores[name].iloc[0])(row[name]) for row in written], name
    assert said.startswith(repr(found) + "\n")
    document = json.loads((tmp_path / "p.json").read_text())
    assert found.to_dict() == document
    assert document["data"]["files"] == [Path(data).name]


@pytest.mark.filterwarnings("ignore:4 background persons")
@pytest.mark.parametrize("kind", ["windows", "connectome"])
def test_results_of_a_given_model_are_those_of_the_command(tmp_path, monkeypatch, command, folder, kind) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", DATE)
    monkeypatch.chdir(folder)
    if kind == "windows":
        data, train = "stimuli.csv", ["stimuli.csv", "--recipe", "linear", "--sessions", "run00,run01"]
    else:
        data, train = "persons.csv", ["others.npz", "--recipe", "connectome", "--frames", 20]
    command("train", *train, "--out", tmp_path / "model")
    command("evaluate", data, "--model", tmp_path / "model", "--replicates", 50, "-o", tmp_path / "c.json")
    model = neural_vault.Model.load(tmp_path / "model")
    found = neural_vault.evaluate(neural_vault.load(data), model=model, replicates=50)
    found.save(tmp_path / "p.json")
    assert (tmp_path / "p.json").read_text() == without_command(tmp_path / "c.json")


def test_arrays_are_evaluated_as_recordings_are(haxby, evaluation) -> None:
    options: dict[str, Any] = {"methods": ["neuralvault", "raw-cosine"], "recipe": "linear", "probe_windows": [9]}
    scans = np.stack([scan.frames for scan in haxby])
    labels, sessions = haxby.scan_labels, haxby.scan_sessions
    found = neural_vault.evaluate(
        scans, labels, sessions, protocol="folds", sweeps=False, replicates=100, threads=1, **options
    )
    pd.testing.assert_frame_equal(found.to_frame(), evaluation.to_frame())
    assert found.to_dict()["data"]["files"] == []
    assert found.to_dict()["data"]["sha256"] == evaluation.to_dict()["data"]["sha256"]


def test_a_frame_has_a_row_for_each_method_with_intervals(evaluation) -> None:
    frame = evaluation.to_frame()
    assert list(frame["method"]) == ["NeuralVault", "raw cosine"]
    assert set(frame["protocol"]) == {"folds"} and set(frame["window_frames"]) == {9}
    assert list(frame["genuine_trials"]) == [48, 48] and list(frame["impostor_trials"]) == [336, 336]
    document = evaluation.to_dict()["protocols"][0]
    for row, method in zip(frame.itertuples(), document["methods"], strict=True):
        assert [row.eer_percent_low, row.eer_percent_high] == method["eer_percent"]["interval"]
        assert (row.eer_percent, row.d_prime, row.roc_auc, row.accuracy, row.macro_f1) == (
            method["eer_percent"]["value"],
            method["d_prime"]["value"],
            method["roc_auc"]["value"],
            method["accuracy"],
            method["macro_f1"],
        )
    assert frame["eer_difference"].isna().tolist() == [True, False]
    assert frame["eer_difference"][1] == document["differences"][0]["eer_percent"]["value"]
    assert frame["leaks"].isna().all()


def test_metrics_of_the_scores_by_session_and_label_are_the_figures_of_the_document(evaluation) -> None:
    scores = evaluation.scores()
    assert len(scores) == 2 * (48 + 336)
    for method in evaluation.to_dict()["protocols"][0]["methods"]:
        own = scores[scores["method"] == method["name"]]
        genuine, impostor = (own[own["kind"] == kind] for kind in ("genuine", "impostor"))
        groups = [kind[["probe_session", "probe_label"]] for kind in (genuine, impostor)]
        for figure, name in [(metrics.eer, "eer_percent"), (metrics.dprime, "d_prime"), (metrics.roc_auc, "roc_auc")]:
            found = figure(
                genuine["score"],
                impostor["score"],
                genuine_groups=groups[0],
                impostor_groups=groups[1],
                replicates=100,
            )
            assert {"value": found.value, "interval": list(found.interval)} == method[name]


def test_names_that_look_like_numbers_or_missing_values_stay_names() -> None:
    random = np.random.default_rng(0)
    labels, sessions = np.repeat(["NA", "007", "1e3"], 8), np.tile(["01", "nan"], 12)
    scans = random.normal(size=(24, 2, 8)) + np.repeat(random.normal(size=(3, 1, 8)), 8, axis=0)
    options: dict[str, Any] = {"recipe": "linear", "methods": ["raw-cosine"], "probe_windows": [2], "sweeps": False}
    found = neural_vault.evaluate(scans, labels, sessions, protocol="in-sample", replicates=20, **options)
    scores = found.scores()
    assert set(scores["probe_label"]) == {"NA", "007", "1e3"}
    assert set(scores["probe_session"]) == {"01", "nan"}


def test_all_trials_are_counted_and_listed_where_the_document_shortens_its_lists(tmp_path) -> None:
    random = np.random.default_rng(0)
    labels, sessions = np.repeat([f"{label:02}" for label in range(24)], 40), np.tile(np.repeat(["a", "b"], 20), 24)
    options: dict[str, Any] = {"recipe": "linear", "methods": ["raw-cosine"], "sweeps": False, "replicates": 20}
    found = neural_vault.evaluate(
        random.normal(size=(960, 1, 8)), labels, sessions, protocol="in-sample", probe_windows=[1], **options
    )
    impostors = 23 * 960
    assert (found.to_frame()["genuine_trials"][0], found.to_frame()["impostor_trials"][0]) == (960, impostors)
    assert len(found.scores()) == 960 + impostors
    document = found.to_dict()["protocols"][0]
    assert "trials" not in document and len(document["methods"][0]["impostor"]) == 20_000
    found.save(tmp_path / "results.json")
    assert len(Evaluation.load(tmp_path / "results.json").scores()) == 0


def test_files_are_read_again_and_never_replaced_unasked(tmp_path, evaluation) -> None:
    path = tmp_path / "results.json"
    evaluation.save(path)
    again = Evaluation.load(path)
    assert again.to_dict() == evaluation.to_dict() and repr(again) == repr(evaluation)
    pd.testing.assert_frame_equal(again.scores(), evaluation.scores(), check_exact=True)
    again.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()
    with pytest.raises(FileExistsError, match=r"results\.json"):
        again.save(path)
    again.save(path, overwrite=True)
    evaluation.save_report(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text() == evaluation.html() == again.html()
    with pytest.raises(FileExistsError):
        evaluation.save_report(tmp_path / "report.html")
    with pytest.raises(FileNotFoundError, match="absent"):
        evaluation.save(tmp_path / "absent" / "results.json")
    with pytest.raises(FileNotFoundError, match=r"absent\.json"):
        Evaluation.load(tmp_path / "absent.json")
    for text in ["", "[]", '{"schema": "neural-vault/verify/1"}', '{"schema": "neural-vault/evaluate/2"}']:
        path.write_text(text)
        with pytest.raises(ValueError, match=r"results\.json"):
            Evaluation.load(path)


def test_a_notebook_shows_the_report_in_a_frame_of_its_own(evaluation) -> None:
    shown = evaluation._repr_html_()
    assert shown.startswith("<iframe ") and shown.endswith("</iframe>") and shown.count("<") == 2
    page = shown.split('srcdoc="')[1].split('"')[0]
    assert html.unescape(page) == evaluation.html()
    assert "<script" not in evaluation.html()


def test_without_pandas_the_message_says_how_to_install_it(monkeypatch, evaluation) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    for table in evaluation.to_frame, evaluation.scores:
        with pytest.raises(ImportError, match=r"pip install 'neural-vault\[pandas\]'"):
            table()
    assert "EER" in repr(evaluation)


def test_progress_counts_every_stage_to_its_end(haxby) -> None:
    seen: dict[tuple[str, str], tuple[int, int]] = {}

    def progress(protocol: str, stage: str, done: int, total: int) -> None:
        seen[protocol, stage] = max(seen.get((protocol, stage), (0, 0))[0], done), total

    methods = ["neuralvault", "raw-cosine"]
    options: dict[str, Any] = {"methods": methods, "recipe": "linear", "probe_windows": [9], "sweeps": False}
    neural_vault.evaluate(haxby, protocol=["folds", "sessions"], replicates=20, progress=progress, **options)
    assert {protocol for protocol, _ in seen} == {"folds", "sessions"}
    assert {stage for _, stage in seen} == {"training", "encoding", "scoring", "resampling"}
    assert all(done == total > 0 for done, total in seen.values()), seen


def test_what_progress_raises_ends_the_evaluation(haxby) -> None:
    def progress(*_: object) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        neural_vault.evaluate(haxby, steps=10**6, engine="tract", probe_windows=[9], progress=progress)


def test_ctrl_c_ends_the_evaluation() -> None:
    script = (
        "import neural_vault, sys\n"
        f"haxby = neural_vault.load({str(HAXBY)!r})\n"
        "def progress(protocol, stage, done, total):\n"
        "    print(stage, done, flush=True)\n"
        "try:\n"
        "    neural_vault.evaluate(haxby, steps=10**6, engine='tract', probe_windows=[9], progress=progress)\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(77)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith("training") and line != "training 0\n":
                break
        began = time.monotonic()
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=30)
    assert child.returncode == 77
    assert time.monotonic() - began < 20


def test_single_frames_of_a_recipe_with_windows_are_warned_of(haxby) -> None:
    options: dict[str, Any] = {"methods": ["raw-cosine"], "recipe": "linear", "sweeps": False, "replicates": 20}
    with pytest.warns(UserWarning, match="single frames are scored") as warned:
        neural_vault.evaluate(haxby, protocol="folds", **options)
    assert warned[0].filename == __file__


@pytest.mark.filterwarnings("ignore:single frames")
@pytest.mark.parametrize(
    ("options", "exception", "text"),
    [
        ({"protocol": "fold"}, ValueError, 'protocol "fold" is none of in-sample, random, blocks'),
        ({"protocol": ["folds", "held-back"]}, ValueError, 'protocol "held-back" is none of'),
        ({"methods": ["cosine"]}, ValueError, 'method "cosine" is none of sha256'),
        ({"methods": "raw-cosine"}, TypeError, "methods: "),
        ({"weights": ["int8"]}, ValueError, 'weights "int8" is none of f32'),
        (
            {"methods": ["fingerprint"]},
            ValueError,
            "no protocol here scores method fingerprint; it belongs to protocol unseen",
        ),
        ({"recipe": "best"}, ValueError, 'recipe "best" is none of'),
        ({"recipe": "linear", "steps": 3}, ValueError, "recipe linear takes no steps"),
        ({"recipe": "connectome"}, ValueError, "which protocol unseen-persons scores"),
        ({"step": 3}, TypeError, "step"),
        ({"engine": "torch"}, ValueError, 'engine "torch"'),
        ({"probe_sessions": ["run77"]}, ValueError, "no session `run77`; there are `run00`"),
        ({"protocol": "sessions", "probe_sessions": ["run01"]}, ValueError, "protocol sessions needs"),
        ({"probe_windows": [10]}, ValueError, "windows of 10 frames: the longest scan"),
        ({"probe_windows": [0]}, ValueError, "frames of a window 0: 1 to 512 are possible"),
        ({"probe_windows": [1.5]}, TypeError, "probe_windows"),
        ({"replicates": 5}, ValueError, "replicates 5: 20 to 100000 are possible"),
        ({"seeds": 0}, ValueError, "seeds 0: 1 to 100 are possible"),
        ({"seed": -1}, ValueError, "seed"),
        ({"protocol": "unseen-persons", "frames": [9]}, ValueError, "3 to 128 regions covary"),
        ({"parcels": [1.5]}, ValueError, "parcels"),
        ({"parcels": "absent.txt"}, OSError, "absent.txt"),
        ({"background": [1]}, TypeError, "background"),
        ({"labels": ["a"]}, TypeError, "labels and sessions of their own"),
    ],
)
def test_what_does_not_fit_is_refused(haxby, options, exception, text) -> None:
    with pytest.raises(exception, match=text):
        neural_vault.evaluate(haxby, **options)


def test_what_a_training_takes_is_refused_beside_a_model(haxby, linear) -> None:
    with pytest.raises(ValueError, match="a model is scored as it is, without protocol, recipe, steps"):
        neural_vault.evaluate(haxby, model=linear, protocol="folds", recipe="linear", steps=3)
    with pytest.raises(TypeError, match=r"such as Model\.load\(path\), not str"):
        neural_vault.evaluate(haxby, model="model")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="with this model there are sha256, hmac"):
        neural_vault.evaluate(haxby, model=linear, methods=["lda"])
    with pytest.raises(ValueError, match="need a connectome model"):
        neural_vault.evaluate(haxby, model=linear, frames=[25])
    narrow = neural_vault.Recordings.from_scans(np.ones((4, 9, 3)), list("aabb"), ["1", "2", "1", "2"])
    with pytest.raises(ValueError, match="a frame has 3 features, the model takes 530"):
        neural_vault.evaluate(narrow, model=linear)
    found = neural_vault.evaluate(haxby, model=linear, sweeps=False, replicates=20)
    assert found.to_frame()["protocol"].unique().tolist() == ["held-back"]
    assert found.to_dict()["settings"]["model"]["training_sessions"] == TRAINING


def test_scans_without_labels_cannot_be_evaluated() -> None:
    with pytest.raises(TypeError, match="scans need labels"):
        neural_vault.evaluate(np.ones((4, 9, 3)))
