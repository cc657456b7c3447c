"""An exchange in a folder of its own, filled for a benchmark and served by a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from torvet import catalogue, contracts
from torvet.catalogue.model import DeliveryId, Release, Visibility
from torvet.catalogue.store import add_release
from torvet.contracts import FREE, NO_ORDER, Draft
from torvet.exchange import open_parts
from torvet.ingest import Column, ColumnType, arrow_schema
from torvet.parties import PartyKind, issue_token, register_organisation
from torvet.parties.account_service import sign_up
from torvet.parties.model import ALL_SCOPES, Caller, Role
from torvet.settings import Settings

COLUMNS = (
    Column(name="garage", type=ColumnType.TEXT),
    Column(name="ts", type=ColumnType.TIMESTAMP),
    Column(name="occupied", type=ColumnType.INTEGER),
    Column(name="capacity", type=ColumnType.INTEGER),
    Column(name="temperature", type=ColumnType.NUMBER),
    Column(name="id", type=ColumnType.INTEGER),
)
START_WITHIN_S = 60

# Readings of many garages, in the order in which they come in; the same every time.
READINGS = """
    SELECT 'GARAGE-' || (i % 12) AS garage,
           TIMESTAMP '2014-05-22 09:00:00' + INTERVAL (i * 3) SECOND AS ts,
           CAST(hash(i) % 900 AS BIGINT) AS occupied,
           CAST(900 + (i % 12) * 10 AS BIGINT) AS capacity,
           round((hash(i + 7) % 4000) / 100.0 - 10, 2)::DOUBLE AS temperature,
           CAST(i AS BIGINT) AS id
    FROM range({first}, {last}) AS t(i)
"""


@dataclass(frozen=True)
class Filled:
    """What a benchmark needs to know of the exchange that it reads from."""

    home: Path
    url: str
    port: int
    dataset: str
    slug: str
    contracts: tuple[tuple[str, str, str], ...]
    """Contract id, share name and bearer of each reader."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fill(home, *, rows, files, readers, clauses=(), port=None, terms=None):
    """Make an exchange in `home` with one release of `rows` in `files`, and a contract a reader.

    `terms` are the price and the order of each reader, where they pay.
    """
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    with open_parts(Settings(home=home, url=url, port=port)) as parts:
        alma = _organisation(parts, "Alma", "55133018")
        bo = _organisation(parts, "Bo", "29189846")
        fields = {"slug": "parking", "title": {"en": "Parking"}, "visibility": Visibility.PUBLIC}
        dataset = catalogue.create(parts, alma, fields)
        _publish(parts, dataset, rows=rows, files=files)
        made = []
        for number in range(readers):
            price, order = terms[number] if terms else (FREE, NO_ORDER)
            draft = Draft(
                title=f"Terms {number}", clauses=clauses, price=price, preview_acknowledged=True
            )
            offer = contracts.make_offer(parts, alma, dataset.slug, draft)
            contract = contracts.accept(
                parts,
                bo,
                offer.id,
                purpose="ResearchAndDevelopment",
                seen=offer.digest,
                order=order,
            )
            with parts.db.begin() as tx:
                _, secret = issue_token(
                    tx,
                    parts,
                    party=bo.party,
                    account=bo.account,
                    name="benchmark",
                    scopes=[f"share:{contract.id}"],
                    expires_at=parts.clock.now() + timedelta(days=30),
                )
            made.append((contract.id, contract.share, secret))
        return Filled(home, url, port, dataset.id, dataset.slug, tuple(made))


@contextmanager
def serving(filled):
    """Serve the exchange from a process of its own, worker and sealer included.

    When it has ended, so has its database: the folder may be removed.
    """
    environment = {
        "TORVET_LOG_LEVEL": "warning",
        **os.environ,
        "TORVET_HOME": str(filled.home),
        "TORVET_URL": filled.url,
    }
    torvet = Path(sys.executable).with_name("torvet")
    command = [str(torvet), "serve", "--port", str(filled.port)]
    process = subprocess.Popen(command, env=environment)
    try:
        _until_it_answers(filled.url, process)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _until_it_answers(url, process):
    until = time.monotonic() + START_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/sharing/shares", timeout=1)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the exchange does not answer")


def _organisation(parts, name, cvr):
    account = sign_up(
        parts,
        email=f"{name.lower()}@example.org",
        name=name,
        password="a square with many stalls",
    ).account
    person = Caller(
        account=account.id,
        party=account.citizen_party,
        roles=frozenset(Role),
        scopes=ALL_SCOPES,
        via="session",
        operator=False,
        token=None,
        email=account.email,
    )
    party = register_organisation(parts, person, name=name, kind=PartyKind.PUBLIC, cvr=cvr)
    return Caller(
        account=account.id,
        party=party.id,
        roles=frozenset(Role),
        scopes=ALL_SCOPES,
        via="session",
        operator=False,
        token=None,
        email=account.email,
    )


def _publish(parts, dataset, *, rows, files):
    now = parts.clock.now()
    schema = arrow_schema(COLUMNS)
    parts.tables.create(dataset.table, schema, at=now)
    folder = parts.tables.folder(dataset.table)
    each = rows // files
    written = [
        file
        for place in range(files)
        for file in parts.engine.write(
            READINGS.format(first=place * each, last=(place + 1) * each),
            {},
            folder,
            prefix=f"readings-{place}-",
        )
    ]
    parts.tables.commit(dataset.table, written, version=1, replace=False, schema=schema, at=now)
    release = Release(
        dataset=dataset.id,
        number=1,
        mode="append",
        delivery=DeliveryId(parts.new_id("dl")),
        sources=(),
        rows=each * files,
        bytes=sum(file.size_bytes for file in written),
        columns=COLUMNS,
        published_at=now,
    )
    with parts.db.begin() as tx:
        add_release(tx, release)
