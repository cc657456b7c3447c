"""Identifiers: a prefix that tells what it is, and a UUID version 7 that sorts by birth."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case
_LENGTH = 26


def new_id(prefix: str) -> str:
    """Return a new id such as `ds_01k9…`: 48 bits of milliseconds, then 80 random bits."""
    return id_from(prefix, time.time_ns() // 1_000_000, secrets.token_bytes(10))


def id_from(prefix: str, milliseconds: int, randomness: bytes) -> str:
    """Return the id of `prefix` born at `milliseconds`; ids sort by that time."""
    number = (milliseconds << 80) | int.from_bytes(randomness[:10], "big")
    digits = (_ALPHABET[(number >> shift) & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))
    return f"{prefix}_{''.join(digits)}"
