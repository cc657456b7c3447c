import json
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from torvet.contracts import Columns, RowFilter
from torvet.delivery import projections
from torvet.delivery.jobs import make_projection, sweep
from torvet.delivery.model import table_of
from torvet.kit.filters import from_text

from .stage import parking

SHOWS = (Columns(("id", "garage")), RowFilter(from_text("garage = 'BRUUNS'")))


@pytest.fixture
def agreed(cast):
    dataset = cast.dataset_with_release(parking(10))
    return dataset, cast.agree(dataset, *SHOWS)


def ids(cast, table, version):
    parts = cast.parts
    uris = parts.tables.file_uris(table, version)
    if not uris:
        return []
    return [row["id"] for row in parts.engine.rows("SELECT id FROM t ORDER BY id", {"t": uris})]


def test_contracts_that_show_the_same_share_one_table(cast, agreed):
    dataset, contract = agreed
    turned = cast.agree(dataset, *reversed(SHOWS))

    assert table_of(dataset.id, turned.projection) == table_of(dataset.id, contract.projection)


def test_a_contract_that_withholds_nothing_reads_the_releases_themselves(cast):
    dataset = cast.dataset_with_release()
    contract = cast.agree(dataset)

    assert projections.ensure(cast.parts, dataset.id, contract.projection, 1) == dataset.table


def test_a_release_reaches_the_projections_that_somebody_reads(cast, agreed):
    dataset, contract = agreed
    table = projections.ensure(cast.parts, dataset.id, contract.projection, 1)

    cast.publish(dataset, parking(4, 10))
    cast.publish(dataset, parking(2, 100), mode="replace")

    assert cast.parts.tables.version(table) == 3
    assert ids(cast, table, 1) == [0, 2, 4, 6, 8]
    assert ids(cast, table, 2) == [0, 2, 4, 6, 8, 10, 12]
    assert ids(cast, table, 3) == [100]


def test_readers_who_come_at_once_make_it_once(cast, agreed):
    dataset, contract = agreed
    made, failed = [], []

    def read():
        try:
            made.append(projections.ensure(cast.parts, dataset.id, contract.projection, 1))
        except BaseException as error:  # noqa: BLE001 - shown below
            failed.append(error)

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert len(set(made)) == 1
    assert len(cast.parts.tables.snapshot(made[0], 1).files) == 1


def test_work_that_died_before_its_commit_is_done_again_and_swept_up(cast, agreed):
    dataset, contract = agreed
    parts = cast.parts
    table = table_of(dataset.id, contract.projection)
    source = parts.tables.file_uris(dataset.table, 1)
    # As if somebody was killed between writing a file and naming it.
    parts.engine.write(
        "SELECT id FROM t", {"t": source}, parts.tables.folder(table), prefix="lost-"
    )

    make_projection(parts, contract=contract.id)
    make_projection(parts, contract=contract.id)

    assert ids(cast, table, 1) == [0, 2, 4, 6, 8]
    parts.clock.advance(timedelta(days=400))
    sweep(parts)
    (left,) = parts.tables.snapshot(table, 1).files
    assert parts.tables.local_path(table, left.path)
    folder = parts.tables.local_path(table, "")
    assert not [name for name in names(folder) if name.startswith("lost-")]


def names(folder):
    return [path.name for path in Path(folder).glob("*.parquet")]


def test_a_filter_that_no_longer_fits_shows_no_row(cast, agreed):
    dataset, contract = agreed
    without_garage = parking(3).drop_columns(["garage"])
    cast.publish(dataset, without_garage, mode="replace")

    table = projections.ensure(cast.parts, dataset.id, contract.projection, 2)

    assert ids(cast, table, 2) == []
    fields = json.loads(cast.parts.tables.snapshot(table, 2).metadata["schemaString"])["fields"]
    assert [field["name"] for field in fields] == ["id"]
