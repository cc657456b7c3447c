"""Where the embedded state of an exchange is, unless somebody says otherwise."""

import os
from pathlib import Path


def default_home() -> Path:
    """Return the folder of all embedded state: `TORVET_HOME`, or `~/.torvet`."""
    return Path(os.environ.get("TORVET_HOME") or Path.home() / ".torvet")
