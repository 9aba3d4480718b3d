"""The native module: what `neural_vault` wraps. Arrays are C-contiguous and of this machine's byte order."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np
import numpy.typing as npt

__all__ = [
    "Enrolment",
    "Evaluation",
    "Model",
    "Recordings",
    "__version__",
    "archive",
    "companions",
    "curve",
    "dprime",
    "eer",
    "evaluate",
    "exact_intervals",
    "export",
    "files",
    "files_read",
    "import_weights",
    "load_secret",
    "main",
    "model_from_bytes",
    "model_to_bytes",
    "random_secret",
    "roc_auc",
    "save_secret",
    "state_dict",
    "train",
]

__version__: str

def companions(path: str | os.PathLike[str]) -> list[Path]: ...
def files(folder: str | os.PathLike[str]) -> list[Path]: ...
def files_read(
    path: str | os.PathLike[str],
    label: str | None = None,
    *,
    mask: str | os.PathLike[str] | None = None,
    events: str | os.PathLike[str] | None = None,
    use_events: bool = True,
    frame_seconds: float | None = None,
) -> list[Path]: ...
def main(arguments: Sequence[str]) -> int: ...
def train(
    recordings: Recordings,
    recipe: str,
    seed: int,
    settings: dict[str, Any],
    *,
    engine: str,
    device: str,
    threads: int,
    background: Recordings | None,
    progress: Callable[[int, int, float], object] | None,
) -> Model: ...
def random_secret(buffer: bytearray) -> None: ...
def load_secret(path: str | os.PathLike[str], buffer: bytearray) -> None: ...
def save_secret(path: str | os.PathLike[str], buffer: bytes | bytearray | memoryview, replace: bool) -> None: ...
def archive(folder: str | os.PathLike[str], model: Model) -> Recordings: ...
def model_to_bytes(model: Model) -> tuple[bytes, str | None]: ...
def model_from_bytes(bundle: bytes, provenance: str | None) -> Model: ...
def import_weights(
    weights: bytes | str | os.PathLike[str],
    *,
    heads: int | None,
    window: int | None,
    skip: Sequence[str],
    standardise: Recordings | None,
) -> Model: ...
def state_dict(model: Model) -> list[tuple[str, npt.NDArray[np.float32]]]: ...
def export(
    model: Model, path: str | os.PathLike[str], weights: str, calibration: Recordings | None, replace: bool
) -> Model: ...
def eer(
    genuine: npt.NDArray[np.float64],
    impostor: npt.NDArray[np.float64],
    groups: tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]] | None,
    replicates: int,
    seed: int,
) -> tuple[float, tuple[float, float] | None, float]: ...
def dprime(
    genuine: npt.NDArray[np.float64],
    impostor: npt.NDArray[np.float64],
    groups: tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]] | None,
    replicates: int,
    seed: int,
) -> tuple[float, tuple[float, float] | None]: ...
def roc_auc(
    genuine: npt.NDArray[np.float64],
    impostor: npt.NDArray[np.float64],
    groups: tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]] | None,
    replicates: int,
    seed: int,
) -> tuple[float, tuple[float, float] | None]: ...
def curve(
    genuine: npt.NDArray[np.float64], impostor: npt.NDArray[np.float64], points: int | None = None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]: ...
def exact_intervals(rates: npt.NDArray[np.float64], trials: int) -> npt.NDArray[np.float64]: ...
def evaluate(
    recordings: Recordings,
    asked: Mapping[str, object],
    model: Model | None,
    background: Sequence[Recordings],
    threads: int | None,
    progress: Callable[[str, str, int, int], object] | None,
) -> Evaluation: ...

@final
class Evaluation:
    @staticmethod
    def load(path: str | os.PathLike[str]) -> Evaluation: ...
    def json(self) -> str: ...
    def html(self) -> str: ...
    def scores(self) -> bytes: ...
    def trials(self) -> list[list[tuple[int, int]]]: ...
    def tables(self) -> list[str]: ...
    def save(self, path: str | os.PathLike[str], replace: bool) -> None: ...
    def save_report(self, path: str | os.PathLike[str], replace: bool) -> None: ...

@final
class Enrolment:
    @staticmethod
    def of_windows(
        model: Model,
        recordings: Recordings,
        label: str,
        sessions: tuple[Sequence[str], Sequence[str], Sequence[str]],
        *,
        window: int | None,
        windows: int | None,
        frozen: bool,
        fmr: float | None,
        threshold: float | None,
    ) -> Enrolment: ...
    @staticmethod
    def of_person(
        model: Model,
        recordings: Recordings,
        label: str,
        sessions: tuple[Sequence[str], Sequence[str], Sequence[str]],
        *,
        frames: int | None,
        least_frames: int | None,
        fmr: float | None,
        threshold: float | None,
        background: Recordings | None,
    ) -> Enrolment: ...
    @staticmethod
    def load(path: str | os.PathLike[str], model: Model) -> Enrolment: ...
    def save(self, path: str | os.PathLike[str], replace: bool) -> None: ...
    @property
    def label(self) -> str: ...
    @property
    def threshold(self) -> float: ...
    def describe(self) -> str: ...
    def attempts_left(self, file: str | os.PathLike[str]) -> int: ...
    def verify(self, model: Model, recordings: Recordings) -> bool: ...
    def derive(
        self,
        model: Model,
        recordings: Recordings,
        file: str | os.PathLike[str],
        secret: bytes | bytearray | memoryview,
        context: bytes,
        key: bytearray,
    ) -> tuple[bool, bool, int]: ...

@final
class Model:
    @staticmethod
    def load(path: str | os.PathLike[str]) -> Model: ...
    def save(self, folder: str | os.PathLike[str], replace: bool) -> None: ...
    @property
    def digest(self) -> str: ...
    @property
    def features(self) -> int: ...
    @property
    def latent(self) -> int: ...
    @property
    def window(self) -> int: ...
    @property
    def max_window(self) -> int: ...
    @property
    def is_connectome(self) -> bool: ...
    @property
    def recipe(self) -> str: ...
    @property
    def labels(self) -> list[str]: ...
    @property
    def sessions(self) -> list[str]: ...
    @property
    def weights(self) -> str: ...
    def embed(
        self,
        scans: npt.NDArray[np.float32] | Sequence[npt.NDArray[np.float32]],
        window: int,
        threads: int | None,
    ) -> npt.NDArray[np.float32]: ...
    def embed_recordings(self, recordings: Recordings, window: int, threads: int | None) -> npt.NDArray[np.float32]: ...

@final
class Recordings:
    @staticmethod
    def load(
        inputs: Sequence[tuple[str | os.PathLike[str], str | None, str | None, str | os.PathLike[str] | None]],
        *,
        label_column: str | None = None,
        width: int | None = None,
        mask: str | os.PathLike[str] | None = None,
        events: str | os.PathLike[str] | None = None,
        use_events: bool = True,
        frame_seconds: float | None = None,
        lag: float = 0.0,
    ) -> Recordings: ...
    @staticmethod
    def from_frames(
        frames: npt.NDArray[np.float32],
        labels: Sequence[str],
        sessions: Sequence[str],
        timesteps: npt.NDArray[np.int64] | None = None,
        times: npt.NDArray[np.float64] | None = None,
    ) -> Recordings: ...
    @staticmethod
    def from_scans(
        scans: Sequence[npt.NDArray[np.float32]], labels: Sequence[str], sessions: Sequence[str]
    ) -> Recordings: ...
    @property
    def labels(self) -> list[str]: ...
    @property
    def sessions(self) -> list[str]: ...
    @property
    def features(self) -> int: ...
    @property
    def count(self) -> int: ...
    @property
    def frames(self) -> int: ...
    @property
    def origin(self) -> str: ...
    @property
    def notes(self) -> list[str]: ...
    def scans(self) -> list[tuple[int, int, int]]: ...
    def scan(self, index: int) -> tuple[str, str, npt.NDArray[np.float32]]: ...
    def values(self) -> npt.NDArray[np.float32]: ...
    def rows(self) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32], npt.NDArray[np.int64]]: ...
    def select(self, labels: Sequence[str] | None = None, sessions: Sequence[str] | None = None) -> Recordings: ...
    def save(self, path: str | os.PathLike[str], replace: bool) -> None: ...
