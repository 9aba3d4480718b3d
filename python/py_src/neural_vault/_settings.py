"""Settings, brought to what the native module takes."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Sequence
from typing import Any, overload

import numpy as np


@overload
def count(value: int, name: str) -> int: ...
@overload
def count(value: int | None, name: str) -> int | None: ...
def count(value: Any, name: str) -> int | None:
    """Return a whole number that is not negative, or `None` for `None`."""
    if value is None:
        return None
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: a whole number is needed, not {value!r}") from None
    if not 0 <= number < 2**63:
        raise ValueError(f"{name}: {number} is out of range")
    return number


def counts(values: Iterable[int] | None, name: str) -> list[int] | None:
    """Return whole numbers that are not negative, or `None` for `None`."""
    if values is None:
        return None
    if isinstance(values, int):
        raise TypeError(f"{name}: a list of whole numbers is needed, such as [{values}]")
    return [count(value, name) for value in values]


def parcels(values: Any) -> list[int] | list[str] | None:
    """Return the number of each feature's region, or the files that hold them; `None` for `None`."""
    if values is None:
        return None
    if isinstance(values, (str, os.PathLike)):
        return [os.fspath(values)]
    if isinstance(values, Sequence) and values and all(isinstance(value, (str, os.PathLike)) for value in values):
        return [os.fspath(value) for value in values]
    numbers = np.asarray(values)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
        raise ValueError(
            f"parcels: {numbers.dtype} of shape {numbers.shape}; a whole number for each feature is needed"
        )
    return [int(number) for number in numbers]


def recipe(
    *,
    open_set: bool | None = None,
    windows: Iterable[int] | None = None,
    steps: int | None = None,
    batch: int | None = None,
    rows: int | None = None,
    window: int | None = None,
    mining: str | None = None,
    margin: float | None = None,
    learning_rate: float | None = None,
    schedule: str | None = None,
    weight_decay: float | None = None,
    clip: float | None = None,
    dropout: float | None = None,
) -> dict[str, Any]:
    """Return the settings of a recipe by all their names, with `None` for those that are not given."""
    return {
        "open_set": None if open_set is None else bool(open_set),
        "windows": counts(windows, "windows"),
        "steps": count(steps, "steps"),
        "batch": count(batch, "batch"),
        "rows": count(rows, "rows"),
        "window": count(window, "window"),
        "mining": mining,
        "margin": margin,
        "learning_rate": learning_rate,
        "schedule": schedule,
        "weight_decay": weight_decay,
        "clip": clip,
        "dropout": dropout,
        "parcels": None,
        "frames": None,
    }


def names(values: Iterable[str] | None, name: str) -> list[str]:
    """Return a list of one name or more, which is empty for `None`."""
    if isinstance(values, str):
        raise TypeError(f"{name}: a list of names is needed, such as [{values!r}]")
    if values is None:
        return []
    listed = [str(value) for value in values]
    if not listed:
        raise ValueError(f"{name}: the list is empty; leave it out, or name one")
    return listed
