"""Enrolments: whom a scan is verified as, and the key that it releases."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from . import _arrays, _native, _settings
from .errors import NoAttemptsLeftError, RejectedError
from .model import Model
from .recordings import Path, Recordings, of
from .scan import Scan
from .secret import LENGTH, Secret, exposed


class Enrolment:
    """An enrolled label or person: a prototype, a threshold, and how probes are compared with them.

    It holds no key. Its prototype is sensitive nevertheless, and so its file can be read by its owner only. Files are those of
    `neural-vault enroll`, and either side uses those of the other.
    """

    __slots__ = ("_facts", "_file", "_model", "_native")

    def __init__(self, native: _native.Enrolment, model: Model, file: str | None = None) -> None:
        self._native = native
        self._model = model
        self._file = file
        self._facts: dict[str, Any] = json.loads(native.describe())

    @classmethod
    def create(
        cls,
        model: Model,
        scans: Any,
        labels: Iterable[Any] | None = None,
        sessions: Iterable[Any] | None = None,
        *,
        label: str,
        enrol_sessions: Iterable[str] | None = None,
        development_sessions: Iterable[str] | None = None,
        probe_sessions: Iterable[str] | None = None,
        fmr: float | None = None,
        threshold: float | None = None,
        window: int | None = None,
        windows: int | None = None,
        frozen: bool = False,
        frames: int | None = None,
        least_frames: int | None = None,
        background: Recordings | Path | None = None,
    ) -> Enrolment:
        """Enrol a label out of scans of several labels, as `neural-vault enroll` does.

        The threshold is chosen on development trials: scans of all labels, of sessions that did not train the model. With a
        connectome model the label is a person whom the model was not fitted to, all frames are enrolled at once, and the
        threshold is midway between what the person's own probes score and what the model states for strangers.

        To train a model again with new labels (`enroll --refit`), train it with `neural_vault.train` on all recordings.

        Parameters
        ----------
        model : Model
            The model that embeds.
        scans : Recordings, or scans as `Recordings.from_scans` takes them
            Scans of the label and of others, with labels and sessions of their own if they are `Recordings`.
        labels, sessions : sequence, optional
            The label and the session of each scan.
        label : str
            The label to enrol.
        enrol_sessions : sequence of str, optional
            Sessions to enrol; all when not given.
        development_sessions : sequence of str, optional
            Sessions whose scans choose the threshold; the enrolled sessions themselves when not given. With a connectome model
            sessions of the person's own probes; the last fifth of the frames when not given.
        probe_sessions : sequence of str, optional
            Sessions whose scans the chosen threshold is tested on, to report its error rates.
        fmr : float, optional
            The false match rate, 0 to 1, that the threshold is chosen for; when not given, the threshold of the equal error
            rate, or the one midway with a connectome model.
        threshold : float, optional
            The threshold, a cosine from -1 to 1, instead of one from development trials.
        window : int, optional
            Frames a window; the model's own when not given.
        windows : int, optional
            Windows of a probe, from its start; when not given, as many as the shortest development probe has.
        frozen : bool
            Enrol a label that a linear model was not trained on: scores are centred on the other enrolled labels.
        frames : int, optional
            Connectome model: frames of a probe, from its start; as many as the model asks for when not given.
        least_frames : int, optional
            Connectome model: fewest frames to enrol, 100 when not given.
        background : Recordings or path, optional
            Connectome model: the recordings that it was fitted to, who try the threshold where nobody else is recorded; or the
            model's folder, whose archive holds them.

        Raises
        ------
        ValueError
            The label or a session is not there, a session trained the model, there are too few trials or frames, or a setting
            belongs to the other kind of model.
        """
        if fmr is not None and threshold is not None:
            raise ValueError("give fmr or threshold, not both")
        recordings = of(scans, labels, sessions)
        lists = (
            _settings.names(enrol_sessions, "enrol_sessions"),
            _settings.names(development_sessions, "development_sessions"),
            _settings.names(probe_sessions, "probe_sessions"),
        )
        of_windows = {"window": window, "windows": windows, "frozen": frozen or None}
        of_persons = {"frames": frames, "least_frames": least_frames, "background": background}
        if model._native.is_connectome:
            _refuse(
                of_windows, "a model that embeds windows; this is a connectome model: frames sets how long a probe is"
            )
            native = _native.Enrolment.of_person(
                model._native,
                recordings._native,
                str(label),
                lists,
                frames=_frames(frames, "frames"),
                least_frames=_frames(least_frames, "least_frames"),
                fmr=fmr,
                threshold=threshold,
                background=_background(background, model),
            )
        else:
            _refuse(of_persons, "a connectome model; this one embeds windows: give window and windows")
            native = _native.Enrolment.of_windows(
                model._native,
                recordings._native,
                str(label),
                lists,
                window=None if window is None else _arrays.positive(window, "window"),
                windows=None if windows is None else min(_arrays.positive(windows, "windows"), 2**32 - 1),
                frozen=bool(frozen),
                fmr=fmr,
                threshold=threshold,
            )
        return cls(native, model)

    @classmethod
    def load(cls, path: Path, model: Model) -> Enrolment:
        """Read an enrolment from its `.nve` file.

        Parameters
        ----------
        path : path
            The file.
        model : Model
            The model that it was made with.

        Raises
        ------
        ValueError
            The file is no sound enrolment, or was made with another model.
        OSError
            The file cannot be read.
        """
        file = os.fspath(path)
        return cls(_native.Enrolment.load(file, model._native), model, file)

    def save(self, path: Path, *, overwrite: bool = False) -> None:
        """Write the enrolment to an `.nve` file that its owner alone can read.

        The attempts of an earlier enrolment of this name are forgotten. From now on attempts are counted beside this file.

        Parameters
        ----------
        path : path
            The file.
        overwrite : bool
            Replace an enrolment that is there.

        Raises
        ------
        FileExistsError
            The file is there; the v2 keys of the enrolment in it could never be made again.
        """
        file = os.fspath(path)
        self._native.save(file, overwrite)
        self._file = file

    @property
    def model(self) -> Model:
        """The model that it was made with."""
        return self._model

    @property
    def label(self) -> str:
        """The enrolled label."""
        return self._native.label

    @property
    def threshold(self) -> float:
        """Smallest accepted cosine, of probes of the longest length that was measured."""
        return self._native.threshold

    @property
    def model_digest(self) -> str:
        """Digest of the model that it was made with, in hexadecimal."""
        return str(self._facts["model_digest"])

    @property
    def sessions(self) -> list[str]:
        """The enrolled sessions."""
        return list(self._facts["sessions"])

    @property
    def eer_percent(self) -> float | None:
        """Equal error rate of the development trials in percent; `None` where they did not choose the threshold."""
        rate = self._facts["development"]["eer_percent"]
        return None if rate is None else float(rate)

    @property
    def facts(self) -> dict[str, Any]:
        """All that it holds but the prototype, as `neural-vault inspect --json` prints it.

        `development` has the trials that chose the threshold, `outcome` the error rates on the probe sessions, `false_matches`
        the false match rate with its bound and the attempts that it allows, and `thresholds` those of shorter probes.
        """
        facts: dict[str, Any] = json.loads(self._native.describe())
        return facts

    @property
    def attempts_left(self) -> int | None:
        """Attempts to derive a key that are left on this machine; `None` while the enrolment is in no file.

        Raises
        ------
        OSError
            The file is no longer there.
        ValueError
            The count is damaged, or belongs to another enrolment.
        """
        return None if self._file is None else self._native.attempts_left(self._file)

    def verify(self, scan: Any) -> bool:
        """Return whether a scan is accepted. No attempt is counted, and no score is told.

        Scores are for the operator alone (`neural-vault verify --show-score`): with them a stranger finds the prototype step by
        step. Many answers of yes and no say much too, so a service that verifies the scans of strangers must limit their number.

        Parameters
        ----------
        scan : array (frames, features), Scan, or Recordings of one scan
            Raw values. A scan is cut to the longest length that the threshold was measured with, with a warning. An array and
            a `Scan` are frames without a gap in time; `Recordings` keep theirs.

        Raises
        ------
        ValueError
            The scan has another width than the model, a frame that says nothing, or fewer frames than any threshold is for.
        """
        return self._native.verify(self._model._native, _one(scan)._native)

    def verify_and_derive(
        self, scan: Any, secret: Secret | bytes | bytearray | memoryview, context: str | bytes = ""
    ) -> Secret:
        """Verify a scan, and derive the enrolment's 256-bit key (scheme v2) when it is accepted.

        Each scan costs one of five attempts, or of the fewer that the enrolment's false match rate allows. It is counted in
        `R.nve.attempts` beside the enrolment's file before the scan is compared, and an accepted scan restores them all. Whoever
        can delete or replace that file has the attempts back, so it guards against guessing through this package and the
        command alone; a token keeps its counter in sealed flash.

        Parameters
        ----------
        scan : array (frames, features), Scan, or Recordings of one scan
            As in `verify`.
        secret : Secret, or bytes-like of 32 bytes
            The device's secret.
        context : str or bytes
            What the key is for: keys of two contexts are independent. Text is taken as UTF-8.

        Returns
        -------
        Secret
            The key, the same as `neural-vault verify --derive` prints.

        Raises
        ------
        RejectedError
            The scan was not accepted; the error says how many attempts are left.
        NoAttemptsLeftError
            No attempt was left, and the scan was not compared.
        ValueError
            The enrolment is in no file yet, beside which attempts would be counted, or another enrolment is in it by now.
            Also as in `verify`; a scan that cannot be compared costs no attempt.
        OSError
            The attempt cannot be counted.
        """
        if self._file is None:
            raise ValueError(
                "the enrolment is in no file yet: save it first, since attempts are counted beside its file"
            )
        key = Secret(bytes(LENGTH))
        accepted, compared, left = self._native.derive(
            self._model._native,
            _one(scan)._native,
            self._file,
            exposed(secret),
            context.encode() if isinstance(context, str) else bytes(context),
            key,
        )
        if accepted:
            return key
        raise RejectedError(left) if compared else NoAttemptsLeftError(left)

    def __repr__(self) -> str:
        sessions = ", ".join(name for name in self.sessions if name)
        scans = self._facts["scans"]
        return (
            f"<Enrolment of {self.label}: {scans} scan{'' if scans == 1 else 's'}"
            + (f" ({sessions})" if sessions else "")
            + f", threshold {self.threshold:.4f}>"
        )


def _one(scan: Any) -> Recordings:
    """Return recordings of one scan."""
    if isinstance(scan, Recordings):
        if len(scan) != 1:
            raise ValueError(f"one scan is verified, not {len(scan)}; choose it with recordings.select")
        return scan
    label, session = (scan.label, scan.session) if isinstance(scan, Scan) else ("the scan", "")
    return Recordings.from_scans([_arrays.scan(scan)], [label], [session])


def _frames(value: int | None, name: str) -> int | None:
    if value is None:
        return None
    frames = _arrays.positive(value, name)
    if not 2 <= frames <= 1 << 16:
        raise ValueError(f"{name}: {frames}; a scan of persons has 2 to {1 << 16} frames")
    return frames


def _background(background: Recordings | Path | None, model: Model) -> _native.Recordings | None:
    if background is None or isinstance(background, Recordings):
        return None if background is None else background._native
    return _native.archive(os.fspath(background), model._native)


def _refuse(given: Mapping[str, object], needed: str) -> None:
    """Refuse settings that belong to the other kind of model."""
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"{name} needs {needed}")
