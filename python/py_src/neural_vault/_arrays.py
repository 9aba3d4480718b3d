"""What users pass as scans and names, brought to the arrays that the native module takes."""

from __future__ import annotations

import operator
import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, MappingView
from typing import Any, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from .scan import Scan

Float32: TypeAlias = npt.NDArray[np.float32]


def scans(values: Any) -> Float32 | list[Float32]:
    """Return scans as one array (scans, frames, features), or as a list of (frames, features).

    Takes an array of three axes, an array (scans, features) of scans of one frame, or any iterable of scans, whose lengths may
    differ. Scans that are C-contiguous float32 are returned as they are, without a copy; others are copied once.
    """
    if isinstance(values, Scan):
        return [scan(values)]
    if not _is_array(values):
        return _each(values)
    array = _array(values, "the scans")
    if array.dtype == object and array.ndim == 1 and not np.ma.isMaskedArray(array):
        return _each(array)
    if array.ndim == 2:
        array = array[:, np.newaxis]
    if array.ndim != 3:
        hint = {1: "; give one scan in a list, [scan]", 4: "; flatten the voxels of each frame"}.get(array.ndim, "")
        raise ValueError(
            f"the scans: shape {array.shape}; scans are (scans, frames, features), or (scans, features) of one frame each{hint}"
        )
    if 0 in array.shape:
        raise ValueError(f"the scans: shape {array.shape}; there are no values")
    if _is_native(array) and array.flags.aligned and not array.flags.c_contiguous and array[0].flags.c_contiguous:
        return list(array)
    return _float32(array, "the scans")


def scan(values: Any, name: str = "the scan") -> Float32:
    """Return one scan, (frames, features) or a single frame (features,), as (frames, features)."""
    if isinstance(values, Scan):
        values = values.frames
    array = _array(values, name)
    if array.ndim == 1:
        array = array[np.newaxis]
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"{name}: shape {array.shape}; a scan is (frames, features), one frame or more")
    return _float32(array, name)


def frames(values: Any) -> Float32:
    """Return a matrix (frames, features)."""
    array = _array(values, "frames")
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"frames: shape {array.shape}; frames are (frames, features), one or more")
    return _float32(array, "frames")


def scores(values: Any, name: str) -> npt.NDArray[np.float64]:
    """Return scores as C-contiguous float64 (scores,), one or more; masked ones are refused."""
    array = _array(values, name)
    if array.ndim != 1:
        raise ValueError(f"{name}: shape {array.shape}; scores are (scores,)")
    if len(array) == 0:
        raise ValueError(f"{name}: there are no scores")
    if np.ma.isMaskedArray(array):
        raise ValueError(f"{name}: score {np.argmax(np.ma.getmaskarray(array))} is masked")
    try:
        return np.require(array, np.float64, ["C", "A"])
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name}: not an array of numbers: {error}") from None


def names(values: Iterable[Any] | None, count: int, what: str) -> list[str]:
    """Return one name for each of `count` scans or frames; empty names for `None`.

    A name is what `str` makes of a value; bytes are UTF-8. NaN, `None`, `pandas.NA` and masked values name nothing and are refused.
    """
    if values is None:
        return [""] * count
    if isinstance(values, (str, bytes)):
        raise TypeError(f"{what}: one for each of {count} is needed, not a string")
    if isinstance(values, (Iterator, MappingView)):
        values = list(values)
    # NumPy would make the text `nan` of a missing name in a list of strings.
    array = np.asarray(values, dtype=object) if isinstance(values, (list, tuple)) else np.asarray(values)
    if array.ndim == 0:
        raise TypeError(f"{what}: a sequence of {count} is needed, not {type(values).__name__}")
    if array.ndim > 1:
        raise ValueError(f"{what}: shape {array.shape}; one for each of {count} is needed")
    if array.dtype.kind == "M":
        # As numbers they would not say what they are.
        missing, given = np.isnat(array), np.datetime_as_string(array, unit="auto").tolist()
    else:
        given = array.tolist()
        if any(isinstance(value, (list, tuple, np.ndarray)) for value in given):
            raise ValueError(f"{what}: one for each of {count} is needed, and there is a sequence among them")
        missing = np.array([_is_missing(value) for value in given], dtype=bool)
    missing = missing | np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else missing
    if missing.any():
        raise ValueError(f"{what}: number {np.argmax(missing)} is missing")
    if len(given) != count:
        raise ValueError(f"{what}: {len(given)} for {count}")
    return [value.decode() if isinstance(value, bytes) else str(value) for value in given]


def timesteps(values: Iterable[Any] | None) -> npt.NDArray[np.int64] | None:
    """Return whole numbers as int64; `None` for `None`."""
    if values is None:
        return None
    array = _array(values, "timesteps")
    if array.ndim != 1:
        raise ValueError(f"timesteps: shape {array.shape}; one for each frame is needed")
    with np.errstate(invalid="ignore"):
        whole = array.astype(np.int64)
    different = np.flatnonzero(whole != array)
    if len(different) > 0:
        row = different[0]
        raise ValueError(f"timesteps: {array[row]} of frame {row} is no whole number of steps")
    return np.ascontiguousarray(whole)


