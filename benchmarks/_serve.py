"""Serve the exchange in `TORVET_HOME`, its worker beside it, as `torvet serve` does."""

import sys
import threading

import uvicorn

from torvet.cli.logs import configure
from torvet.exchange import open_parts
from torvet.jobs import run_worker
from torvet.server import application, settle_in
from torvet.settings import load


def main():
    configure("warning")
    settings, _ = load(port=int(sys.argv[1]))
    with open_parts(settings) as parts:
        stop = threading.Event()
        worker = threading.Thread(target=run_worker, args=(parts,), kwargs={"stop": stop})
        worker.start()
        try:
            app = application(parts)
            settle_in()
            uvicorn.run(
                app,
                host=settings.host,
                port=settings.port,
                log_level="warning",
                access_log=False,
            )
        finally:
            stop.set()
            worker.join(30)


if __name__ == "__main__":
    main()
