"""What a spending cap adds to a read over HTTP: the same page with and without, read in turns.

One client reads pages of ten rows over REST from a server process of its own, under contracts with
the same price by row and by request, one with a cap and one without; then the same with a price by
row and by GB, where the bytes of a page are known only when it is made. A third pair has no price
at all, which shows how far two equal readers differ on this machine. Reads alternate, so that all
see the same load. What is compared is p95 against p95.

`python -m benchmarks.billing_cap [--reads N] [--json FILE]`
"""

import argparse
import http.client
import json
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks._exchange import fill, serving

from torvet.contracts import FREE, Order
from torvet.contracts.prices.text import from_text
from torvet.kit.money import Currency, Money

WARM_UP = 100
READS = 1_500
PAUSE_S = 0.02  # no caller asks more often than the exchange answers one
EAN = "5798009811578"
CAP = Order(ean=EAN, cap=Money(10**11, Currency.DKK))
BY_REQUEST = from_text("0.01 DKK per 1000 rows + 0.01 DKK per 1000 requests")
BY_BYTES = from_text("0.01 DKK per 1000 rows + 0.01 DKK per gb")
TERMS = {
    "free": (FREE, Order()),
    "free_again": (FREE, Order()),
    "by_request": (BY_REQUEST, Order(ean=EAN)),
    "by_request_capped": (BY_REQUEST, CAP),
    "by_bytes": (BY_BYTES, Order(ean=EAN)),
    "by_bytes_capped": (BY_BYTES, CAP),
}


def read(connection, contract, secret):
    """Read one page; return how long it took, in ms."""
    began = time.perf_counter()
    headers = {"Authorization": f"Bearer {secret}"}
    connection.request("GET", f"/api/contracts/{contract}/rows?limit=10", headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    took = (time.perf_counter() - began) * 1000
    assert answer.status == 200, body[:300]
    return took


def measured(filled, reads):
    connection = http.client.HTTPConnection("127.0.0.1", filled.port)
    took = {name: [] for name in TERMS}
    for number in range(WARM_UP + reads):
        time.sleep(PAUSE_S)
        for name, (contract, _, secret) in zip(TERMS, filled.contracts, strict=True):
            ms = read(connection, contract, secret)
            if number >= WARM_UP:
                took[name].append(ms)
    return {name: at_percentiles(values) for name, values in took.items()}


def at_percentiles(values):
    cuts = statistics.quantiles(values, n=100)
    return {
        "p50_ms": round(cuts[49], 3),
        "p95_ms": round(cuts[94], 3),
        "p99_ms": round(cuts[98], 3),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--reads", type=int, default=READS)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="torvet-bench-") as folder:
        filled = fill(
            Path(folder), rows=20_000, files=2, readers=len(TERMS), terms=list(TERMS.values())
        )
        with serving(filled):
            found = measured(filled, chosen.reads)

    def added(one, other, what):
        return round(found[one][what] - found[other][what], 3)

    result = {
        "reads_each": chosen.reads,
        **found,
        "cap_adds_p95_ms": added("by_request_capped", "by_request", "p95_ms"),
        "cap_adds_p50_ms": added("by_request_capped", "by_request", "p50_ms"),
        "cap_on_bytes_adds_p95_ms": added("by_bytes_capped", "by_bytes", "p95_ms"),
        "price_and_cap_add_to_free_p95_ms": added("by_request_capped", "free", "p95_ms"),
        "equal_readers_differ_p95_ms": added("free_again", "free", "p95_ms"),
        "wanted": {"cap_adds_p95_ms_max": 2},
    }
    print(json.dumps(result, indent=2))
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
