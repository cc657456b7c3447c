"""Searches in a catalogue of 100,000 datasets, as deeds and over HTTP, one after the other.

    python -m benchmarks.search --json FILE [--datasets 100000]

The words are drawn as people draw them: common ones, rare ones, mistyped ones, several, beginnings
of words, phrases, exclusions, filters, and no words at all. Every search counts its facets. The
peer is what a textbook does in the same table of the same PostgreSQL: rank and count all that fits.
"""

import argparse
import http.client
import os
import random
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

from benchmarks._catalogue import Catalogue
from benchmarks._exchange import Filled, free_port, serving
from benchmarks._told import asks_for_json, tell
from sqlalchemy import text

from torvet.catalogue.search.model import Sort, Wish
from torvet.catalogue.search.service import search
from torvet.exchange import open_parts
from torvet.parties import ANONYMOUS
from torvet.settings import Settings

SEARCHES = 1000
WARM_UP = 100
TEXTBOOK_SEARCHES = 60

TEXTBOOK = text("""
    WITH q AS (
        SELECT websearch_to_tsquery('danish', :q) || websearch_to_tsquery('english', :q) AS q
    ), hits AS MATERIALIZED (
        SELECT d.*, ts_rank(words, q.q) AS rank FROM search_documents d, q
        WHERE words @@ q.q AND open
    )
    SELECT (SELECT count(*) FROM hits),
        ARRAY(SELECT dataset FROM hits ORDER BY rank DESC LIMIT 20),
        ARRAY(SELECT (theme, count(*)) FROM hits GROUP BY theme),
        ARRAY(SELECT (licence, count(*)) FROM hits GROUP BY licence),
        ARRAY(SELECT (provider, count(*)) FROM hits GROUP BY provider),
        ARRAY(SELECT (frequency, count(*)) FROM hits GROUP BY frequency),
        ARRAY(SELECT (place, count(*)) FROM hits GROUP BY place)
""")


class Wishes:
    """Draws wishes; the shares of the kinds add up to 100."""

    def __init__(self, seed):
        self._draw = random.Random(seed)
        self._words = Catalogue(seed)

    def _word(self, first, last):
        pool = self._draw.choice([self._words.danish, self._words.english])
        return pool[self._draw.randrange(first, min(last, len(pool)))]

    def __call__(self):
        kinds, shares = zip(*self.KINDS, strict=True)
        kind = self._draw.choices(kinds, weights=shares)[0]
        return kind, getattr(self, kind)()

    KINDS = (
        ("nothing", 8), ("theme", 8), ("place", 5), ("provider", 4), ("common", 12),
        ("usual", 16), ("mistyped", 4), ("rare", 12), ("two", 13), ("three", 4), ("beginning", 6),
        ("phrase", 2), ("without", 2), ("common_in_theme", 4),
    )  # fmt: skip

    def nothing(self):
        return Wish()

    def theme(self):
        return Wish(theme=(self._draw.choice(["TRAN", "ENER", "ENVI", "GOVE"]),))

    def place(self):
        return Wish(place=(self._draw.choice(["0751", "0101", "0461", "DK04"]),))

    def provider(self):
        return Wish(provider=(f"org_{self._draw.randrange(600):06d}",))

    def common(self):
        return Wish(q=self._word(0, 30))

    def usual(self):
        return Wish(q=self._word(30, 600))

    def rare(self):
        return Wish(q=self._word(200, 10**6))

    def mistyped(self):
        word = self._word(0, 600)
        at = self._draw.randrange(len(word))
        return Wish(q=word[:at] + word[at + 1 :])

    def two(self):
        return Wish(q=f"{self._word(0, 300)} {self._word(0, 300)}")

    def three(self):
        return Wish(q=f"{self._word(0, 100)} {self._word(0, 100)} {self._word(0, 100)}")

    def beginning(self):
        return Wish(q=self._word(0, 600)[: self._draw.randint(3, 6)])

    def phrase(self):
        return Wish(q=f'"{self._word(0, 300)} {self._word(0, 300)}"')

    def without(self):
        return Wish(q=f"{self._word(0, 200)} -{self._word(0, 100)}")

    def common_in_theme(self):
        return Wish(q=self._word(0, 60), theme=("TRAN",), sort=self._draw.choice(list(Sort)))


def timed(searches, run):
    wishes = Wishes(7)
    for _ in range(WARM_UP):
        run(wishes()[1])
    took = []
    for _ in range(searches):
        kind, wish = wishes()
        began = time.perf_counter()
        run(wish)
        took.append((kind, (time.perf_counter() - began) * 1000))
    by_kind = {kind: percentiles([ms for k, ms in took if k == kind]) for kind, _ in Wishes.KINDS}
    return {**percentiles([ms for _, ms in took]), "by_kind": by_kind}


def percentiles(took):
    took = sorted(took)
    if not took:
        return {}
    return {
        "searches": len(took),
        "p50_ms": round(statistics.median(took), 1),
        "p95_ms": round(took[int(len(took) * 0.95)], 1),
        "p99_ms": round(took[int(len(took) * 0.99)], 1),
    }


def over_http(port):
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def run(wish):
        asked = {"q": wish.q, "theme": wish.theme, "place": wish.place, "sort": wish.sort.value,
                 "provider": [f"provider-{int(each[4:])}" for each in wish.provider]}  # fmt: skip
        connection.request("GET", f"/api/datasets?{urlencode(asked, doseq=True)}")
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body

    return run


def textbook(parts):
    def run(wish):
        with parts.db.begin() as tx:
            tx.execute(TEXTBOOK, {"q": wish.q}).all()

    wishes = Wishes(9)
    took = []
    while len(took) < TEXTBOOK_SEARCHES:
        kind, wish = wishes()
        if kind in {"common", "usual", "rare", "two", "three"}:
            began = time.perf_counter()
            run(wish)
            took.append((time.perf_counter() - began) * 1000)
    return percentiles(took)


def main():
    parser = asks_for_json(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--datasets", type=int, default=100_000)
    chosen = parser.parse_args()
    # The limit on one caller would be measured else.
    os.environ["TORVET_REQUESTS_PER_MINUTE"] = "1000000"
    with tempfile.TemporaryDirectory(prefix="torvet-bench-") as folder:
        home, port = Path(folder), free_port()
        url = f"http://127.0.0.1:{port}"
        with open_parts(Settings(home=home, url=url, port=port)) as parts:
            began = time.perf_counter()
            Catalogue().fill(parts.db, chosen.datasets)
            filled_s = time.perf_counter() - began
            with parts.db.begin() as tx:
                size = "select pg_total_relation_size('search_documents')"
                index_bytes = tx.exec_driver_sql(size).scalar_one()
            deeds = timed(SEARCHES, lambda wish: search(parts, ANONYMOUS, wish))
            peer = textbook(parts)
        with serving(Filled(home, url, port, "", "", ())):
            served = timed(SEARCHES, over_http(port))
    result = {
        "datasets": chosen.datasets,
        "filled_s": round(filled_s, 1),
        "index_bytes": index_bytes,
        "deed": deeds,
        "http": served,
        "textbook_words_only": peer,
        "wanted": {"p95_ms_max": 30},
    }
    tell(result, chosen.json)


if __name__ == "__main__":
    main()
