"""Times of frames: gaps are kept, whatever the unit."""

from __future__ import annotations

import neural_vault
import numpy as np
import pytest
from conftest import HAXBY
from neural_vault import Recordings

# The note of a gap; a test of its own asks for it.
pytestmark = pytest.mark.filterwarnings("ignore:.*gaps in time")

FRAMES = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
# A step of 1.49 seconds, and four seconds missing after the sixth frame.
SECONDS = np.r_[np.arange(6), np.arange(6) + 10] * 1.49


def timesteps(recordings: Recordings) -> list[int]:
    return recordings.to_frames()["timesteps"].tolist()


def test_times_in_seconds_are_counted_in_steps_of_the_recording() -> None:
    recordings = Recordings.from_frames(FRAMES, "clip", times=SECONDS)
    assert timesteps(recordings) == [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15]
    assert recordings.labels == ["clip"] and recordings.sessions == [""]
    shuffled = np.random.default_rng(1).permutation(len(FRAMES))
    again = Recordings.from_frames(FRAMES[shuffled], "clip", times=SECONDS[shuffled])
    assert np.array_equal(again.to_frames()["X"], FRAMES)


def test_scans_keep_the_gaps_of_their_times() -> None:
    scans = [FRAMES, FRAMES[:5]]
    recordings = Recordings.from_scans(scans, ["b", "a"], ["s", "t"], times=[SECONDS, list(SECONDS[:5])])
    assert timesteps(recordings) == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15]
    assert [(scan.label, scan.session) for scan in recordings] == [("a", "t"), ("b", "s")]
    assert np.array_equal(recordings[1].frames, FRAMES)


def test_a_gap_is_noted_at_the_line_that_made_the_recordings() -> None:
    text = "label `clip` between timesteps 5 and 10"
    with pytest.warns(UserWarning, match=text) as of_frames:
        Recordings.from_frames(FRAMES, "clip", times=SECONDS)
    with pytest.warns(UserWarning, match=text) as of_scans:
        Recordings.from_scans([FRAMES], ["clip"], times=[SECONDS])
    assert [notes[0].filename for notes in (of_frames, of_scans)] == [__file__, __file__]


def test_no_window_crosses_a_gap_of_the_times(linear: neural_vault.Model) -> None:
    frames = neural_vault.load(HAXBY).to_frames()["X"][:8]
    gapped = Recordings.from_frames(frames, "a", times=[0, 1, 2, 30, 31, 32, 33, 34])
    apart = Recordings.from_scans([frames[:3], frames[3:]], ["a", "a"])
    assert linear.embed(gapped, window=2).tobytes() == linear.embed(apart, window=2).tobytes()
    assert linear.embed(gapped, window=2).tobytes() != linear.embed(frames[np.newaxis], window=2).tobytes()


def test_times_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="timesteps: 3 for 12 frames"):
        Recordings.from_frames(FRAMES, "clip", times=[0, 1, 2])
    with pytest.raises(ValueError, match="row 1: its time is not a number"):
        Recordings.from_frames(FRAMES[:2], "clip", times=[0, np.nan])
    with pytest.raises(ValueError, match="label, session and timestep are those of row 0"):
        Recordings.from_frames(FRAMES[:2], "clip", times=[5.0, 5.0])
    with pytest.raises(ValueError, match="one for each frame of each scan"):
        Recordings.from_scans([FRAMES, FRAMES], ["a", "b"], times=[SECONDS, SECONDS[:3]])
    with pytest.raises(ValueError, match="one for each frame of each scan"):
        Recordings.from_scans([FRAMES, FRAMES], ["a", "b"], times=[SECONDS])
    with pytest.raises(ValueError, match="times: shape"):
        Recordings.from_frames(FRAMES, "clip", times=0.5)
    with pytest.raises(TypeError, match="times: real numbers are needed"):
        Recordings.from_frames(FRAMES, "clip", times=["0.5"] * 12)
    with pytest.raises(TypeError, match="not both"):
        Recordings.from_frames(FRAMES, "clip", timesteps=range(12), times=SECONDS)
