"""What is taken as scans, names and numbers, what is refused, and what is copied."""

from __future__ import annotations

import array
import tempfile
import threading
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import neural_vault
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from neural_vault import Recordings, _arrays

FEATURES = 530


@pytest.fixture(scope="module")
def stack(haxby: Recordings) -> np.ndarray:
    """All scans as one C-contiguous float32 array: 48 x 9 x 530."""
    return np.stack([scan.frames for scan in haxby])


@pytest.fixture(scope="module")
def expected(linear: neural_vault.Model, stack: np.ndarray) -> bytes:
    """The embeddings of `stack`."""
    return linear.embed(stack).tobytes()


class OnlyArray:
    """Has NumPy's protocol `__array__` alone, as xarray's arrays and images have it."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.values, dtype=dtype)


class OnlyDlpack:
    """A tensor that has DLPack's protocol alone."""

    def __init__(self, values: np.ndarray, failure: Exception | None = None) -> None:
        self.values, self.failure = values, failure

    def __dlpack__(self, **options: Any) -> Any:
        if self.failure is not None:
            raise self.failure
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.values.__dlpack_device__()


class WithGradient(OnlyArray):
    """A tensor whose values cannot be taken as they are."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")


def misaligned(values: np.ndarray) -> np.ndarray:
    """Return the same values at an odd address, as a file's header of odd length leaves them."""
    raw = np.frombuffer(b"\0" + values.tobytes(), np.uint8)[1:]
    view = raw.view(np.float32).reshape(values.shape)
    assert not view.flags.aligned
    return view


def read_only(values: np.ndarray) -> np.ndarray:
    values = values.copy()
    values.flags.writeable = False
    return values


def in_a_file(values: np.ndarray) -> np.ndarray:
    """Return the values memory-mapped; the file is deleted when the array goes."""
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, np.float32, "w+", shape=values.shape)
    mapped[:] = values
    return mapped


def ragged_objects(values: np.ndarray) -> np.ndarray:
    objects = np.empty(len(values), dtype=object)
    objects[:] = list(values)
    return objects


SAME: dict[str, Callable[[np.ndarray], Any]] = {
    "float64": lambda x: x.astype(np.float64),
    "long double": lambda x: x.astype(np.longdouble),
    "Fortran order": np.asfortranarray,
    "Fortran order within a scan": lambda x: x.transpose(0, 2, 1).copy().transpose(0, 2, 1),
    "big-endian": lambda x: x.astype(">f4"),
    "objects": lambda x: x.astype(object),
    "object array of scans": ragged_objects,
    "list of scans": list,
    "tuple of scans": tuple,
    "generator": lambda x: (scan for scan in x),
    "values of a dict": lambda x: dict(enumerate(x)).values(),
    "nested lists": lambda x: x.tolist(),
    "masked, nothing masked": np.ma.masked_array,
    "every second of twice as many": lambda x: np.repeat(x, 2, axis=0)[::2],
    "negative strides": lambda x: x[::-1].copy()[::-1],
    "middle frames": lambda x: np.pad(x, ((0, 0), (1, 2), (0, 0)))[:, 1:-2],
    "middle features": lambda x: np.pad(x, ((0, 0), (0, 0), (1, 2)))[:, :, 1:-2],
    "misaligned": misaligned,
    "read-only": read_only,
    "memory-mapped file": in_a_file,
    "memoryview": memoryview,
    "__array__": OnlyArray,
    "DLPack": OnlyDlpack,
    "read-only DLPack": lambda x: OnlyDlpack(read_only(x)),
    "list of DLPack": lambda x: [OnlyDlpack(scan) for scan in x],
    "list of a subclass": lambda x: [scan.view(np.recarray) for scan in x],
    "list of frames": lambda x: [pd.DataFrame(scan) for scan in x],
    "series of scans": lambda x: pd.Series(list(x)),
}


@pytest.mark.parametrize("kind", SAME)
def test_the_same_values_have_the_same_embeddings_whatever_holds_them(linear, stack, expected, kind) -> None:
    given = SAME[kind](stack)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert linear.embed(given).tobytes() == expected


