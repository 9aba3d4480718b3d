"""One scan with its names."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Scan(NamedTuple):
    """A scan of `Recordings`: all frames of one label and session."""

    label: str
    session: str
    frames: npt.NDArray[np.float32]
    """Raw values (frames, features). Where frames are missing in time, those before and after follow each other."""
