"""Patterns that are compiled when the first value is looked at: a server starts without them."""

import re
from functools import cache


@cache
def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """Return `text` compiled, once for each process."""
    return re.compile(text, flags)