def test_scans_of_the_recordings_are_scans(linear, haxby, expected) -> None:
    assert linear.embed(haxby[:]).tobytes() == expected
    assert linear.embed(haxby[3]).tobytes() == linear.embed([haxby[3].frames]).tobytes()


def test_scans_of_one_frame_are_rows(linear, stack) -> None:
    rows = stack[:, 0]
    expected = linear.embed([scan[:1] for scan in stack]).tobytes()
    nullable = pd.DataFrame(rows).astype("Float32")
    for given in [rows, list(rows), rows.tolist(), pd.DataFrame(rows), nullable, memoryview(rows)]:
        assert linear.embed(given).tobytes() == expected
    columns = pd.DataFrame({f"voxel {number}": column for number, column in enumerate(rows.T)})
    assert linear.embed(columns).tobytes() == expected


def test_whole_numbers_and_truth_values_are_numbers(linear) -> None:
    rng = np.random.default_rng(0)
    truths = rng.random((3, 4, FEATURES)) < 0.5
    expected = linear.embed(truths.astype(np.float32)).tobytes()
    for kind in [bool, np.int8, np.uint8, np.int64, np.uint64, np.float16, ">i2"]:
        assert linear.embed(truths.astype(kind)).tobytes() == expected
    assert linear.embed([truths[0].tolist(), array.array("f", truths[1, 0].tolist())]).shape == (2, 128)


def test_missing_values_are_nan_and_nan_follows_the_fill_rule_of_the_model(linear, stack) -> None:
    values = stack[:4].astype(np.float64)
    values[0, 3, 7] = values[2, 0, :9] = np.nan
    expected = linear.embed(values).tobytes()
    assert expected != linear.embed(stack[:4]).tobytes()
    masked = np.ma.masked_array(np.nan_to_num(values, nan=1e6), np.isnan(values))
    assert linear.embed(masked).tobytes() == expected
    assert linear.embed(list(masked)).tobytes() == expected
    assert linear.embed([list(scan) for scan in masked]).tobytes() == expected
    objects = values.astype(object)
    objects[np.isnan(values)] = None
    assert linear.embed(objects).tobytes() == expected
    rows = pd.DataFrame(values[:, 0])
    nullable, text = rows.astype("Float64"), rows.astype(object)
    text.iloc[2, :9] = pd.NA
    assert linear.embed(nullable).tobytes() == linear.embed(text).tobytes() == linear.embed(values[:, 0]).tobytes()


