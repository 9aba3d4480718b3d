"""Embedding by Ray, on this machine with two workers."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import neural_vault
import neural_vault.ray as nv_ray
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import ray
from neural_vault.ray import _part, _run

# Those of Ray's own use of itself.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")

KEY = ["path", "label", "session"]
COLUMNS = [*KEY, "frames", "embedding", "digest"]


@pytest.fixture(scope="module", autouse=True)
def two_workers() -> Iterator[None]:
    """Ray with two CPUs, once for all tests here."""
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="WARNING")
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def model(tmp_path_factory, linear) -> Path:
    path = tmp_path_factory.mktemp("model") / "model"
    linear.save(path)
    return path


@pytest.fixture(scope="module")
def recordings(tmp_path_factory, haxby) -> Path:
    """Eight arrays, in folders of their labels, and a table of all recordings of two other runs: 9 files, 24 scans."""
    folder = tmp_path_factory.mktemp("recordings")
    for scan in list(haxby.select(sessions=["run00", "run01", "run02", "run03"]))[:8]:
        path = folder / scan.label / f"{scan.session}.npy"
        path.parent.mkdir(exist_ok=True)
        np.save(path, scan.frames)
    haxby.select(sessions=["run04", "run05"]).save(folder / "two_runs.parquet")
    return folder


def read(out: Path) -> pa.Table:
    """All rows in the order of path, label and session."""
    return pq.read_table(out).sort_by([(name, "ascending") for name in KEY])


def vectors(table: pa.Table) -> bytes:
    return np.stack(table["embedding"].to_numpy()).tobytes()


def one_process(model: Path, paths: list[Path]) -> tuple[list[tuple[str, str, str, int]], bytes]:
    """Names and embeddings of files by `load` and `Model.embed` alone."""
    loaded = neural_vault.Model.load(model)
    names, embeddings = [], []
    for path in sorted(map(str, paths)):
        one = neural_vault.load(path)
        names += [(path, scan.label, scan.session, len(scan.frames)) for scan in one]
        embeddings.append(loaded.embed(one))
    return names, np.concatenate(embeddings).tobytes()


@pytest.mark.parametrize("partitions", [1, 2, 5])
def test_map_batches_gives_the_bits_of_one_process(model, recordings, partitions) -> None:
    paths = sorted(recordings.rglob("*.*"))
    data = ray.data.from_items([{"path": str(path)} for path in paths], override_num_blocks=partitions)
    given = neural_vault.Model.load(model) if partitions == 2 else model
    data = data.map_batches(nv_ray.Embed, fn_constructor_args=[given], batch_size=None, concurrency=2)
    table = pa.concat_tables(ray.get(data.to_arrow_refs())).sort_by([(name, "ascending") for name in KEY])
    names, embeddings = one_process(model, paths)
    assert [tuple(row[name] for name in [*KEY, "frames"]) for row in table.to_pylist()] == names
    assert vectors(table) == embeddings
    assert table["error"].null_count == len(names) == 24
    assert set(table["digest"].to_pylist()) == {neural_vault.Model.load(model).digest}


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_embed_gives_the_bits_of_one_process(tmp_path, model, recordings, workers) -> None:
    paths = sorted(recordings.rglob("*.*"))
    given = neural_vault.Model.load(model) if workers == 2 else model
    summary = nv_ray.embed(paths, given, tmp_path, workers=workers, progress=False)
    names, embeddings = one_process(model, paths)
    table = read(tmp_path)
    assert [tuple(row[name] for name in [*KEY, "frames"]) for row in table.to_pylist()] == names
    assert vectors(table) == embeddings
    assert table.column_names == COLUMNS
    assert table.schema.field("embedding").type == pa.list_(pa.float32(), neural_vault.Model.load(model).latent)
    assert (summary.embedded, summary.present, summary.scans, summary.failures) == (9, 0, 24, [])
    if workers == 1:
        assert pq.read_table(tmp_path).drop_columns("embedding") == table.drop_columns("embedding"), "in order"


@pytest.mark.parametrize("kind", ["numpy", "pandas", "pyarrow"])
def test_embed_takes_batches_of_every_format(model, recordings, kind) -> None:
    paths = [str(recordings / "bottle/run00.npy"), str(recordings / "nothing.npy")]
    batches = {"numpy": {"path": np.array(paths)}, "pandas": pd.DataFrame({"path": paths})}
    batch: Any = batches.get(kind, pa.table({"path": paths}))
    good, bad = nv_ray.Embed(model, window=3)(batch).to_pylist()
    scan = np.load(paths[0])
    assert good["embedding"] == neural_vault.Model.load(model).embed([scan], 3)[0].tolist()
    assert (good["path"], good["label"], good["frames"], good["error"]) == (paths[0], "run00", 9, None)
    assert bad["path"] == paths[1] and bad["error"].startswith("FileNotFoundError: ") and bad["embedding"] is None


def test_a_folder_names_its_files_as_load_of_the_folder_does(tmp_path, model, recordings) -> None:
    nv_ray.embed(recordings, model, tmp_path, workers=2, progress=False)
    table = read(tmp_path)
    loaded = neural_vault.load(recordings)
    assert sorted(zip(*(table[name].to_pylist() for name in KEY[1:]), strict=True)) == sorted(
        zip(loaded.scan_labels, loaded.scan_sessions, strict=True)
    )
    whole = {(scan.label, scan.session): scan for scan in loaded}
    model_ = neural_vault.Model.load(model)
    for row in table.to_pylist():
        assert row["embedding"] == model_.embed([whole[row["label"], row["session"]].frames])[0].tolist()


def test_paths_given_twice_and_by_patterns_are_embedded_once(tmp_path, model, recordings) -> None:
    one = recordings / "bottle/run00.npy"
    relative = os.path.relpath(one)
    paths = [one, str(one), relative, str(recordings / "**/run00.npy"), str(recordings / "bot*/")]
    summary = nv_ray.embed(paths, model, tmp_path, workers=2, progress=False)
    expected = sorted({str(path) for path in [*recordings.rglob("run00.npy"), *(recordings / "bottle").iterdir()]})
    assert read(tmp_path)["path"].to_pylist() == expected and summary.embedded == len(expected)
    with pytest.raises(FileNotFoundError, match="no file matches"):
        nv_ray.embed(str(recordings / "*.none"), model, tmp_path, progress=False)
    with pytest.raises(FileNotFoundError, match="no paths"):
        nv_ray.embed([], model, tmp_path, progress=False)


def test_files_that_are_read_together_are_one(tmp_path, model, recordings) -> None:
    for name in ("face_hemi-L.gii", "face_hemi-R.gii", "clip.npy"):
        (tmp_path / name).touch()
    summary = nv_ray.embed(str(tmp_path / "*.*"), model, tmp_path / "out", progress=False)
    assert sorted(Path(failure.path).name for failure in summary.failures) == ["clip.npy", "face_hemi-L.gii"]


def test_files_that_cannot_be_embedded_are_listed_and_tried_again(tmp_path, model, recordings) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    frames = np.load(recordings / "bottle/run00.npy")
    np.save(folder / "good.npy", frames)
    np.save(folder / "narrow.npy", frames[:, :7])
    np.save(folder / "constant.npy", np.ones_like(frames))
    (folder / "broken.npy").write_bytes(b"\x93NUMPY")
    os.mkfifo(folder / "pipe.npy")
    (folder / "link.npy").symlink_to(folder / "gone.npy")
    names = ["good", "narrow", "constant", "broken", "pipe", "link", "vanished"]
    paths = [folder / f"{name}.npy" for name in names]
    out = tmp_path / "out"
    summary = nv_ray.embed(paths, model, out, workers=2, progress=False)
    kinds = {Path(failure.path).stem: failure.exception for failure in summary.failures}
    expected = dict.fromkeys(["narrow", "constant", "broken", "pipe"], "ValueError")
    assert kinds == {**expected, "link": "FileNotFoundError", "vanished": "FileNotFoundError"}
    assert all(failure.message for failure in summary.failures)
    with open(out / "_failures.csv", newline="") as file:
        assert [nv_ray.Failure(**row) for row in csv.DictReader(file)] == summary.failures
    assert [Path(path).stem for path in read(out)["path"].to_pylist()] == ["good"]

    np.save(folder / "narrow.npy", frames)
    again = nv_ray.embed(paths, model, out, workers=2, progress=False)
    assert (again.present, again.embedded, len(again.failures)) == (1, 1, 5)


def test_a_changed_file_is_embedded_again_and_its_old_rows_go(tmp_path, model, recordings) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    frames = np.load(recordings / "bottle/run00.npy")
    for name in ("a", "b", "c", "sub-1_bold"):
        np.save(folder / f"{name}.npy", frames)
    events = "onset\tduration\ttrial_type\n0\t5\tface\n"
    (folder / "sub-1_events.tsv").write_text(events)
    out = tmp_path / "out"
    nv_ray.embed(folder, model, out, window=2, frame_seconds=1.0, workers=1, progress=False)
    before = read(out)
    np.save(folder / "b.npy", frames[::-1])
    (folder / "sub-1_events.tsv").write_text(events.replace("face", "house"))
    os.utime(folder / "c.npy", ns=(0, 0))
    with pytest.warns(UserWarning, match="belong to no event"):
        summary = nv_ray.embed(folder, model, out, window=2, frame_seconds=1.0, workers=1, progress=False)
    assert (summary.embedded, summary.present) == (3, 1)
    after = read(out)
    fresh = tmp_path / "fresh"
    nv_ray.embed(folder, model, fresh, window=2, frame_seconds=1.0, workers=1, progress=False)
    assert after == read(fresh)
    assert before["label"].to_pylist() == ["a", "b", "c", "face"]
    assert after["label"].to_pylist() == ["a", "b", "c", "house"]


def test_a_folder_of_another_model_or_of_other_files_is_refused(tmp_path, model, recordings, haxby) -> None:
    one = recordings / "bottle/run00.npy"
    out = tmp_path / "out"
    nv_ray.embed(one, model, out, progress=False)
    other = tmp_path / "other"
    neural_vault.train(haxby, recipe="linear").save(other)
    with pytest.raises(ValueError, match="holds embeddings of other settings: model"):
        nv_ray.embed(one, other, out, progress=False)
    with pytest.raises(ValueError, match="holds embeddings of other settings: window"):
        nv_ray.embed(one, model, out, window=2, progress=False)
    with pytest.raises(ValueError, match="holds embeddings of other settings: options"):
        nv_ray.embed(one, model, out, label="ada", progress=False)
    assert nv_ray.embed(one, model, out, progress=False).present == 1
    digest = nv_ray.embed(one, other, out, overwrite=True, progress=False).digest
    assert read(out)["digest"].to_pylist() == [digest]
    with pytest.raises(FileExistsError, match=r"holds .*, which embed did not write"):
        nv_ray.embed(one, model, recordings, overwrite=True, progress=False)
    with pytest.raises(TypeError, match="no option 'widht'"):
        nv_ray.embed(one, model, out, widht=3, progress=False)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="workers: 0"):
        nv_ray.embed(one, model, out, workers=0, progress=False)


@pytest.mark.parametrize(("deaths", "fails"), [(2, False), (3, True)])
def test_a_killed_worker_costs_at_most_the_file_that_it_embedded(
    tmp_path, monkeypatch, model, haxby, deaths, fails
) -> None:
    folder, killed = tmp_path / "in", tmp_path / "killed"
    folder.mkdir()
    killed.mkdir()
    for number in range(24):
        np.save(folder / f"{number:02}.npy", haxby[number].frames)

    def embed_part(job: Any, batch: list[Any], seconds: float, path: str) -> Any:
        part = _part.embed_part(job, batch, seconds, path)
        # When the work is done, but nobody knows it.
        if any(source.path.endswith("03.npy") for source in batch) and len(os.listdir(killed)) < deaths:
            (killed / str(os.getpid())).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return part

    monkeypatch.setattr(_run, "embed_part", embed_part)
    summary = nv_ray.embed(folder, model, tmp_path / "out", workers=2, progress=False)
    assert len(list(killed.iterdir())) == deaths
    names = [Path(path).stem for path in read(tmp_path / "out")["path"].to_pylist()]
    assert names == [f"{number:02}" for number in range(24) if not (fails and number == 3)]
    assert [(Path(one.path).stem, one.exception) for one in summary.failures] == [("03", "WorkerDied")] * fails
    assert summary.embedded == len(names)


RUN = """
import os, signal, sys
import neural_vault.ray

