"""How the workers read recordings."""

from __future__ import annotations

import os
from typing import Any, TypedDict, cast

from ..recordings import Path


class LoadOptions(TypedDict, total=False):
    """Options of reading, which apply to every file. The parameters are those of `neural_vault.load`."""

    label: str | None
    session: str | None
    label_column: str | None
    width: int | None
    mask: Path | None
    events: Path | bool
    frame_seconds: float | None
    lag: float


def everywhere(options: LoadOptions) -> LoadOptions:
    """Return options whose paths do not depend on the current folder, which is another one on a worker.

    Raises
    ------
    TypeError
        `neural_vault.load` has no such option.
    """
    for name in options:
        if name not in LoadOptions.__annotations__:
            raise TypeError(f"neural_vault.load has no option {name!r}")
    absolute: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    for name in ("mask", "events"):
        if isinstance(absolute.get(name), (str, os.PathLike)):
            absolute[name] = os.path.abspath(absolute[name])
    return cast(LoadOptions, absolute)
