"""How often a process looks for rings of garbage, while nobody else in it runs."""

import gc

SELDOM = (10_000, 20, 100)
"""New containers before the youngest are looked through, and how much rarer the older are."""


def look_seldom() -> None:
    """Look for garbage seldom from now on.

    Python looks each time that 700 containers more were made, and again and again through
    everything that lives. Loading an exchange makes half a million, and nearly all of them stay.
    """
    gc.set_threshold(*SELDOM)
