"""The DCAT-AP export of 10,000 datasets, streamed over HTTP in each format.

    python -m benchmarks.dcat --json FILE [--datasets 10000]

The peer writes the same graph of a tenth of the datasets with rdflib, from memory, without
having had to build it: what a whole catalogue would take is ten times that.
"""

import argparse
import http.client
import os
import tempfile
import time
from pathlib import Path

import psutil
from benchmarks._catalogue import Catalogue
from benchmarks._exchange import Filled, free_port, serving
from benchmarks._told import asks_for_json, tell
from rdflib import Graph

from torvet.catalogue.dcat.export import catalogue_batches
from torvet.catalogue.dcat.formats import RdfFormat, written
from torvet.exchange import open_parts
from torvet.parties import ANONYMOUS
from torvet.settings import Settings

PEER_BATCHES = 4
PEER_FORMATS = {RdfFormat.TURTLE: "turtle", RdfFormat.JSON_LD: "json-ld", RdfFormat.RDF_XML: "xml"}


def exported(port, form, process):
    """Fetch the whole catalogue in one format; say how long the first byte and all took."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    began = time.perf_counter()
    connection.request("GET", f"/catalog.{form.value}")
    answer = connection.getresponse()
    assert answer.status == 200
    first = answer.read(1)
    first_s = time.perf_counter() - began
    size, memory = len(first), 0
    while piece := answer.read(1 << 20):
        size += len(piece)
        memory = max(memory, process.memory_info().rss)
    return {
        "seconds": round(time.perf_counter() - began, 2),
        "first_byte_s": round(first_s, 3),
        "bytes": size,
        "server_memory_mb": round(memory / 2**20),
    }


def peer(parts):
    """Let rdflib write the first datasets; say how long each format takes for a thousand."""
    batches = []
    for batch in catalogue_batches(parts, ANONYMOUS):
        batches.append(batch)
        if len(batches) > PEER_BATCHES:
            break
    nodes = [node for batch in batches for node in batch]
    datasets = sum("dcat:Dataset" in node.kinds for node in nodes)
    graph = Graph().parse(data=b"".join(written(RdfFormat.TURTLE, [nodes])), format="turtle")
    took = {}
    for form, name in PEER_FORMATS.items():
        began = time.perf_counter()
        graph.serialize(format=name)
        took[form.value] = round((time.perf_counter() - began) * 1000 / datasets, 2)
    return {"datasets": datasets, "seconds_per_thousand": took}


def main():
    parser = asks_for_json(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--datasets", type=int, default=10_000)
    chosen = parser.parse_args()
    os.environ["TORVET_REQUESTS_PER_MINUTE"] = "1000000"
    with tempfile.TemporaryDirectory(prefix="torvet-bench-") as folder:
        home, port = Path(folder), free_port()
        url = f"http://127.0.0.1:{port}"
        with open_parts(Settings(home=home, url=url, port=port)) as parts:
            Catalogue().fill(parts.db, chosen.datasets)
            beside = peer(parts)
        with serving(Filled(home, url, port, "", "", ())) as server:
            process = psutil.Process(server.pid)
            exports = {form.value: exported(port, form, process) for form in RdfFormat}
    result = {
        "datasets": chosen.datasets,
        "exports": exports,
        "rdflib": beside,
        "wanted": {"seconds_max": 5},
    }
    tell(result, chosen.json)


if __name__ == "__main__":
    main()