def test_values_beyond_float32_count_as_not_finite_and_are_said_once(linear, stack) -> None:
    values = stack[:3].astype(np.float64)
    values[1, 2, 3] = 1e300
    infinite = stack[:3].copy()
    infinite[1, 2, 3] = np.inf
    for given in [values, list(values), values.astype(object), np.ma.masked_array(values, values == values[0, 0, 0])]:
        with pytest.warns(UserWarning, match="beyond the range of float32") as notes:
            found = linear.embed(given)
        assert [note.filename for note in notes] == [__file__]
        if not isinstance(given, np.ma.MaskedArray):
            assert found.tobytes() == linear.embed(infinite).tobytes()


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "nothing": (None, TypeError, "not NoneType"),
    "a number": (3.5, TypeError, "not float"),
    "a path": ("recordings.csv.gz", TypeError, "`neural_vault.load` reads files"),
    "a path object": (Path("a.npy"), TypeError, "`neural_vault.load` reads files"),
    "a list of paths": (["a.npy"], TypeError, "scan 0: .*`neural_vault.load` reads files"),
    "a dict": ({"ada": np.zeros((2, FEATURES))}, TypeError, r"list\(scans.values\(\)\)"),
    "no scans": ([], ValueError, "there are no scans"),
    "an empty generator": (iter(()), ValueError, "there are no scans"),
    "an array of no scans": (np.zeros((0, 9, FEATURES)), ValueError, r"shape \(0, 9, 530\); there are no values"),
    "scans of no frames": (np.zeros((3, 0, FEATURES)), ValueError, r"shape \(3, 0, 530\)"),
    "scans of no features": (np.zeros((3, 0)), ValueError, r"shape \(3, 1, 0\)"),
    "a list with an empty scan": ([np.ones((2, 3)), []], ValueError, r"scan 1: shape \(1, 0\)"),
    "one frame": (np.zeros(FEATURES), ValueError, r"shape \(530,\).*give one scan in a list"),
    "a list of numbers": ([1.0, 2.0], ValueError, r"scan 0: shape \(\)"),
    "no axes": (np.float32(1), ValueError, r"shape \(\)"),
    "volumes": (np.zeros((2, 3, 4, 5)), ValueError, "flatten the voxels"),
    "a list of volumes": ([np.zeros((3, 4, 5, 6))], ValueError, r"scan 0: shape \(3, 4, 5, 6\)"),
    "a ragged scan": ([[[1.0, 2.0], [3.0]]], ValueError, "scan 0: its rows have different lengths"),
    "complex": (np.zeros((2, 3), complex), TypeError, "real numbers are needed, not complex numbers"),
    "text": (np.array([["1", "2"]]), TypeError, "real numbers are needed, not text"),
    "bytes": (b"12345678", TypeError, "not the text"),
    "dates": (np.zeros((2, 3), "M8[s]"), TypeError, "not dates"),
    "durations": (np.zeros((2, 3), "m8[s]"), TypeError, "not durations"),
    "records": (np.zeros(3, [("a", "f4"), ("b", "f4")]), TypeError, "real numbers are needed"),
    "objects": (np.array([[1.0, object()]]), TypeError, "not an array of numbers"),
    "text among objects": (np.array([[1.0, "2.0"]], dtype=object), TypeError, "not text such as '2.0'"),
    "a frame with text": (pd.DataFrame({"a": [1.0], "b": ["x"]}), TypeError, "not text such as 'x'"),
    "a frame with dates": (pd.DataFrame({"a": [1.0], "b": [pd.Timestamp(0)]}), TypeError, "not an array of numbers"),
    "a huge number": (np.array([[1, 10**400]], dtype=object), ValueError, "too large"),
    "sparse": (scipy.sparse.csr_array(np.eye(3)), TypeError, r"values.toarray\(\)"),
    "a tensor with a gradient": (WithGradient(np.zeros((2, 3))), ValueError, "tensor.detach"),
    "a tensor of a GPU": (OnlyDlpack(np.zeros((2, 3)), BufferError("device 2")), ValueError, "the scans: device 2"),
    "a tensor of complex numbers": (OnlyDlpack(np.zeros((2, 3), complex)), TypeError, "complex"),
    "another width": (np.random.default_rng(0).random((4, 9, 7)), ValueError, "scan 0: a frame has 7 features"),
    "two widths": ([np.ones((2, 3)), np.ones((2, 4))], ValueError, "scan 1 has frames of 4 features, scan 0 of 3"),
    "a constant frame": (np.ones((2, 9, FEATURES)), ValueError, "scan 0: frame 1 says nothing"),
    "nothing but NaN": (np.full((2, 9, FEATURES), np.nan), ValueError, "scan 0: frame 1 says nothing"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_scans_is_refused_by_what_it_is(linear, kind) -> None:
    values, exception, text = REFUSED[kind]
    with pytest.raises(exception, match=text):
        linear.embed(values)


def test_the_scan_that_is_wrong_is_named(linear, stack) -> None:
    scans = list(stack)
    scans[5] = scans[5].copy()
    scans[5][2] = np.nan
    with pytest.raises(ValueError, match="scan 5: frame 3 says nothing"):
        linear.embed(scans)
    scans[4] = scans[4].astype(str)
    with pytest.raises(TypeError, match="scan 4: real numbers are needed, not text"):
        linear.embed(scans)


@pytest.mark.parametrize(("option", "value", "exception"), [
    ("window", 0, ValueError), ("window", -1, ValueError), ("window", 10**30, ValueError), ("window", 10**6, ValueError),
    ("window", 2.5, TypeError), ("window", "9", TypeError),
    ("threads", 0, ValueError), ("threads", -1, ValueError), ("threads", 1.5, TypeError),
])  # fmt: skip
def test_windows_and_threads_are_whole_numbers_of_one_or_more(linear, stack, option, value, exception) -> None:
    with pytest.raises(exception, match=option):
        linear.embed(stack[:2], **{option: value})


def test_many_threads_are_as_many_as_there_are_scans(linear, stack, expected) -> None:
    assert linear.embed(stack, threads=10**30).tobytes() == expected
    assert linear.embed(stack, np.int64(9), threads=np.uint8(2)).tobytes() == expected


def copied(values: Any) -> tuple[Any, int]:
    """Return what `_arrays.scans` makes of values, and the most memory it takes meanwhile in bytes."""
    tracemalloc.start()
    made = _arrays.scans(values)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return made, most


@pytest.mark.parametrize("borrow", [
    lambda x: x,
    read_only,
    in_a_file,
    np.ma.masked_array,
    OnlyDlpack,
    lambda x: x[::2],
    lambda x: x[::-1],
    lambda x: x[:, 3:8],
    lambda x: np.broadcast_to(x[0], (10**5, *x[0].shape)),
    lambda x: [scan[2:] for scan in x],
    lambda x: [scan for scan in x],
])  # fmt: skip
def test_scans_that_are_contiguous_float32_are_not_copied(stack, borrow) -> None:
    values = borrow(stack)
    made, most = copied(values)
    first = (
        values[0] if isinstance(values, list) else np.from_dlpack(values)[0] if hasattr(values, "values") else values[0]
    )
    assert np.shares_memory(made[0], first)
    assert most < 100_000 + 200 * len(made), "as much as a view of each scan takes, and no values"


@pytest.mark.parametrize("change", [
    lambda x: x.astype(np.float64),
    lambda x: np.asfortranarray(x, np.float64),
    lambda x: np.asfortranarray(x),
    lambda x: x.astype(">f8"),
    lambda x: np.ma.masked_array(x, x < x.mean()),
    lambda x: x.astype(np.float64)[::-1, ::-1],
    lambda x: pd.DataFrame(x[:, 0].astype(np.float64)),
    misaligned,
])  # fmt: skip
def test_other_scans_are_copied_once(stack, change) -> None:
    values = change(np.repeat(stack, 4, axis=0))
    made, most = copied(values)
    # A mask is read as truth values, a quarter of the values' bytes.
    mask = values.size if isinstance(values, np.ma.MaskedArray) else 0
    assert made.dtype == np.float32
    assert made.flags.c_contiguous
    assert made.flags.aligned
    assert made.nbytes <= most < made.nbytes * 1.1 + mask + 100_000


def test_a_shape_beyond_memory_is_a_memory_error(linear) -> None:
    with pytest.raises(MemoryError):
        linear.embed(np.broadcast_to(np.float64(1), (2**30, 2**15, FEATURES)))


def test_a_thread_that_writes_while_another_embeds_is_no_crash(linear, stack) -> None:
    values = stack.copy()
    stop = threading.Event()

    def write() -> None:
        rng = np.random.default_rng(0)
        while not stop.is_set():
            values[rng.integers(len(values))] = rng.choice([np.nan, np.inf, -1e38, 0.0, 1e4]) * rng.random()
            values[rng.integers(len(values))] = rng.normal(size=stack.shape[1:])

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    results = refusals = 0
    try:
        while results + refusals < 300:
            try:
                embeddings = linear.embed(values)
            except ValueError as error:
                assert "says nothing" in str(error) or "embedding" in str(error)
                refusals += 1
            else:
                assert embeddings.shape == (48, 128)
                results += 1
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert refusals > 0
    values[:] = stack
    assert linear.embed(values).tobytes() == linear.embed(stack).tobytes()


SIX = np.random.default_rng(1).normal(size=(6, 4, 5)).astype(np.float32)
NAMES: dict[str, tuple[Any, list[str]]] = {
    "strings": (["b", "b", "a", "a", "c", "c"], ["a", "b", "c"]),
    "array of strings": (np.array(["b", "b", "a", "a", "c", "c"]), ["a", "b", "c"]),
    "generator": ((name for name in "bbaacc"), ["a", "b", "c"]),
    "values of a dict": (dict(enumerate("bbaacc")).values(), ["a", "b", "c"]),
    "numbers": (np.array([2, 2, 1, 1, 3, 3]), ["1", "2", "3"]),
    "floats": (np.array([0.5, 0.5, 1, 1, 2, 2]), ["0.5", "1.0", "2.0"]),
    "a mixed list": ([0.5, 0.5, 1, 1, "a", "a"], ["0.5", "1", "a"]),
    "a list of dates": (
        [np.datetime64("2026-01-02")] * 3 + [np.datetime64("2026-01-03")] * 3,
        ["2026-01-02", "2026-01-03"],
    ),
    "bytes, as HDF5 has them": (np.array([b"b", b"b", b"a", b"a", "ü".encode(), "ü".encode()]), ["a", "b", "ü"]),
    "series": (pd.Series(["b", "b", "a", "a", "c", "c"], index=range(6, 0, -1)), ["a", "b", "c"]),
    "categories": (pd.Categorical(["b", "b", "a", "a", "c", "c"], ["c", "b", "a", "unused"]), ["a", "b", "c"]),
    "nullable numbers": (pd.array([2, 2, 1, 1, 3, 3], "Int64"), ["1", "2", "3"]),
    "dates": (pd.to_datetime(["2026-01-02"] * 3 + ["2026-01-03"] * 3), ["2026-01-02", "2026-01-03"]),
    "masked, nothing masked": (np.ma.masked_array([2, 2, 1, 1, 3, 3]), ["1", "2", "3"]),
}


@pytest.mark.filterwarnings("ignore:scans. one recording of:UserWarning")
@pytest.mark.parametrize("kind", NAMES)
def test_labels_are_what_str_makes_of_them(kind) -> None:
    given, labels = NAMES[kind]
    recordings = Recordings.from_scans(SIX, given)
    assert recordings.labels == labels
    given = list("bbaacc") if kind == "generator" else given
    assert Recordings.from_scans(SIX, list("bbaacc"), given).sessions == labels
    assert Recordings.from_frames(SIX[:, 0], given).labels == labels
    assert neural_vault.train(recordings, recipe="linear").labels == labels


@pytest.mark.parametrize(("labels", "exception", "text"), [
    (None, TypeError, "need labels"),
    ("aabbcc", TypeError, "not a string"),
    (3, TypeError, "a sequence of 6 is needed, not int"),
    ({"a", "b"}, TypeError, "not set"),
    (["a", "b"], ValueError, "labels: 2 for 6"),
    ([["a"]] * 6, ValueError, r"labels: shape \(6, 1\)"),
    ([["a"], ["b", "c"]] * 3, ValueError, "labels: one for each"),
    (np.array([1.0, 1.0, np.nan, 2.0, 2.0, 2.0]), ValueError, "labels: number 2 is missing"),
    (["a", "a", float("nan"), "b", "b", "b"], ValueError, "labels: number 2 is missing"),
    (["a", "a", pd.NA, "b", "b", "b"], ValueError, "labels: number 2 is missing"),
    ([np.datetime64("2026-01-02")] * 5 + [np.datetime64("NaT")], ValueError, "labels: number 5 is missing"),
    (["a", "a", "b", None, "b", "b"], ValueError, "labels: number 3 is missing"),
    (pd.Series(["a", "a", "b", None, "b", "b"]), ValueError, "labels: number 3 is missing"),
    (pd.Categorical(["a", "a", "b", None, "b", "b"]), ValueError, "labels: number 3 is missing"),
    (pd.array([1, 1, pd.NA, 2, 2, 2], "Int64"), ValueError, "labels: number 2 is missing"),
    (pd.to_datetime(["2026-01-02"] * 5 + [None]), ValueError, "labels: number 5 is missing"),
    (np.ma.masked_array([1, 1, 2, 2, 3, 3], [0, 1, 0, 0, 0, 0]), ValueError, "labels: number 1 is missing"),
    (["a", "a", "b", "", "b", "b"], ValueError, "label"),
    (np.array([b"\xff", b"a", b"b", b"c", b"d", b"e"]), ValueError, "utf-8"),
])  # fmt: skip
def test_labels_that_are_not_one_a_scan_are_refused(labels, exception, text) -> None:
    with pytest.raises(exception, match=text):
        Recordings.from_scans(SIX, labels)
    with pytest.raises(exception, match=text):
        neural_vault.train(SIX, labels, recipe="linear")


def test_sessions_are_checked_as_labels_are() -> None:
    labels = list("aabbcc")
    with pytest.raises(ValueError, match="sessions: 2 for 6"):
        Recordings.from_scans(SIX, labels, ["a", "b"])
    with pytest.raises(ValueError, match="sessions: number 5 is missing"):
        Recordings.from_frames(SIX[:, 0], labels, [1, 1, 1, 1, 1, None])
    assert Recordings.from_scans(SIX, labels).sessions == [""]


@pytest.mark.parametrize("kind", SAME)
def test_recordings_and_training_take_what_embedding_takes(haxby, stack, kind) -> None:
    made = Recordings.from_scans(SAME[kind](stack), haxby.scan_labels, haxby.scan_sessions)
    assert made.to_frames()["X"].tobytes() == haxby.to_frames()["X"].tobytes()


@pytest.mark.parametrize("kind", [kind for kind in REFUSED if kind not in ("another width", "an empty generator")])
def test_recordings_and_training_refuse_what_embedding_refuses(kind) -> None:
    values, exception, text = REFUSED[kind]
    if "says nothing" in text:
        values, text = [values[0], values[0]] * 2, "nothing|NaN"
    count = 4 if isinstance(values, list) and len(values) == 4 else 2
    with pytest.raises(exception, match=text):
        neural_vault.train(values, ["a", "b"] * (count // 2), recipe="linear")


def test_frames_are_a_matrix() -> None:
    frames = SIX.reshape(24, 5)
    labels = np.repeat(list("ab"), 12)
    expected = Recordings.from_frames(frames, labels).to_frames()["X"]
    for given in [
        frames.astype(np.float64),
        frames.tolist(),
        pd.DataFrame(frames),
        np.asfortranarray(frames),
        frames.astype(">f4"),
    ]:
        assert np.array_equal(Recordings.from_frames(given, labels).to_frames()["X"], expected)
    for wrong in [SIX, frames[0], np.zeros((0, 5)), 3.5, np.zeros((24, 0))]:
        with pytest.raises(ValueError, match=r"frames: shape .*; frames are \(frames, features\)"):
            Recordings.from_frames(wrong, labels)
    with pytest.raises(TypeError, match="not text"):
        Recordings.from_frames(frames.astype(str), labels)
    with pytest.raises(TypeError, match="need labels"):
        Recordings.from_frames(frames, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("timesteps", "exception", "text"), [
    ([0, 1, 2.5, 3], ValueError, "timesteps: 2.5 of frame 2 is no whole number"),
    ([0, 1, np.nan, 3], ValueError, "timesteps: nan of frame 2 is no whole number"),
    ([0, 1, np.inf, 3], ValueError, "timesteps: inf of frame 2 is no whole number"),
    ([0, 1, 2**64 - 1, 3], ValueError, "of frame 2 is no whole number"),
    ([0, 1, 2], ValueError, "3 for 4"),
    ([0, 1, 1, 3], ValueError, "row 2: label, session and timestep are those of row 1"),
    ([[0], [1], [2], [3]], ValueError, r"timesteps: shape \(4, 1\)"),
    (["0", "1", "2", "3"], TypeError, "timesteps: real numbers are needed, not text"),
    (np.arange(4).astype("M8[s]"), TypeError, "timesteps: real numbers are needed, not dates"),
])  # fmt: skip
def test_timesteps_are_whole_numbers(timesteps, exception, text) -> None:
    with pytest.raises(exception, match=text):
        Recordings.from_frames(SIX[0], ["a"] * 4, timesteps=timesteps)


def test_timesteps_may_be_any_whole_numbers() -> None:
    for given in [
        [3, 0, 1, 2],
        [3.0, 0.0, 1.0, 2.0],
        np.array([3, 0, 1, 2], np.uint8),
        pd.Series([3, 0, 1, 2]),
        np.array([3, 0, 1, 2], ">i8"),
    ]:
        recordings = Recordings.from_frames(SIX[0], ["a"] * 4, timesteps=given)
        assert recordings.to_frames()["timesteps"].tolist() == [0, 1, 2, 3]
        assert np.array_equal(recordings[0].frames, SIX[0][[1, 2, 3, 0]])
