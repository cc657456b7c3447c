"""Whoever is killed around a checkpoint leaves a table that everybody reads rightly."""

import multiprocessing
import shutil
from collections import Counter
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from torvet.backends import delta_checkpoints
from torvet.backends.delta_tables import DeltaTables
from torvet.backends.duckdb_engine import DuckDBEngine
from torvet.backends.table_files import LocalFiles

from .publisher import commit_until

pytestmark = pytest.mark.slow

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
SCHEMA = pa.schema([("id", pa.int64())])
TABLE = "releases/ds_1"
EVERY = delta_checkpoints.EVERY
PARTS, AT_THE_END = 5, 6
WITHIN_S = 60


@pytest.fixture
def processes():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torvet.backends.delta_tables", "torvet.server"])
    return context


@pytest.fixture
def engine(tmp_path):
    opened = DuckDBEngine(temporary=tmp_path / "temporary", memory_mb=256)
    yield opened
    opened.close()


@pytest.fixture
def root(engine, tmp_path):
    """A table that lacks one version to its first checkpoint."""
    store = DeltaTables(LocalFiles(tmp_path / "tables"))
    store.create(TABLE, SCHEMA, at=AT)
    for version in range(1, EVERY):
        store.commit(**change(store, engine, version))
    return tmp_path / "tables"


def change(store, engine, version):
    """One row more, as the version after."""
    sql = f"select cast({version} as bigint) as id"
    return {
        "table": TABLE,
        "files": engine.write(sql, {}, store.folder(TABLE), prefix=f"r{version}-"),
        "version": version,
        "replace": False,
        "schema": SCHEMA,
        "at": AT,
    }


def log_of(root):
    return {path.name for path in (root / TABLE / "_delta_log").iterdir()}


def ids_by_us(engine, root, version):
    uris = DeltaTables(LocalFiles(root)).file_uris(TABLE, version)
    return [row["id"] for row in engine.rows("select id from t order by id", {"t": uris})]


def test_who_is_killed_between_a_commit_and_its_checkpoint_costs_nobody_a_row(
    engine, root, tmp_path, processes
):
    wanted = change(DeltaTables(LocalFiles(root)), engine, EVERY)
    commit, checkpoint = f"{EVERY:020}.json", delta_checkpoints.checkpoint_name(EVERY)
    counted = tmp_path / "steps"

    def killed_at(point):
        there = tmp_path / f"killed-at-{point}"
        shutil.copytree(root, there)
        process = processes.Process(
            target=commit_until, args=(str(there), wanted, point, str(counted))
        )
        process.start()
        process.join(WITHIN_S)
        assert process.exitcode == (-9 if point else 0)
        return there

    assert {commit, checkpoint, delta_checkpoints.LAST} <= log_of(killed_at(0))
    steps = int(counted.read_text())
    points = {steps * part // PARTS for part in range(1, PARTS)}
    left = Counter()

    for point in sorted(points | {steps - AT_THE_END, steps - 1}):
        there = killed_at(point)
        log = log_of(there)
        left[(commit in log, checkpoint in log, delta_checkpoints.LAST in log)] += 1
        newest = EVERY if commit in log else EVERY - 1
        ids = list(range(1, newest + 1))
        theirs = DeltaTable(str(there / TABLE))
        assert theirs.version() == newest
        assert sorted(theirs.to_pyarrow_table()["id"].to_pylist()) == ids
        assert ids_by_us(engine, there, newest) == ids
        # Whoever comes next does it again, and brings what is missing.
        DeltaTables(LocalFiles(there)).commit(**wanted)
        assert {commit, checkpoint} <= log_of(there)
        assert ids_by_us(engine, there, EVERY) == list(range(1, EVERY + 1))
        shutil.rmtree(there)

    assert left[(True, False, False)], "nobody was killed between the commit and its checkpoint"
    assert left[(True, True, False)], "nobody was killed before the checkpoint was told of"
