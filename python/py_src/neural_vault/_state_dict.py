"""Tensors by their names, as the bytes of a safetensors file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

TYPES = {
    "float16": "F16",
    "float32": "F32",
    "float64": "F64",
    "int8": "I8",
    "int16": "I16",
    "int32": "I32",
    "int64": "I64",
    "uint8": "U8",
    "uint16": "U16",
    "uint32": "U32",
    "uint64": "U64",
    "bool": "BOOL",
}
"""The types of tensors, by NumPy's names and those of safetensors."""


def to_safetensors(tensors: Mapping[str, Any], metadata: Mapping[str, str] | None) -> bytes:
    """Return the file: the length of its header, the header in JSON, and the tensors one after the other."""
    header: dict[str, Any] = {}
    if metadata is not None:
        header["__metadata__"] = {str(key): str(value) for key, value in metadata.items()}
    parts, end = [], 0
    for name, tensor in tensors.items():
        array = _array(str(name), tensor)
        part = array.tobytes()
        header[str(name)] = {
            "dtype": TYPES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [end, end + len(part)],
        }
        parts.append(part)
        end += len(part)
    text = json.dumps(header).encode()
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])


def _array(name: str, tensor: Any) -> np.ndarray[Any, Any]:
    """Return a tensor as a little-endian array, without its gradient."""
    tensor = tensor.detach() if hasattr(tensor, "detach") else tensor
    try:
        is_tensor = hasattr(tensor, "__dlpack__") and not hasattr(tensor, "__array__")
        array = np.from_dlpack(tensor) if is_tensor else np.asarray(tensor)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"tensor {name}: {error}; give an array of float32 on the processor") from None
    if array.dtype.name not in TYPES:
        raise TypeError(f"tensor {name}: {array.dtype} is no type of weights; give float32")
    return np.asarray(array, dtype=array.dtype.newbyteorder("<"))
