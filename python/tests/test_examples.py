"""The examples run as they are, on small files of the kinds that they read."""

from __future__ import annotations

import dataclasses
import runpy
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

# What is noted about these small recordings is for other tests.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

EXAMPLES = Path(__file__).parents[1] / "examples"
Example = Callable[[str], dict[str, Any]]


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Example:
    """Run an example in a folder of the test; returns its variables."""
    monkeypatch.chdir(tmp_path)
    return lambda name: runpy.run_path(str(EXAMPLES / name))


def signal(*shape: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(0).normal(100, 10, size=shape).astype(np.float32)


def test_every_example_is_run() -> None:
    here = Path(__file__).read_text()
    names = sorted(path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".ipynb"))
    assert [name for name in names if f'"{name}"' not in here] == []
    assert len(names) >= 5


def test_nifti_by_nibabel_has_the_values_that_the_package_reads(example: Example) -> None:
    import nibabel

    values = signal(4, 5, 6, 12).round().astype(np.int16)
    bold = nibabel.Nifti1Image(values, np.diag([3, 3, 3, 1]))
    bold.header.set_slope_inter(0.5, 7)
    nibabel.save(bold, "sub-01_task-rest_bold.nii.gz")
    mask = signal(4, 5, 6) > 103
    nibabel.save(nibabel.Nifti1Image(mask.astype(np.uint8), bold.affine), "mask.nii.gz")
    variables = example("nifti.py")
    recordings, same = variables["recordings"], variables["same"]
    assert (len(recordings), recordings.features, recordings.labels) == (1, mask.sum(), ["sub-01"])
    assert recordings[0].frames.shape == (12, mask.sum())
    assert np.array_equal(recordings[0].frames, same[0].frames)


def test_cifti_keeps_the_cortex_and_the_times(example: Example) -> None:
    import nibabel
    from nibabel.cifti2 import BrainModelAxis, Cifti2Image, SeriesAxis

    cortex = BrainModelAxis.from_mask(np.arange(10) % 2 == 0, "CortexLeft")
    nucleus = BrainModelAxis.from_mask(np.ones((2, 2, 1), bool), "ThalamusLeft", np.eye(4))
    values = signal(8, 9)
    nibabel.save(Cifti2Image(values, (SeriesAxis(0, 0.72, 8), cortex + nucleus)), "sub-01_task-rest.dtseries.nii")
    recordings = example("cifti.py")["recordings"]
    frames = recordings.to_frames()
    assert np.array_equal(frames["X"], values[:, :5])
    assert frames["timesteps"].tolist() == list(range(8))


def test_hdf5_by_h5py(example: Example) -> None:
    import h5py

    scans = signal(4, 6, 7)
    with h5py.File("recordings.h5", "w") as file:
        file["bold"] = scans
        file["subject"] = ["ada", "ada", "böb", "böb"]
        file["run"] = ["day1", "day2"] * 2
    recordings = example("hdf5.py")["recordings"]
    assert [(scan.label, scan.session) for scan in recordings] == [
        (label, session) for label in ("ada", "böb") for session in ("day1", "day2")
    ]
    assert np.array_equal([scan.frames for scan in recordings], scans)


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_matlab_files_of_both_kinds(example: Example, version: str) -> None:
    import h5py
    import scipy.io

    matrix, labels = signal(6, 4).astype(np.float64), ["ada", "ada", "ada", "böb", "böb", "böb"]
    if version == "5":
        scipy.io.savemat("recordings.mat", {"X": matrix, "label": np.array(labels, dtype=object)})
    else:
        with h5py.File("recordings.mat", "w", userblock_size=512) as file:
            file["X"] = matrix.T  # as MATLAB writes it
            texts = [np.frombuffer(label.encode("utf-16-le"), np.uint16)[:, np.newaxis] for label in labels]
            cells = [file.create_dataset(f"#refs#/{number}", data=text).ref for number, text in enumerate(texts)]
            file.create_dataset("label", data=np.array([cells], dtype=object), dtype=h5py.ref_dtype)
        with open("recordings.mat", "r+b") as raw:
            raw.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    recordings = example("matlab.py")["recordings"]
    assert [(scan.label, len(scan.frames)) for scan in recordings] == [("ada", 3), ("böb", 3)]
    assert np.array_equal(recordings.to_frames()["X"], matrix.astype(np.float32))


def test_pandas_tables(example: Example) -> None:
    import pandas as pd

    names = pd.MultiIndex.from_product([["ada", "bob", "cyd"], ["run1", "run2"], range(5)])
    table = pd.DataFrame(signal(30, 3), index=names.set_names(["subject", "run", "volume"])).reset_index()
    table.sample(frac=1, random_state=0).to_csv("frames.csv", index=False)
    variables = example("pandas_frames.py")
    embeddings = variables["embeddings"]
    assert list(embeddings.index.names) == ["subject", "run"] and len(embeddings) == 6
    scans = np.stack([rows.iloc[:, 3:] for _, rows in table.groupby(["subject", "run"])])
    assert np.array_equal(embeddings.loc[("bob", "run2")], variables["model"].embed(scans)[3])


def test_a_nilearn_masker_and_the_encoder_are_one_pipeline(example: Example) -> None:
    import nibabel
    import sklearn

    shape, affine = (6, 6, 6), np.diag([3, 3, 3, 1])
    regions = np.arange(1, 28).reshape(3, 3, 3).repeat(2, 0).repeat(2, 1).repeat(2, 2)
    nibabel.save(nibabel.Nifti1Image(regions.astype(np.int16), affine), "atlas.nii.gz")
    Path("blocks").mkdir()
    for number, label in enumerate(["cat", "face", "house"]):
        pattern = np.random.default_rng(number).normal(size=27)[regions - 1]
        for run in range(1, 5):
            noise = np.random.default_rng([number, run]).normal(size=(*shape, 9))
            image = nibabel.Nifti1Image((100 + pattern[..., np.newaxis] + noise).astype(np.float32), affine)
            nibabel.save(image, f"blocks/run-{run}_{label}.nii.gz")
    with sklearn.config_context():  # of which the example changes one
        accuracy = example("nilearn_masker.py")["accuracy"]
    assert (accuracy == 1).all()


