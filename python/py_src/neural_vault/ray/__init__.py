"""Embeddings of many files by Ray, on the cores of one machine or of a cluster.

Workers are sent paths. They read the files themselves, keep to the CPUs that Ray gives them, and load the model once;
what comes back of a scan is its embedding, with the bits that `Model.embed` gives.

`embed` writes the embeddings of files into a folder of Parquet files, and goes on where it was interrupted. `Embed` is
for `ray.data.Dataset.map_batches` in a pipeline of your own.
"""

try:
    import pyarrow  # noqa: F401
    import ray  # noqa: F401
except ImportError as error:
    raise ImportError(f'{error}: neural_vault.ray needs Ray; pip install "neural-vault[ray]"') from error

from ._batches import Embed
from ._failures import Failure
from ._options import LoadOptions
from ._run import Summary, embed

__all__ = ["Embed", "Failure", "LoadOptions", "Summary", "embed"]
