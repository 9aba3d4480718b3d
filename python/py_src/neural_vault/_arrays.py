"""What users pass as scans, brought to the arrays that the native module takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Float32: TypeAlias = npt.NDArray[np.float32]


def float32(values: Any, name: str) -> Float32:
    """Return `values` as a C-contiguous float32 array of this machine's byte order.

    An array that is one already is returned itself, without a copy; anything else is copied once. Masked values become NaN,
    which a model replaces by its fill rule.

    Raises
    ------
    TypeError
        The values are no real numbers.
    ValueError
        The values are ragged.
    """
    if hasattr(values, "__dlpack__") and not hasattr(values, "__array__"):
        values = np.from_dlpack(values)
    if isinstance(values, np.ma.MaskedArray):
        values = values.astype(np.float32).filled(np.nan)
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    if array.dtype.kind == "O":
        try:
            array = array.astype(np.float32)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{name}: not an array of numbers: {error}") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name}: numbers are needed, not {array.dtype}")
    return np.ascontiguousarray(array, dtype=np.float32)


def scan(values: Any, name: str = "the scan") -> Float32:
    """Return one scan, (frames, features) or a single frame (features,), as (frames, features)."""
    array = float32(values, name)
    if array.ndim == 1:
        array = array[np.newaxis]
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"{name}: shape {array.shape}; a scan is (frames, features), one frame or more")
    return array


def scans(values: Any) -> Float32 | list[Float32]:
    """Return scans as one array (scans, frames, features), or as a list of (frames, features) where lengths differ.

    An array (scans, features) holds scans of one frame.
    """
    if isinstance(values, Sequence) and not isinstance(values, (str, bytes)):
        if len(values) == 0:
            raise ValueError("there are no scans")
        return [scan(one, f"scan {number}") for number, one in enumerate(values)]
    array = float32(values, "scans")
    if array.ndim == 2:
        array = array[:, np.newaxis]
    if array.ndim != 3:
        raise ValueError(f"scans: shape {array.shape}; scans are (scans, frames, features) or (scans, features)")
    if len(array) == 0:
        raise ValueError("there are no scans")
    return array


def names(values: Iterable[Any] | None, count: int, what: str) -> list[str]:
    """Return one name for each of `count` scans or frames; empty names for `None`."""
    if values is None:
        return [""] * count
    if isinstance(values, str):
        raise TypeError(f"{what}: one name for each of {count} is needed, not a string")
    given = [str(value) for value in np.asarray(values).tolist()]
    if len(given) != count:
        raise ValueError(f"{what}: {len(given)} for {count}")
    return given
