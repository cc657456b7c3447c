"""Noise from OpenDP's discrete Gaussian: whole numbers, drawn for a whole vector at once."""

import numpy as np
from numpy.typing import NDArray

from .accounting import Calibrated, mechanism


def hidden(exact: NDArray[np.int64], how: Calibrated) -> NDArray[np.int64]:
    """Return `exact`, of any shape, with independent noise on each number.

    The numbers are drawn by OpenDP from the operating system's randomness: nothing seeds them.
    """
    drawn = mechanism(how.scale)(exact.reshape(-1).tolist())
    return np.asarray(drawn, dtype=np.int64).reshape(exact.shape)