def test_persons_are_enrolled_after_the_training(example: Example) -> None:
    # Regions of a person covary as no other's do, on two days alike.
    mixing = {name: np.random.default_rng(number).normal(size=(12, 12)) for number, name in enumerate("abcdefghijkl")}
    mixing |= {
        name: np.random.default_rng(100 + number).normal(size=(12, 12)) for number, name in enumerate(["ada", "bob"])
    }
    for number, (name, mix) in enumerate(mixing.items()):
        for day in ("day1", "day2"):
            folder = Path("background" if len(name) == 1 else "persons") / name
            folder.mkdir(parents=True, exist_ok=True)
            frames = np.random.default_rng([number, ord(day[-1])]).normal(size=(200, 12)) @ mix
            np.save(folder / f"{day}.npy", frames.astype(np.float32))
    variables = example("persons.py")
    enrolment, persons = variables["enrolment"], variables["persons"]
    assert enrolment.verify(persons.select(labels=["ada"], sessions=["day2"]))
    assert not enrolment.verify(persons.select(labels=["bob"], sessions=["day2"]))


def test_a_state_dict_becomes_onnx_without_pytorch(example: Example) -> None:
    from safetensors.numpy import save_file

    features, width, hidden, latent = 20, 16, 32, 16
    layer = "enc.layers.0."
    shapes = {
        "proj.weight": (width, features),
        "proj.bias": (width,),
        "head.0.weight": (width,),
        "head.0.bias": (width,),
    }
    shapes |= {layer + "self_attn.in_proj_weight": (3 * width, width), layer + "self_attn.in_proj_bias": (3 * width,)}
    shapes |= {layer + "self_attn.out_proj.weight": (width, width), layer + "self_attn.out_proj.bias": (width,)}
    shapes |= {layer + "linear1.weight": (hidden, width), layer + "linear1.bias": (hidden,)}
    shapes |= {layer + "linear2.weight": (width, hidden), layer + "linear2.bias": (width,)}
    shapes |= {layer + f"norm{number}.{kind}": (width,) for number in (1, 2) for kind in ("weight", "bias")}
    shapes |= {"head.1.weight": (width, width), "head.1.bias": (width,)}
    shapes |= {"head.3.weight": (latent, width), "head.3.bias": (latent,)}
    rng = np.random.default_rng(0)
    weights = {name: rng.normal(scale=0.3, size=shape).astype(np.float32) for name, shape in shapes.items()}
    metadata = {"heads": "4", "window": "5", "norm_first": "True", "activation": "relu"}
    save_file(weights, "weights.safetensors", metadata)
    variables = example("state_dict.py")
    assert "torch" not in sys.modules
    assert variables["embeddings"].shape == (4, latent)
    assert np.abs(variables["embeddings"] - variables["model"].embed(variables["windows"])).max() < 1e-5


@dataclasses.dataclass
class Segment:
    """What `predict` of TRIBE v2 returns for each row of its predictions: a `neuralset.segments.Segment`."""

    start: float
    duration: float
    timeline: str


class TribeModel:
    """Predicts as TRIBE v2 does: one float32 row of fsaverage5 for each second with events."""

    @classmethod
    def from_pretrained(cls, checkpoint_dir: str, cache_folder: str) -> TribeModel:
        assert checkpoint_dir == "facebook/tribev2" and cache_folder
        return cls()

    def get_events_dataframe(self, *, video_path: str) -> str:
        return video_path

    def predict(self, events: str) -> tuple[np.ndarray[Any, np.dtype[np.float32]], list[Segment]]:
        kind, number = events.removesuffix(".mp4").split("_")
        response = np.random.default_rng([*kind.encode()]).normal(size=20484)
        seconds = [*range(12), *range(15, 27)]
        noise = np.random.default_rng([*kind.encode(), int(number)]).normal(size=(len(seconds), 20484))
        return (response + 3 * noise).astype(np.float32), [Segment(float(at), 1.0, "default") for at in seconds]


def test_predictions_of_tribe_are_enrolled_and_verified(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("tribev2")
    module.TribeModel = TribeModel  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tribev2", module)
    with pytest.warns(UserWarning, match="gaps in time"):
        variables = example("tribe.py")
    recordings, enrolment = variables["recordings"], variables["enrolment"]
    assert recordings.features == 20484
    ocean = recordings.select(labels=["ocean"], sessions=["clip 4"])
    assert ocean.to_frames()["timesteps"].tolist() == [*range(12), *range(15, 27)]
    assert enrolment.verify(ocean)
    assert not enrolment.verify(recordings.select(labels=["street"], sessions=["clip 4"]))


def test_the_notebook_goes_from_recordings_to_the_report_and_a_key() -> None:
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(EXAMPLES / "from_recordings_to_key.ipynb", as_version=4)
    # Outputs that are committed grow old; the page of the documentation has some that are compared.
    assert not any(cell.get("outputs") for cell in notebook.cells)
    NotebookClient(notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": EXAMPLES}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    printed = "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")
    shown = [output.data.get("text/html", "") for output in outputs if "data" in output]
    assert any("<iframe" in html and "NeuralVault" in html for html in shown), "the report"
    assert "32 bytes" in printed and "rejected, 4 attempts left" in printed
