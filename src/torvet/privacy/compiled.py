"""One way to compile a loop: cached on disk, and free of the interpreter while it runs."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(loop: Loop) -> Loop:
    """Compile `loop` with numba when it is first called; later processes read the cache."""
    return cast("Loop", numba.njit(cache=True, nogil=True)(loop))
