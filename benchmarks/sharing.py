"""`load_as_pandas` of a 4 M-row release through Torvet, and of the same files from a static server.

    python -m benchmarks.sharing --json FILE

The peer is the least server that the same client can read from: it answers the one query with
prepared lines, and ranges of the same files from Python's own threading HTTP server, without
contracts, signatures or metering. Runs take turns, so that both meet the same machine.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

import requests
from benchmarks._exchange import fill, free_port, serving
from benchmarks._told import asks_for_json, tell

ROWS = 4_000_000
FILES = 8
RUNS = 5
FORMATS = ("delta", "parquet")

LOAD = """
import json, os, sys, time
os.environ.pop("REQUESTS_CA_BUNDLE", None)
import delta_sharing
url, form, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
began = time.perf_counter()
frame = delta_sharing.load_as_pandas(url, use_delta_format=form == "delta")
took = time.perf_counter() - began
assert len(frame) == rows, len(frame)
print("took", took)
"""


class Static(BaseHTTPRequestHandler):
    """Prepared answers of the protocol, and ranges of files."""

    protocol_version = "HTTP/1.1"
    answers: ClassVar[dict] = {}
    folder = Path()

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._file(body=False)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._prepared("query")

    def do_GET(self):
        if self.path.startswith("/files/"):
            self._file(body=True)
        else:
            self._prepared("metadata")

    def _prepared(self, name):
        form = (
            "delta" if "delta" in self.headers.get("delta-sharing-capabilities", "") else "parquet"
        )
        headers, body = self.answers[form, name]
        self.send_response(200)
        for header, value in headers.items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _file(self, *, body):
        path = self.folder / unquote(urlsplit(self.path).path).rpartition("/")[2]
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            first, last = 0, size - 1
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            if asked:
                first = int(asked[1])
                last = min(int(asked[2] or last), last)
            self.send_response(206 if asked else 200)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Type", "application/vnd.apache.parquet")
            self.send_header("Content-Length", str(last - first + 1))
            if asked:
                self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
            self.end_headers()
            if body:
                file.seek(first)
                left = last - first + 1
                while left:
                    chunk = file.read(min(left, 1024 * 1024))
                    self.wfile.write(chunk)
                    left -= len(chunk)


def serve_static(folder, answers, port):
    """Run the static server until this process is killed."""
    Static.folder = Path(folder)
    Static.answers = {
        tuple(key.split()): (headers, body.encode()) for key, (headers, body) in answers.items()
    }
    ThreadingHTTPServer(("127.0.0.1", port), Static).serve_forever()


def recorded(filled, port):
    """Ask Torvet once, and point the URLs of its answers at the static server."""
    _, share, secret = filled.contracts[0]
    table = f"{filled.url}/sharing/shares/{share}/schemas/alma/tables/{filled.slug}"
    answers = {}
    for form in FORMATS:
        headers = {
            "Authorization": f"Bearer {secret}",
            "delta-sharing-capabilities": f"responseformat={form}",
        }
        for name, answer in (
            ("query", requests.post(f"{table}/query", json={}, headers=headers, timeout=60)),
            ("metadata", requests.get(f"{table}/metadata", headers=headers, timeout=60)),
        ):
            answer.raise_for_status()
            kept = ("content-type", "delta-table-version", "delta-sharing-capabilities")
            body = answer.text.replace(f"127.0.0.1:{filled.port}", f"127.0.0.1:{port}")
            answers[f"{form} {name}"] = ({k: answer.headers[k] for k in kept}, body)
    return answers


def profile(folder, name, endpoint, secret, filled):
    path = Path(folder) / f"{name}.share"
    path.write_text(
        json.dumps({"shareCredentialsVersion": 1, "endpoint": endpoint, "bearerToken": secret})
    )
    return f"{path}#{filled.contracts[0][1]}.alma.{filled.slug}"


def load(url, form):
    command = [sys.executable, "-c", LOAD, url, form, str(ROWS)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(said.split("took")[1])


def compared(urls):
    """Load from both in turn, and return seconds and the ratio for each format."""
    result = {}
    for form in FORMATS:
        took = {name: [] for name in urls}
        for run in range(RUNS + 1):
            for name, url in urls.items():
                seconds = load(url, form)
                if run:  # the first fills the caches of both
                    took[name].append(seconds)
        middle = {name: statistics.median(all_) for name, all_ in took.items()}
        result[form] = {
            **{f"{name}_s": round(seconds, 3) for name, seconds in middle.items()},
            "ratio": round(middle["torvet"] / middle["static"], 3),
            "ratio_of_fastest": round(min(took["torvet"]) / min(took["static"]), 3),
        }
    return result


def main():
    parser = asks_for_json(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--static", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.static:
        folder, answers, port = chosen.static
        serve_static(folder, json.loads(Path(answers).read_text()), int(port))
        return
    with tempfile.TemporaryDirectory(prefix="torvet-bench-") as folder:
        filled = fill(Path(folder), rows=ROWS, files=FILES, readers=1)
        port = free_port()
        with serving(filled):
            answers = Path(folder) / "answers.json"
            answers.write_text(json.dumps(recorded(filled, port)))
            data = Path(folder) / "tables" / "releases" / filled.dataset
            command = [sys.executable, "-m", "benchmarks.sharing", "--static", data, answers]
            static = subprocess.Popen([*map(str, command), str(port)])
            try:
                time.sleep(1)
                secret = filled.contracts[0][2]
                urls = {
                    "torvet": profile(folder, "torvet", f"{filled.url}/sharing", secret, filled),
                    "static": profile(folder, "static", f"http://127.0.0.1:{port}", "x", filled),
                }
                result = {
                    "rows": ROWS,
                    "files": FILES,
                    "runs": RUNS,
                    "bytes": sum(f.stat().st_size for f in data.glob("*.parquet")),
                    **compared(urls),
                    "wanted": {"ratio_max": 1.3},
                }
            finally:
                static.kill()
                static.wait()
    tell(result, chosen.json)


if __name__ == "__main__":
    main()
