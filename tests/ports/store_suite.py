"""What every table store must do, wherever its files are."""

import io
import json
import threading
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from torvet.backends import delta_checkpoints
from torvet.backends.errors import VersionMissing, VersionTaken

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
SCHEMA = pa.schema([("garage", pa.string()), ("occupied", pa.int64())])
WIDER = SCHEMA.append(pa.field("seen_at", pa.timestamp("us")))


class StoreSuite:
    """Inherit it, and give fixtures `store`, `engine` and `options` (for deltalake's own reader)."""

    @pytest.fixture
    def table(self, store):
        name = "releases/ds_1"
        store.create(name, SCHEMA, at=AT, comments={"occupied": "Occupied spaces"})
        return name

    @pytest.fixture
    def written(self, store, engine, table):
        def write(first, last, prefix):
            sql = f"select 'G' || i as garage, cast(i as bigint) as occupied from (select unnest(range({first}, {last})) as i)"
            return engine.write(sql, {}, store.folder(table), prefix=prefix)

        return write

    @pytest.fixture
    def long_log(self, store, table, written, monkeypatch):
        """What each of 14 versions amounts to: the eighth begins anew, two have a checkpoint."""
        monkeypatch.setattr(delta_checkpoints, "EVERY", 5)
        for version in range(1, 14):
            at = AT + timedelta(hours=version)
            files = written(version, version + 3, f"r{version}-")
            replace = version == 8
            store.commit(table, files, version=version, replace=replace, schema=SCHEMA, at=at)
        return [store.snapshot(table, version) for version in range(14)]

    def test_a_table_begins_at_version_0_and_empty(self, store, table):
        snapshot = store.snapshot(table, 0)

        assert store.version(table) == 0
        assert snapshot.files == ()
        assert snapshot.metadata["configuration"] == {"delta.enableChangeDataFeed": "true"}
        assert "Occupied spaces" in snapshot.metadata["schemaString"]

    def test_making_a_table_again_changes_nothing(self, store, table):
        before = store.snapshot(table, 0)
        store.create(table, WIDER, at=AT + timedelta(days=1))

        assert store.snapshot(table, 0) == before

    def test_what_is_not_there_has_no_version(self, store):
        assert store.version("releases/none") is None
        with pytest.raises(VersionMissing):
            store.snapshot("releases/none", 0)

    def test_files_are_added_to_what_is_there(self, store, table, written):
        for version, (first, last) in enumerate([(0, 3), (3, 5)], start=1):
            files = written(first, last, f"r{version}-")
            store.commit(table, files, version=version, replace=False, schema=SCHEMA, at=AT)

        assert store.version(table) == 2
        assert [file.rows for file in store.snapshot(table, 2).files] == [3, 2]
        assert [file.version for file in store.snapshot(table, 2).files] == [1, 2]
        assert [file.rows for file in store.snapshot(table, 1).files] == [3]

    def test_files_can_take_the_place_of_what_is_there(self, store, engine, table, written):
        store.commit(table, written(0, 3, "r1-"), version=1, replace=False, schema=SCHEMA, at=AT)
        store.commit(table, written(7, 9, "r2-"), version=2, replace=True, schema=SCHEMA, at=AT)

        inputs = {"t": store.file_uris(table, 2)}
        assert engine.rows("select garage from t order by garage", inputs) == [
            {"garage": "G7"},
            {"garage": "G8"},
        ]
        assert [file.rows for file in store.snapshot(table, 1).files] == [3]

    def test_a_commit_done_twice_is_done_once(self, store, table, written):
        files = written(0, 3, "r1-")
        for later in (timedelta(0), timedelta(hours=1)):
            store.commit(table, files, version=1, replace=False, schema=SCHEMA, at=AT + later)

        assert store.version(table) == 1
        assert len(store.snapshot(table, 1).files) == 1

    def test_a_version_with_other_files_is_taken(self, store, table, written):
        store.commit(table, written(0, 3, "a-"), version=1, replace=False, schema=SCHEMA, at=AT)

        with pytest.raises(VersionTaken):
            store.commit(table, written(0, 4, "b-"), version=1, replace=False, schema=SCHEMA, at=AT)

    def test_no_version_can_be_left_out(self, store, table, written):
        with pytest.raises(VersionMissing):
            store.commit(table, written(0, 1, "r-"), version=2, replace=False, schema=SCHEMA, at=AT)

    def test_of_many_who_commit_the_same_version_one_wins(self, store, table, written):
        attempts = [written(0, n, f"w{n}-") for n in range(1, 7)]
        won, lost, begin = [], [], threading.Barrier(len(attempts))

        def commit(files):
            begin.wait()
            try:
                store.commit(table, files, version=1, replace=False, schema=SCHEMA, at=AT)
                won.append(files[0].path)
            except VersionTaken:
                lost.append(files[0].path)

        threads = [threading.Thread(target=commit, args=(files,)) for files in attempts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [file.path for file in store.snapshot(table, 1).files] == won
        assert len(won) == 1
        assert len(lost) == 5

    def test_a_later_release_may_have_another_column(self, store, engine, table, written):
        store.commit(table, written(0, 2, "r1-"), version=1, replace=False, schema=SCHEMA, at=AT)
        wide = engine.write(
            "select 'G9' as garage, cast(9 as bigint) as occupied,"
            " TIMESTAMP '2026-01-01 10:00:00' as seen_at",
            {},
            store.folder(table),
            prefix="r2-",
        )
        store.commit(table, wide, version=2, replace=False, schema=WIDER, at=AT)

        schema = json.loads(store.snapshot(table, 2).metadata["schemaString"])
        assert [field["name"] for field in schema["fields"]] == ["garage", "occupied", "seen_at"]
        assert schema["fields"][1]["metadata"] == {"comment": "Occupied spaces"}
        assert store.snapshot(table, 2).protocol["readerFeatures"] == ["timestampNtz"]
        assert "seen_at" not in store.snapshot(table, 1).metadata["schemaString"]

    def test_a_column_keeps_its_type_beside_older_rows(self, store, table, written):
        other = pa.schema([("garage", pa.string()), ("occupied", pa.string())])

        with pytest.raises(ValueError, match="occupied"):
            store.commit(table, written(0, 1, "r-"), version=1, replace=False, schema=other, at=AT)

    def test_the_library_of_delta_reads_what_we_wrote(self, store, engine, table, written, options):
        store.commit(table, written(0, 3, "r1-"), version=1, replace=False, schema=SCHEMA, at=AT)
        store.commit(table, written(5, 7, "r2-"), version=2, replace=True, schema=SCHEMA, at=AT)
        wide = engine.write(
            "select 'G9' as garage, cast(9 as bigint) as occupied,"
            " TIMESTAMP '2026-01-01 10:00:00' as seen_at",
            {},
            store.folder(table),
            prefix="r3-",
        )
        store.commit(table, wide, version=3, replace=False, schema=WIDER, at=AT)
        theirs = DeltaTable(store.folder(table), storage_options=options)

        assert theirs.version() == 3
        assert sorted(theirs.to_pyarrow_table().column("garage").to_pylist()) == ["G5", "G6", "G9"]
        assert theirs.metadata().configuration == {"delta.enableChangeDataFeed": "true"}
        changes = theirs.load_cdf(starting_version=1, ending_version=2)
        assert pa.table(changes).num_rows == 3 + 3 + 2

    def test_commits_are_given_as_they_were_written(self, store, table, written):
        later = AT + timedelta(hours=2)
        store.commit(table, written(0, 3, "r1-"), version=1, replace=False, schema=SCHEMA, at=later)
        first, second = store.commits(table, 0, 1)

        assert [first.version, second.version] == [0, 1]
        assert second.timestamp_ms == int(later.timestamp() * 1000)
        added = [action["add"] for action in second.actions if "add" in action]
        assert json.loads(added[0]["stats"])["numRecords"] == 3
        assert json.loads(added[0]["stats"])["maxValues"]["occupied"] == 2

    def test_copied_files_hold_the_same_bytes(self, store, engine, table, written):
        files = written(0, 3, "r1-")
        store.create("projections/p", SCHEMA, at=AT)
        store.copy_files(table, [files[0].path], "projections/p")
        store.commit("projections/p", files, version=1, replace=False, schema=SCHEMA, at=AT)

        inputs = {"t": store.file_uris("projections/p", 1)}
        assert engine.rows("select count(*) as n from t", inputs) == [{"n": 3}]

    def test_a_file_of_this_machine_is_put_into_a_table(self, store, engine, tmp_path):
        engine.write("select 7 as n", {}, str(tmp_path), prefix="here-")
        (local,) = tmp_path.rglob("here-*")
        store.put_file("sources/s", "there.parquet", local)
        local.unlink()

        inputs = {"t": [f"{store.folder('sources/s')}/there.parquet"]}
        assert engine.rows("select n from t", inputs) == [{"n": 7}]

    def test_tables_that_nobody_touches_are_told(self, store, table, written):
        room, _, name = table.partition("/")
        written(0, 3, "r1-")
        long_ago, soon = (datetime.now(UTC) + timedelta(hours=h) for h in (-1, 1))

        assert store.untouched(room, long_ago) == []
        assert store.untouched(room, soon) == [name]
        assert store.untouched("nowhere", soon) == []

    def test_a_sweep_removes_only_what_no_version_names(self, store, engine, table, written):
        store.commit(table, written(0, 3, "r1-"), version=1, replace=False, schema=SCHEMA, at=AT)
        store.commit(table, written(3, 4, "r2-"), version=2, replace=True, schema=SCHEMA, at=AT)
        written(0, 9, "lost-")

        assert store.sweep(table, datetime(2020, 1, 1, tzinfo=UTC)) == 0
        assert store.sweep(table, datetime(2100, 1, 1, tzinfo=UTC)) == 1
        assert store.sweep(table, datetime(2100, 1, 1, tzinfo=UTC)) == 0
        inputs = {"t": store.file_uris(table, 1)}
        assert engine.rows("select count(*) as n from t", inputs) == [{"n": 3}]

    def test_a_removed_table_is_gone(self, store, table, written):
        store.commit(table, written(0, 3, "r1-"), version=1, replace=False, schema=SCHEMA, at=AT)
        store.remove(table)

        assert store.version(table) is None
        with pytest.raises(VersionMissing):
            store.snapshot(table, 1)

    def test_another_process_sees_a_commit_at_once(self, store, other_store, table, written):
        assert other_store.version(table) == 0
        store.commit(table, written(0, 3, "r1-"), version=1, replace=False, schema=SCHEMA, at=AT)

        assert other_store.version(table) == 1
        assert other_store.snapshot(table, 1) == store.snapshot(table, 1)

    def test_no_name_leads_out_of_the_store(self, store):
        for name in ("../x", "releases/../../x"):
            with pytest.raises(ValueError, match="leads out"):
                store.copy_files("releases/a", ["f"], name)

    def test_the_store_tries_itself(self, store):
        assert store.root in store.check()

    def test_a_long_log_is_opened_from_its_checkpoints(self, store, other_store, table, long_log):
        names = {found.name for found in files_of(store).listed(f"{table}/_delta_log")}
        assert {name for name in names if "checkpoint" in name} == {
            "_last_checkpoint",
            f"{5:020}.checkpoint.parquet",
            f"{10:020}.checkpoint.parquet",
        }
        for version in range(4):  # what is not read is not missed
            files_of(store).remove(f"{table}/_delta_log/{version:020}.json")

        for version in (13, 11, 10, 9, 5):
            assert other_store.snapshot(table, version) == long_log[version]

    def test_the_library_of_delta_opens_a_long_log(self, store, table, long_log, options):
        for version in (13, 11, 10, 9, 8, 5, 4):
            theirs = DeltaTable(store.folder(table), version=version, storage_options=options)
            there = {uri.rpartition("/")[2] for uri in theirs.file_uris()}
            assert there == {file.path for file in long_log[version].files}
            assert theirs.to_pyarrow_table().num_rows == 3 * len(there)
            assert theirs.metadata().configuration == {"delta.enableChangeDataFeed": "true"}
        newest = DeltaTable(store.folder(table), storage_options=options)
        changes = pa.table(newest.load_cdf(starting_version=7, ending_version=11))
        told = changes.column("_change_type").to_pylist()
        assert (told.count("insert"), told.count("delete")) == (5 * 3, 7 * 3)

    def test_a_checkpoint_keeps_the_names_of_files_that_were_just_removed(
        self, store, table, long_log
    ):
        content = files_of(store).read(f"{table}/_delta_log/{10:020}.checkpoint.parquet")
        removed = pq.read_table(io.BytesIO(content)).column("remove").drop_null().to_pylist()

        assert {each["path"] for each in removed} == {file.path for file in long_log[7].files}

    def test_a_checkpoint_that_is_lost_is_missed_by_nobody(
        self, store, other_store, table, long_log, options
    ):
        files_of(store).remove(f"{table}/_delta_log/_last_checkpoint")
        files_of(store).remove(f"{table}/_delta_log/{10:020}.checkpoint.parquet")

        assert DeltaTable(store.folder(table), storage_options=options).version() == 13
        assert other_store.snapshot(table, 13) == long_log[13]
        assert other_store.snapshot(table, 10) == long_log[10]

    def test_a_checkpoint_that_is_none_is_passed_over(self, store, other_store, table, long_log):
        name = f"{table}/_delta_log/{10:020}.checkpoint.parquet"
        files_of(store).put(name, b"half of a checkpo")

        assert other_store.snapshot(table, 13) == long_log[13]

    def test_who_died_between_a_commit_and_its_checkpoint_brings_it_when_it_tries_again(
        self, store, other_store, table, long_log, written
    ):
        assert store.version(table) == len(long_log) - 1
        name = f"{table}/_delta_log/{15:020}.checkpoint.parquet"
        for version in (14, 15):
            files = written(version, version + 3, f"r{version}-")
            store.commit(table, files, version=version, replace=False, schema=SCHEMA, at=AT)
        made = files_of(store).read(name)
        files_of(store).remove(name)

        other_store.commit(table, files, version=15, replace=False, schema=SCHEMA, at=AT)

        assert files_of(store).read(name) == made

    def test_a_sweep_leaves_checkpoints_alone(self, store, other_store, table, long_log):
        assert store.sweep(table, datetime(2100, 1, 1, tzinfo=UTC)) == 0
        assert other_store.snapshot(table, 13) == long_log[13]


def files_of(store):
    return store._files
