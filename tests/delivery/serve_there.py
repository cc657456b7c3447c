"""Serve an exchange from a process of its own, so that it can be killed."""

import json
import sys

import uvicorn

from torvet.exchange import open_parts
from torvet.server import application
from torvet.settings import Settings


def main():
    settings = Settings(**json.loads(sys.argv[1]))
    with open_parts(settings, migrate=False) as parts:
        uvicorn.run(
            application(parts), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning"
        )


if __name__ == "__main__":
    main()
