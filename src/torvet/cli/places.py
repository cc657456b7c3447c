"""Where on this machine a command finds the exchange of a home folder."""

from pathlib import Path

DOOR = "/local/session"
"""The path that signs in, without a password, whoever stands at the socket."""

SOCKET_PATH_MAX = 100
"""The kernel takes 107 bytes."""


def socket_of(home: Path) -> Path:
    """Return the Unix socket on which `torvet serve` listens for commands."""
    return home.absolute() / "run" / "http"
