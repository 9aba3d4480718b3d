"""scikit-learn estimators: an encoder of scans, and a verifier of their labels."""

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise ImportError(
        'the estimators of neural_vault need scikit-learn: pip install "neural-vault[sklearn]"'
    ) from error

from .encoder import VaultEncoder
from .verifier import VaultVerifier

__all__ = ["VaultEncoder", "VaultVerifier"]
