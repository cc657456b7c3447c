"""`torvet`: all commands together, and the one place where their errors are told."""

import json
import os
import signal
import sys

import httpx2
from cyclopts import App

from torvet import __version__
from torvet.kit.errors import ExchangeError

from . import (
    answers,
    billing,
    charging,
    finding,
    holding,
    invoicing,
    negotiating,
    paying,
    people,
    pricing,
    proving,
    publishing,
    reading,
    reusing,
    trading,
    trusting,
    wanted,
)
from .logs import configure
from .output import ProblemSaid, err, print_json, print_problem

app = App(
    name="torvet",
    help="The market square for city data: publish, agree, read and prove.",
    version=__version__,
)
for room in (
    people,
    publishing,
    finding,
    trading,
    negotiating,
    pricing,
    reading,
    answers,
    billing,
    charging,
    invoicing,
    paying,
    trusting,
    wanted,
    reusing,
    proving,
):
    room.add_to(app)
holding.add_to(billing.billing_app)
# These open the parts themselves, which takes seconds to import: only when they are called.
for name, (place, words) in {
    "serve": ("operate:serve", "Serve the exchange, and do its background work."),
    "worker": ("operate:worker", "Do background work: publish, seal, sweep. Start several."),
    "check": ("operate:check_parts", "Try every part, and say where each setting came from."),
    "migrate": ("operate:migrate", "Bring the database to this version's form."),
    "stop": ("operate:stop", "Stop the embedded database, where one was left running."),
    "backup": ("operate:backup", "Write everything into one archive, while work goes on."),
    "restore": ("operate:restore", "Bring a backup back into an empty home folder."),
    "operator": ("operate:operator", "Make an account the operator of this exchange."),
    "demo": ("story:demo", "Play the main job on real city data, then keep serving."),
    "privacy": ("privacy:privacy_app", "Find personal data, make it safe, verify that it is."),
    "verify": ("verifying:verify", "Verify receipts and proofs offline: no exchange is asked."),
}.items():
    app.command(f"torvet.cli.{place}", name=name, help=words)
proving.log_app.command(
    "torvet.cli.operate:verify_whole_log",
    name="verify",
    help="Compute the whole log again on the exchange's own machine: what was changed shows.",
)


def main() -> None:
    """Run one command; end with 1 where it was refused, 2 where it was misspelt."""
    configure(os.environ.get("TORVET_LOG_LEVEL", "warning"))
    # Ended like this, as by Ctrl-C, parts are closed: else a database would outlive its exchange.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
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