@overload
def times(values: None) -> None: ...
@overload
def times(values: Iterable[Any]) -> npt.NDArray[np.float64]: ...
def times(values: Iterable[Any] | None) -> npt.NDArray[np.float64] | None:
    """Return times in seconds or another unit as float64; `None` for `None`."""
    if values is None:
        return None
    array = _array(values, "times")
    if array.ndim != 1:
        raise ValueError(f"times: shape {array.shape}; one for each frame is needed")
    return np.ascontiguousarray(array, dtype=np.float64)


def positive(value: Any, what: str) -> int:
    """Return a whole number of one or more."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{what}: a whole number is needed, not {value!r}") from None
    if number < 1:
        raise ValueError(f"{what}: {number}; at least 1 is needed")
    return min(number, 2**63 - 1)


def _each(values: Any) -> list[Float32]:
    """Return each scan of an iterable."""
    if isinstance(values, (str, bytes, os.PathLike, Mapping)) or not isinstance(values, Iterable):
        raise TypeError(f"the scans: {_unlike_array(values)}")
    made = [scan(one, f"scan {number}") for number, one in enumerate(values)]
    if not made:
        raise ValueError("there are no scans")
    return made


def _is_array(values: Any) -> bool:
    """Return whether NumPy can take the values as one array without a look at each."""
    if isinstance(values, (str, bytes)):
        return False
    if any(hasattr(values, name) for name in ("__array__", "__array_interface__", "__dlpack__", "toarray")):
        return True
    try:
        memoryview(values)
    except TypeError:
        return False
    return True


def _array(values: Any, name: str) -> np.ndarray[Any, Any]:
    """Return real numbers as an array of any type and layout, which may be masked."""
    if hasattr(values, "toarray"):
        raise TypeError(f"{name}: sparse; give an array, such as values.toarray()")
    if values is None or isinstance(values, (str, bytes, os.PathLike, Mapping, Iterator)):
        raise TypeError(f"{name}: {_unlike_array(values)}")
    try:
        if hasattr(values, "__dlpack__") and not hasattr(values, "__array__"):
            array = np.from_dlpack(values)
        elif isinstance(values, (list, tuple)) and any(isinstance(value, np.ma.MaskedArray) for value in values):
            array = np.ma.stack(values)
        else:
            array = np.asanyarray(values)
    except (BufferError, RuntimeError, ValueError) as error:
        # Rows of different lengths; tensors of another device, or with a gradient.
        reason = "its rows have different lengths" if "inhomogeneous" in str(error) else error
        raise ValueError(f"{name}: {reason}") from None
    if isinstance(array, np.ma.MaskedArray):
        array = array if array.mask.any() else array.data
    else:
        array = np.asarray(array)
    if array.dtype.kind == "O":
        text = next((value for value in array.flat if isinstance(value, (str, bytes))), None)
        if text is not None:
            raise TypeError(f"{name}: real numbers are needed, not text such as {text!r}")
        if hasattr(values, "iloc"):
            # NumPy does not know `pandas.NA`.
            array = values.to_numpy(dtype=object, na_value=np.nan)
    elif array.dtype.kind not in "fiub":
        kinds = {"c": "complex numbers", "M": "dates", "m": "durations", "S": "text", "U": "text"}
        raise TypeError(f"{name}: real numbers are needed, not {kinds.get(array.dtype.kind, array.dtype)}")
    return array


def _float32(array: np.ndarray[Any, Any], name: str) -> Float32:
    """Return an array as C-contiguous float32, copied once unless it is that already; masked values become NaN."""
    if _is_native(array):
        return np.require(array, requirements=["C", "A"])
    beyond: list[bool] = []
    try:
        with np.errstate(over="call", call=lambda *_: beyond.append(True)):
            if isinstance(array, np.ma.MaskedArray):
                converted = np.array(array.data, dtype=np.float32, order="C")
                converted[np.ma.getmaskarray(array)] = np.nan
            else:
                converted = np.require(array, np.float32, ["C", "A"])
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name}: not an array of numbers: {error}") from None
    except OverflowError as error:
        raise ValueError(f"{name}: {error}") from None
    if beyond:
        note = "values beyond the range of float32 become infinite, and count as values that are not finite"
        warnings.warn(f"{name}: {note}", UserWarning, stacklevel=_level_of_caller())
    return converted


def _level_of_caller() -> int:
    """Return the `stacklevel` of the line that called the package, however deep in it the warning is."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals["__name__"].startswith(f"{__package__}."):
        level, frame = level + 1, frame.f_back
    return level


def _is_native(array: np.ndarray[Any, Any]) -> bool:
    return array.dtype == np.float32 and not np.ma.isMaskedArray(array)


def _unlike_array(values: Any) -> str:
    """Return why a value is no array, and what to do."""
    if isinstance(values, (str, bytes, os.PathLike)):
        return f"an array is needed, not the text or path {values!r}; `neural_vault.load` reads files"
    if isinstance(values, Mapping):
        return "an array or a list of them is needed, not a mapping; give list(scans.values())"
    return f"an array is needed, not {type(values).__name__}"


def _is_missing(value: Any) -> bool:
    if isinstance(value, (float, np.floating, np.datetime64, np.timedelta64)):
        return bool(np.isnan(value))
    return value is None or type(value).__name__ in ("NAType", "NaTType")
