"""Models, and the embeddings of scans."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from . import _arrays, _native, _settings, _state_dict
from .recordings import Path, Recordings


class Model:
    """An encoder with its standardiser, which turns a scan into an embedding.

    Its embeddings have the same bits as those of the command line and of a token, on every machine.
    """

    __slots__ = ("_native",)

    def __init__(self, native: _native.Model) -> None:
        self._native = native

    @classmethod
    def load(cls, path: Path) -> Model:
        """Read a model.

        Parameters
        ----------
        path : path
            Its folder, or its `.safetensors`, `.onnx` or `.nvb` file.

        Raises
        ------
        ValueError
            The file holds no sound model.
        OSError
            The file cannot be read.
        """
        return cls(_native.Model.load(os.fspath(path)))

    def save(self, folder: Path, *, overwrite: bool = False) -> None:
        """Write `model.safetensors`, `model.onnx` and `model.nvb`, all or none.

        Parameters
        ----------
        folder : path
            Made if it is not there.
        overwrite : bool
            Replace a model that is there.

        Raises
        ------
        OSError
            A file is there (`FileExistsError`), or cannot be written.
        """
        self._native.save(os.fspath(folder), overwrite)

    @property
    def digest(self) -> str:
        """SHA-256 over its sizes, weights, window, recipe and labels, in hexadecimal."""
        return self._native.digest

    @property
    def features(self) -> int:
        """Values per frame."""
        return self._native.features

    @property
    def latent(self) -> int:
        """Components of an embedding."""
        return self._native.latent

    @property
    def window(self) -> int:
        """Frames of a window; of a connectome model the fewest frames of a scan."""
        return self._native.window

    @property
    def recipe(self) -> str:
        """Name of the recipe that trained it."""
        return self._native.recipe

    @property
    def weights(self) -> str:
        """Format of its weights: `f32`, `f16`, `i16`, `i8i16` or `i8`."""
        return self._native.weights

    @property
    def labels(self) -> list[str]:
        """The labels that it was trained on; empty when they are not known."""
        return self._native.labels

    @property
    def sessions(self) -> list[str]:
        """The sessions that it was trained on."""
        return self._native.sessions

    def embed(self, scans: Any, window: int | None = None, *, threads: int | None = None) -> npt.NDArray[np.float32]:
        """Embed scans: one vector each, the mean over its windows.

        Parameters
        ----------
        scans : Recordings, array (scans, frames, features), array (scans, features), or iterable of arrays (frames, features)
            Raw values. C-contiguous float32 is read in place; anything else is copied once. The buffer must not be written
            meanwhile, or its embeddings are of no use.
        window : int, optional
            Frames a window; the model's own when not given.
        threads : int, optional
            Threads to embed with; all cores when not given.

        Returns
        -------
        array (scans, latent), float32
            Of `Recordings` in the order of their scans. A mean of unit vectors, not scaled to unit length again.

        Raises
        ------
        TypeError
            A scan is not an array of real numbers.
        ValueError
            A scan has another shape or width than the model takes, or a frame that says nothing: fewer than half of its values
            are finite, or these are all equal.
        """
        window = self.window if window is None else _arrays.positive(window, "window")
        given = scans if isinstance(scans, Recordings) else _arrays.scans(scans)
        # Each scan is embedded by one thread.
        threads = None if threads is None else min(_arrays.positive(threads, "threads"), len(given))
        if isinstance(given, Recordings):
            return self._native.embed_recordings(given._native, window, threads)
        return self._native.embed(given, window, threads)

    @classmethod
    def from_state_dict(
        cls,
        weights: Path | Mapping[str, Any],
        *,
        heads: int | None = None,
        window: int | None = None,
        skip: Iterable[str] | None = None,
        metadata: Mapping[str, str] | None = None,
        standardise: Recordings | None = None,
    ) -> Model:
        """Make a model of weights that were trained elsewhere, as `neural-vault import` does.

        Tensors have the names that PyTorch gives them in the reference's encoder: `proj.weight`, `enc.layers.0.norm1.bias`,
        `head.3.weight` and so on. What all names begin with (`model.encoder.`) and wrappers (`module.`) are left out of them. A
        warning says whatever was assumed or left out.

        Parameters
        ----------
        weights : path or mapping
            A `.safetensors` file, the `.npz` file of a connectome model, or arrays or tensors by their names, such as
            `module.state_dict()`. PyTorch itself is not needed.
        heads : int, optional
            Attention heads, which shapes do not determine; from the metadata when not given, else 8.
        window : int, optional
            Frames of a window, the default to enrol and verify with; from the metadata when not given, else 1.
        skip : sequence of str, optional
            Tensors to leave out, by their names or what their names begin with, such as those of a loss.
        metadata : mapping, optional
            What a file would say beside the tensors of a mapping: `heads`, `window`, `fill`, `norm_first`, `activation`.
        standardise : Recordings, optional
            The recordings that the weights were trained on: their mean and deviation become the model's standardiser.

        Raises
        ------
        ValueError
            A tensor is missing, unknown, of the wrong shape or not finite, or the encoder computes something else.
        """
        if isinstance(weights, Mapping):
            given: bytes | str = _state_dict.to_safetensors(weights, metadata)
        elif metadata is not None:
            raise TypeError("metadata belongs to a mapping; a file has its own")
        else:
            given = os.fspath(weights)
        native = _native.import_weights(
            given,
            heads=_settings.count(heads, "heads"),
            window=_settings.count(window, "window"),
            skip=_settings.names(skip, "skip"),
            standardise=None if standardise is None else standardise._native,
        )
        return cls(native)

    def to_state_dict(self) -> dict[str, npt.NDArray[np.float32]]:
        """Return the weights, copied, by the names that PyTorch gives them.

        Raises
        ------
        ValueError
            They are not float32.
        """
        return dict(_native.state_dict(self._native))

    def export(
        self,
        path: Path,
        *,
        weights: Literal["f32", "f16", "i16", "i8i16", "i8"] = "f32",
        calibration: Recordings | None = None,
        overwrite: bool = False,
    ) -> Model:
        """Write the bundle alone, which the core of a token reads, with the weights in a format.

        Parameters
        ----------
        path : path
            The `.nvb` file.
        weights : str
            The format. `f16` and `i16` have half the size of `f32`; `i8i16` and `i8` a quarter.
        calibration : Recordings, optional
            The recordings that trained the model, of which `i8i16` and `i8` need the range of values. Of sessions that are not
            the model's nothing is taken.
        overwrite : bool
            Whether a file that is there is replaced.

        Returns
        -------
        Model
            The model in the file. It is another model than this one: enrol with it before verifying with it.
        """
        native = None if calibration is None else calibration._native
        return Model(_native.export(self._native, os.fspath(path), weights, native, overwrite))

    def __eq__(self, other: object) -> bool:
        return self.digest == other.digest if isinstance(other, Model) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, _native.model_to_bytes(self._native)

    def __copy__(self) -> Model:
        return self

    def __deepcopy__(self, memo: object) -> Model:
        return self

    def __repr__(self) -> str:
        return f"<Model {self.digest[:12]}: {self.recipe}, {self.features} features, windows of {self.window}>"


def _unpickled(bundle: bytes, provenance: str | None) -> Model:
    """Make the model again that was pickled; its digest is checked."""
    return Model(_native.model_from_bytes(bundle, provenance))
