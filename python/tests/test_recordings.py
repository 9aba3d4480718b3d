"""Recordings are a sequence of scans that do not change."""

from __future__ import annotations

import numpy as np
import pytest
from neural_vault import Recordings, Scan


@pytest.fixture(scope="module")
def recordings() -> Recordings:
    """Five scans of three labels in two sessions, of one to five frames."""
    scans = [np.random.default_rng(frames).normal(size=(frames, 4)) for frames in range(1, 6)]
    return Recordings.from_scans(scans, ["c", "a", "b", "a", "b"], ["s", "s", "s", "t", "t"])


def test_a_scan_is_found_by_its_number_from_either_end(recordings) -> None:
    assert [(scan.label, scan.session, len(scan.frames)) for scan in recordings] == [
        ("a", "s", 2),
        ("a", "t", 4),
        ("b", "s", 3),
        ("b", "t", 5),
        ("c", "s", 1),
    ]
    assert len(recordings) == 5
    for number, scan in enumerate(recordings):
        for index in [number, number - 5, np.int64(number)]:
            found = recordings[index]
            assert isinstance(found, Scan)
            assert (found.label, found.session) == (scan.label, scan.session)
            assert np.array_equal(found.frames, scan.frames)
    assert [scan.label for scan in recordings[1:4]] == ["a", "b", "b"]
    assert [len(scan.frames) for scan in recordings[::-2]] == [1, 3, 2]
    assert recordings[7:] == []


@pytest.mark.parametrize("index", [5, -6, 10**30])
def test_a_number_beyond_the_scans_is_an_index_error(recordings, index) -> None:
    with pytest.raises(IndexError):
        recordings[index]


@pytest.mark.parametrize("index", ["a", 1.0, None, (0, 1)])
def test_a_scan_has_no_other_name_than_its_number(recordings, index) -> None:
    with pytest.raises(TypeError):
        recordings[index]


def test_frames_that_are_changed_do_not_change_the_recordings(recordings) -> None:
    before = recordings.to_frames()["X"]
    recordings[0].frames[:] = 0
    recordings.to_frames()["X"][:] = 0
    assert np.array_equal(recordings.to_frames()["X"], before)


def test_labels_and_sessions_that_are_not_there_cannot_be_selected(recordings) -> None:
    assert recordings.select(labels=["a", "c"], sessions=["s"]).scan_labels == ["a", "c"]
    with pytest.raises(ValueError, match="d"):
        recordings.select(labels=["d"])
    with pytest.raises(ValueError, match="u"):
        recordings.select(sessions=["u"])
    with pytest.raises(TypeError, match=r"\['a'\]"):
        recordings.select(labels="a")
    assert recordings.scan_labels == ["a", "a", "b", "b", "c"]
