"""`torvet`: all commands together, and the one place where their errors are told."""

import json
import os
import sys

import httpx2
from cyclopts import App

from torvet import __version__
from torvet.kit.errors import ExchangeError

from . import finding, operate, people, proving, publishing, reading, trading
from .logs import configure
from .output import ProblemSaid, err, print_json, print_problem

app = App(
    name="torvet",
    help="The market square for city data: publish, agree, read and prove.",
    version=__version__,
)
for room in (operate, people, publishing, finding, trading, reading, proving):
    room.add_to(app)
# Only the demo needs pandas, which takes a second to import.
app.command(
    "torvet.cli.story:demo",
    name="demo",
    help="Play the main job on real city data, then keep serving.",
)


def main() -> None:
    """Run one command; end with 1 where it was refused, 2 where it was misspelt."""
    configure(os.environ.get("TORVET_LOG_LEVEL", "warning"))
    try:
        app()
    except ProblemSaid as refused:
        _tell(dict(refused.problem))
    except ExchangeError as error:
        _tell({"title": str(error), "code": error.code, "advice": error.advice})
    except httpx2.TransportError as error:
        _tell(
            {
                "title": f"The exchange cannot be reached: {error}.",
                "advice": "Is it running? Start one with `torvet serve`, or check --at.",
            }
        )
    except BrokenPipeError:
        # Whoever read our output has enough: `torvet read … | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _tell(problem: dict[str, object]) -> None:
    if "--json" in sys.argv:
        print_json(json.loads(json.dumps(problem, default=str)))
    else:
        print_problem(problem)
    err.file.flush()
    sys.exit(1)
