"""Neural Vault turns brain-response recordings into cryptographic keys."""

from . import metrics
from ._native import __version__
from .model import Model, train
from .recordings import Recordings, load
from .scan import Scan

__all__ = ["Model", "Recordings", "Scan", "__version__", "load", "metrics", "train"]
