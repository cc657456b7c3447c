"""Noise from OpenDP's discrete Gaussian: whole numbers, drawn for a whole vector at once."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from .accounting import Calibrated, mechanism

DRAWN_TOGETHER = 600
"""Numbers in one portion: a thread draws each, and OpenDP holds no lock of Python's meanwhile."""


def hidden(exact: NDArray[np.int64], how: Calibrated) -> NDArray[np.int64]:
    """Return `exact`, of any shape, with independent noise on each number.

    The numbers are drawn by OpenDP from the operating system's randomness: nothing seeds them.
    """

    def drawn(portion: NDArray[np.int64]) -> list[int]:
        found: list[int] = mechanism(how.scale)(portion.tolist())
        return found

    flat = exact.reshape(-1)
    portions = np.array_split(flat, -(-flat.size // DRAWN_TOGETHER))
    if len(portions) == 1:
        return np.asarray(drawn(flat), dtype=np.int64).reshape(exact.shape)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        noisy = list(threads.map(drawn, portions))
    return np.concatenate([np.asarray(part, dtype=np.int64) for part in noisy]).reshape(exact.shape)