def progress(done, total, failed):
    if done >= 5:
        os.kill(os.getpid(), getattr(signal, sys.argv[4]))

neural_vault.ray.embed(*sys.argv[1:4], workers=2, progress=progress)
"""


@pytest.mark.parametrize("by", ["SIGKILL", "SIGINT"])
def test_an_interrupted_run_goes_on_and_gives_the_rows_of_an_uninterrupted_one(tmp_path, model, haxby, by) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(20):
        np.save(folder / f"{number}.npy", haxby[number].frames)
    out, whole = tmp_path / "out", tmp_path / "whole"
    line = [sys.executable, "-c", RUN, str(folder), str(model), str(out), by]
    run = subprocess.run(line, capture_output=True, text=True, check=False)
    assert run.returncode == (-signal.SIGKILL if by == "SIGKILL" else -signal.SIGINT), run.stderr
    before = len(pq.read_table(out))
    assert 5 <= before < 20
    summary = nv_ray.embed(folder, model, out, workers=2, progress=False)
    assert (summary.present, summary.embedded) == (before, 20 - before)
    nv_ray.embed(folder, model, whole, workers=1, progress=False)
    assert read(out) == read(whole)
    assert not any(Path(out, "_unfinished").rglob("*.parquet"))


def test_a_folder_that_another_run_writes_to_is_refused(tmp_path, model, recordings) -> None:
    def progress(done: int, total: int, failed: int) -> None:
        if done == 0:
            with pytest.raises(BlockingIOError, match="another run"):
                nv_ray.embed(recordings, model, tmp_path, progress=False)
            tried.append(done)

    tried: list[int] = []
    nv_ray.embed(recordings, model, tmp_path, workers=2, progress=progress)
    assert tried
