"""From a file that somebody delivers to a release that others may see."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from torvet import catalogue
from torvet.catalogue import delivery_store, on_release
from torvet.catalogue.hooks import _handlers
from torvet.catalogue.jobs import sweep
from torvet.ingest import upload_path
from torvet.jobs import run_worker

pytestmark = pytest.mark.slow

START = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def published(alma, parking):
    """A dataset with one release of ten rows."""
    made = alma.describe(key=["garage", "ts"], checks=[{"rule": "occupied <= capacity"}])
    done = alma.publish(made["slug"], parking(), note="the first of May")
    assert done["stage"] == "published", done
    return made["slug"]


def test_a_delivered_file_becomes_release_one(alma, parking):
    slug = alma.describe()["slug"]

    received = alma.deliver(slug, parking())
    before = alma.get(f"/api/datasets/{slug}")
    run_worker(alma.parts, once=True)

    assert received["stage"] == "received"
    assert "release" not in before
    done = alma.get(f"/api/deliveries/{received['id']}")
    assert (done["stage"], done["release"], done["progress"]) == ("published", 1, 1.0)
    release = alma.get(f"/api/datasets/{slug}")["release"]
    assert (release["number"], release["rows"], release["age_s"]) == (1, 10, 0)
    assert [column["type"] for column in release["columns"]] == [
        "text",
        "timestamp",
        "integer",
        "integer",
    ]


def test_a_release_is_the_delta_version_of_its_number(alma, published, parking):
    alma.publish(published, parking(4, start=10), mode="append")
    alma.publish(published, parking(3, start=20), mode="replace")

    with alma.parts.db.begin() as tx:
        dataset = catalogue.dataset(tx, published)
        releases = catalogue.releases(tx, dataset.id)
    rows = {}
    for release in releases:
        uris = alma.parts.tables.file_uris(dataset.table, release.number)
        found = alma.parts.engine.rows("select count(*) as n from t", {"t": uris})
        rows[release.number] = (found[0]["n"], release.rows)
    assert rows == {1: (10, 10), 2: (14, 14), 3: (3, 3)}
    assert alma.parts.tables.version(dataset.table) == 3


def test_publishing_is_told_to_the_log_once(alma, published, facts, parts):
    with parts.db.begin() as tx:
        dataset = catalogue.dataset(tx, published)

    told = facts(dataset.id, "release-published")

    assert len(told) == 1
    assert told[0]["body"]["rows"] == 10
    assert told[0]["body"]["release"] == 1
    assert len(told[0]["body"]["sha256"]) == 64
    assert told[0]["parties"] == [dataset.provider]


def test_running_the_job_again_changes_nothing(alma, published, facts):
    with alma.parts.db.begin() as tx:
        dataset = catalogue.dataset(tx, published)
        release = catalogue.release(tx, dataset.id)

    catalogue.publish_delivery(alma.parts, delivery=release.delivery)

    assert len(facts(dataset.id, "release-published")) == 1
    assert alma.parts.tables.version(dataset.table) == 1


def test_other_slices_are_told_of_each_release(alma, parking):
    told = []
    handler = on_release(lambda _parts, dataset, number: told.append((dataset, number)))
    slug = alma.describe()["slug"]

    try:
        alma.publish(slug, parking())
        alma.publish(slug, parking(5, start=10), mode="append")
    finally:
        _handlers.remove(handler)

    with alma.parts.db.begin() as tx:
        dataset = catalogue.dataset(tx, slug)
    assert told == [(dataset.id, 1), (dataset.id, 2)]


def test_rows_that_do_not_fit_are_set_aside_and_counted(alma, parking):
    slug = alma.describe()["slug"]
    schema = [
        {"name": "garage", "type": "text"},
        {"name": "ts", "type": "timestamp"},
        {"name": "occupied", "type": "integer"},
        {"name": "capacity", "type": "integer"},
    ]

    done = alma.publish(slug, parking() + b"BRUUNS,2014-06-01 00:00:00,many,100\n", schema=schema)

    assert (done["stage"], done["rejected"]) == ("published", 1)
    rejected = alma.get(f"/api/deliveries/{done['id']}/rejected")
    assert rejected["total"] == 1
    assert [(r["row_number"], r["column"], r["value"]) for r in rejected["items"]] == [
        (11, "occupied", "many")
    ]
    quality = alma.get(f"/api/datasets/{slug}/releases/1/quality")
    validity = next(d for d in quality["dimensions"] if d["name"] == "validity")
    assert "1 of 11 delivered rows (9.1 %) did not fit" in validity["sentence"]


def test_a_file_that_cannot_be_appended_fails_with_each_difference_named(alma, published):
    done = alma.publish(published, b"garage,ts,free\nBRUUNS,2014-05-01 00:00:00,7\n", mode="append")

    assert done["stage"] == "failed"
    assert done["release"] is None
    for name in ("occupied", "capacity"):
        assert name in done["error"]
    assert done["failure"]["advice"]
    assert alma.get(f"/api/datasets/{published}")["release"]["number"] == 1


def test_after_a_failed_delivery_the_next_one_gets_its_number(alma, published, parking):
    alma.publish(published, b"garage,ts,free\nBRUUNS,2014-05-01 00:00:00,7\n", mode="append")

    done = alma.publish(published, parking(2, start=30), mode="append")

    assert done["release"] == 2


def test_a_broken_file_fails_in_words_and_is_told_to_the_log(alma, facts):
    slug = alma.describe()["slug"]

    done = alma.publish(slug, b"PAR1 this is no parquet", "parking.parquet")

    assert done["stage"] == "failed"
    assert "parking.parquet" in done["error"]
    assert [f["body"]["code"] for f in facts(done["id"], "delivery-failed")] == [
        done["failure"]["code"]
    ]
    assert "release" not in alma.get(f"/api/datasets/{slug}")


def test_integers_are_appended_to_numbers_in_the_columns_that_are_there(alma):
    slug = alma.describe()["slug"]
    alma.publish(slug, b"sensor,speed\n1,50.5\n2,49.25\n")

    done = alma.publish(
        slug,
        b"speed,sensor\n40,3\n",
        mode="append",
        schema=[{"name": "speed", "type": "integer"}, {"name": "sensor", "type": "integer"}],
    )

    assert done["stage"] == "published", done
    preview = alma.get(f"/api/datasets/{slug}/releases/2/preview")
    assert preview["rows"][-1] == {"sensor": 3, "speed": 40.0}
    with alma.parts.db.begin() as tx:
        dataset = catalogue.dataset(tx, slug)
    uris = alma.parts.tables.file_uris(dataset.table, 2)
    total = alma.parts.engine.rows("select sum(speed) as s from t", {"t": uris})
    assert total == [{"s": 139.75}]


def test_deliveries_to_one_dataset_are_published_in_the_order_they_came(alma, parking):
    slug = alma.describe()["slug"]
    first = alma.deliver(slug, parking(2))
    second = alma.deliver(slug, parking(3, start=2), mode="append")

    run_worker(alma.parts, once=True)

    assert alma.get(f"/api/deliveries/{first['id']}")["release"] == 1
    assert alma.get(f"/api/deliveries/{second['id']}")["release"] == 2
    assert alma.get(f"/api/datasets/{slug}/releases/2")["rows"] == 5


def test_whoever_holds_a_number_goes_first(alma, published, parking, parts):
    """A job that gave up after its commit is finished by the next one, in its own number."""
    first = alma.deliver(published, parking(2, start=50), mode="append")
    with parts.db.begin() as tx:
        delivery_store.reserve(tx, first["id"], 2, 0)
    second = alma.deliver(published, parking(3, start=60), mode="append")

    catalogue.publish_delivery(parts, delivery=second["id"])

    assert alma.get(f"/api/deliveries/{first['id']}")["release"] == 2
    assert alma.get(f"/api/deliveries/{second['id']}")["release"] == 3


def test_a_delivery_whose_job_gave_up_is_taken_up_again(alma, parking, parts, clock):
    slug = alma.describe()["slug"]
    made = alma.deliver(slug, parking())
    with parts.db.begin() as tx:
        tx.exec_driver_sql("delete from procrastinate_jobs")
    clock.advance(hours=1)

    catalogue.resume(parts)
    run_worker(parts, once=True)

    assert alma.get(f"/api/deliveries/{made['id']}")["stage"] == "published"


def test_an_upload_goes_also_where_another_slice_cannot_be_told(alma, parking):
    def broken(_parts, _dataset, _number):
        raise RuntimeError("the books are closed")

    slug = alma.describe()["slug"]
    handler = on_release(broken)
    try:
        delivery = alma.publish(slug, parking())
    finally:
        _handlers.remove(handler)

    assert delivery["stage"] == "published"
    with alma.parts.db.begin() as tx:
        upload = delivery_store.get(tx, delivery["id"]).upload
    assert not upload_path(alma.parts, upload).exists()


def test_an_upload_that_was_published_cannot_be_delivered_again(alma, parking):
    slug = alma.describe()["slug"]
    upload = alma.upload(parking())
    path = f"/api/datasets/{slug}/deliveries"
    alma.send("POST", path, {"upload": upload}, 202)
    again = alma.send("POST", path, {"upload": upload}, 202)

    run_worker(alma.parts, once=True)

    done = alma.get(f"/api/deliveries/{again['id']}")
    assert (done["stage"], done["failure"]["code"]) == ("failed", "upload-gone")


def test_a_withdrawn_dataset_takes_no_delivery_that_was_waiting(alma, parking):
    slug = alma.describe()["slug"]
    made = alma.deliver(slug, parking())
    alma.send("DELETE", f"/api/datasets/{slug}", expected=204)

    run_worker(alma.parts, once=True)

    with alma.parts.db.begin() as tx:
        done = delivery_store.get(tx, made["id"])
    assert done.failure.code == "dataset-withdrawn"


def test_lineage_leads_from_the_release_back_to_the_files(alma, published, parking, nobody):
    alma.publish(published, parking(4, start=10), "may-2.csv", mode="append")

    own = alma.get(f"/api/datasets/{published}/releases/2/lineage")
    others = nobody.get(f"/api/datasets/{published}/releases/2/lineage")

    assert [(s["file_name"], s["rows"], s["release"]) for s in own["sources"]] == [
        ("parking.csv", 10, 1),
        ("may-2.csv", 4, 2),
    ]
    assert own["after"] == 1
    assert all(source["account"] and source["delivery"] for source in own["sources"])
    assert all(source["sha256"] for source in own["sources"])
    assert not any(
        source[name]
        for source in others["sources"]
        for name in ("account", "delivery", "notes", "file_name", "sha256")
    )
    assert [s["rows"] for s in others["sources"]] == [10, 4]
    assert [s["received_at"] for s in others["sources"]] == [
        s["received_at"] for s in own["sources"]
    ]


def test_what_a_failed_delivery_left_is_swept_once_nobody_can_be_writing_it(alma, published, clock):
    alma.publish(published, b"garage,ts,free\nBRUUNS,2014-05-01 00:00:00,7\n", mode="append")
    with alma.parts.db.begin() as tx:
        dataset = catalogue.dataset(tx, published)
    folder = Path(alma.parts.tables.folder(dataset.table))
    (folder / "left-over.parquet").write_bytes(b"half a file")
    old = (START - timedelta(days=3)).timestamp()
    os.utime(folder / "left-over.parquet", (old, old))
    kept = set(alma.parts.tables.file_uris(dataset.table, 1))

    sweep(alma.parts)
    still_there = (folder / "left-over.parquet").exists()
    clock.advance(days=2)
    sweep(alma.parts)

    assert still_there
    assert not (folder / "left-over.parquet").exists()
    assert set(alma.parts.tables.file_uris(dataset.table, 1)) == kept
    assert all(Path(uri.removeprefix("file://")).exists() for uri in kept)
