"""One scan with its names."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Scan(NamedTuple):
    """A scan of `Recordings`: all frames of one label and session.

    Attributes
    ----------
    label, session : str
        Its names; the session is empty where recordings name none.
    frames : array (frames, features), float32
        Raw values. Where frames are missing in time, those before and after follow each other.
    """

    label: str
    session: str
    frames: npt.NDArray[np.float32]
