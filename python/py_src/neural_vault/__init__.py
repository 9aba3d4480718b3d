"""Neural Vault turns brain-response recordings into cryptographic keys."""

from importlib import import_module
from typing import TYPE_CHECKING

from . import metrics
from ._native import __version__
from .enrolment import Enrolment
from .errors import NoAttemptsLeftError, RejectedError
from .evaluation import Evaluation, evaluate
from .model import Model
from .recordings import Recordings, load
from .scan import Scan
from .secret import Secret
from .training import train

if TYPE_CHECKING:
    from .estimators import VaultEncoder as VaultEncoder
    from .estimators import VaultVerifier as VaultVerifier

__all__ = [
    "Enrolment",
    "Evaluation",
    "Model",
    "NoAttemptsLeftError",
    "Recordings",
    "RejectedError",
    "Scan",
    "Secret",
    "__version__",
    "evaluate",
    "load",
    "metrics",
    "train",
]

# Imported when they are first asked for, because they need more than NumPy.
_LAZY = {"VaultEncoder": ".estimators", "VaultVerifier": ".estimators"}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])
