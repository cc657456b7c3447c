"""Describing datasets over HTTP, and who sees what of them."""

import pytest

from torvet import catalogue


@pytest.fixture
def published(alma, parking):
    """Return a function that makes a dataset with a release of ten rows."""

    def make(**more):
        slug = alma.describe(key=["garage", "ts"], **more)["slug"]
        assert alma.publish(slug, parking())["stage"] == "published"
        return slug

    return make


def test_a_description_is_kept_as_it_was_given(alma):
    told = {
        "description": {"da": "Ledige pladser", "en": "Free spaces"},
        "keywords": ["parking", "bil"],
        "theme": "TRAN",
        "licence": "https://creativecommons.org/licenses/by/4.0/",
        "place": {
            "label": "Aarhus",
            "uri": "",
            "bbox": {"west": 9.9, "south": 56.0, "east": 10.4, "north": 56.4},
        },
        "period": {"start": "2014-05-22", "end": "2014-10-06"},
        "frequency": "30MIN",
        "contact": {"name": "Open Data", "email": "opendata@example.org", "url": ""},
        "attribution": "Open Data Aarhus",
        "key": ["garage", "ts"],
        "checks": [{"rule": "occupied <= capacity", "title": ""}],
        "preview": {"columns": ["garage"], "rows": 3},
    }

    made = alma.describe(**told)

    seen = alma.get(f"/api/datasets/{made['slug']}")
    assert {name: seen[name] for name in told} == told
    assert seen["provider"]["slug"] == alma.party
    assert seen["version"] == 1


def test_what_a_description_gets_wrong_is_all_named(alma):
    fault = alma.describe(
        theme="CARS", frequency="SOMETIMES", checks=[{"rule": "a <"}], expected=422
    )

    assert fault["code"] == "dataset-invalid"
    assert len(fault["faults"]) == 3


def test_a_field_that_nobody_knows_is_refused(alma):
    assert alma.describe(colour="green", expected=422)["code"] == "request-invalid"


def test_a_slug_is_given_once(alma):
    made = alma.describe()

    assert alma.describe(made["slug"], expected=409)["code"] == "dataset-slug-taken"


def test_nobody_describes_a_dataset_without_signing_in(nobody):
    assert nobody.describe(expected=401)["code"] == "sign-in-needed"


def test_a_change_names_only_what_changes(alma):
    slug = alma.describe(theme="TRAN", keywords=["parking"])["slug"]

    changed = alma.send("PATCH", f"/api/datasets/{slug}", {"theme": "ENVI"})

    assert (changed["theme"], changed["keywords"], changed["version"]) == ("ENVI", ["parking"], 2)


def test_whoever_comes_second_is_told(alma):
    path = f"/api/datasets/{alma.describe()['slug']}"
    alma.send("PATCH", path, {"theme": "ENVI", "version": 1})

    by_field = alma.send("PATCH", path, {"theme": "TRAN", "version": 1}, 409)
    by_header = alma.send("PATCH", path, {"theme": "TRAN"}, 409, headers={"If-Match": '"v1"'})

    assert by_field["code"] == by_header["code"] == "dataset-moved"
    assert alma.get(path)["theme"] == "ENVI"


def test_the_etag_that_was_read_lets_a_change_through(alma):
    path = f"/api/datasets/{alma.describe()['slug']}"
    etag = alma.client.get(path).headers["ETag"]

    alma.send("PATCH", path, {"theme": "TRAN"}, 200, headers={"If-Match": etag})


def test_deeds_are_told_to_the_log_with_what_changed(alma, facts):
    made = alma.describe()
    alma.send("PATCH", f"/api/datasets/{made['slug']}", {"theme": "ENVI", "visibility": "hidden"})
    alma.send("DELETE", f"/api/datasets/{made['slug']}", expected=204)

    told = facts(made["id"])

    assert [fact["name"] for fact in told] == [
        "dataset-created",
        "dataset-changed",
        "dataset-withdrawn",
    ]
    assert told[1]["body"]["fields"] == ["theme", "visibility"]
    assert told[1]["body"]["visibility"] == "hidden"


PARTS = ("", "/releases", "/releases/1", "/releases/1/profile", "/releases/1/quality",
         "/releases/1/preview", "/releases/1/lineage")  # fmt: skip


def test_a_hidden_dataset_is_not_there_for_others(alma, carla, nobody, published):
    slug = published(visibility="hidden")

    for part in PARTS:
        alma.get(f"/api/datasets/{slug}{part}")
        for other in (carla, nobody):
            assert other.get(f"/api/datasets/{slug}{part}", 404)["code"] == "dataset-not-found"


def test_a_circle_sees_what_others_do_not(alma, bo, carla, published):
    slug = published(visibility="circle", circle=[bo.party])

    for part in PARTS:
        bo.get(f"/api/datasets/{slug}{part}")
        carla.get(f"/api/datasets/{slug}{part}", 404)
    assert alma.get(f"/api/datasets/{slug}")["circle"] == [bo.party]
    assert "circle" not in bo.get(f"/api/datasets/{slug}")


def test_metadata_only_shows_no_value_in_any_byte(alma, carla, nobody, published):
    slug = published(visibility="metadata")

    for other in (carla, nobody):
        for part in PARTS:
            seen = other.client.get(f"/api/datasets/{slug}{part}")
            assert seen.status_code == 200
            assert "BRUUNS" not in seen.text
            assert "2014-05" not in seen.text
        assert other.get(f"/api/datasets/{slug}/releases/1/preview")["rows"] == []
    assert "BRUUNS" in alma.client.get(f"/api/datasets/{slug}/releases/1/preview").text


def test_a_column_that_the_preview_leaves_out_is_in_no_byte(alma, nobody, published):
    slug = published(
        checks=[{"rule": "occupied <= 3"}, {"rule": "occupied <= capacity"}],
        preview={"columns": ["occupied"], "rows": 4},
    )

    for part in PARTS:
        seen = nobody.client.get(f"/api/datasets/{slug}{part}").text
        assert "BRUUNS" not in seen
        assert "SALLING" not in seen
    preview = nobody.get(f"/api/datasets/{slug}/releases/1/preview")
    assert preview["rows"] == [{"occupied": n} for n in range(4)]
    assert preview["withheld"] == ["garage", "ts", "capacity"]
    profile = nobody.get(f"/api/datasets/{slug}/releases/1/profile")
    shown = {column["name"]: column for column in profile["columns"]}
    assert shown["occupied"]["max"] == 9
    assert shown["garage"]["withheld"]
    assert shown["garage"]["nulls"] == 0
    assert "BRUUNS" in alma.client.get(f"/api/datasets/{slug}/releases/1/quality").text


def test_without_preview_rows_no_value_is_shown_at_all(nobody, published):
    slug = published(preview={"columns": None, "rows": 0})

    profile = nobody.get(f"/api/datasets/{slug}/releases/1/profile")

    assert all(column["withheld"] for column in profile["columns"])
    assert nobody.get(f"/api/datasets/{slug}/releases/1/preview")["rows"] == []


def test_units_that_the_provider_tells_are_shown_in_every_place(alma, nobody, published):
    slug = published(columns=[{"name": "occupied", "unit": "cars", "title": "Parked cars"}])
    alma.send(
        "PATCH", f"/api/datasets/{slug}", {"columns": [{"name": "occupied", "unit": "vehicles"}]}
    )

    seen = nobody.get(f"/api/datasets/{slug}")["columns"]
    profile = nobody.get(f"/api/datasets/{slug}/releases/1/profile")["columns"]

    assert next(c for c in seen if c["name"] == "occupied")["unit"] == "vehicles"
    assert next(c for c in profile if c["name"] == "occupied")["unit"] == "vehicles"


def test_the_quality_of_a_release_ages(alma, published, clock):
    slug = published(frequency="DAILY")
    path = f"/api/datasets/{slug}/releases/1/quality"
    fresh = alma.get(path)

    clock.advance(days=30)
    stale = alma.get(path)

    def of(report, name):
        return next(one for one in report["dimensions"] if one["name"] == name)

    assert of(stale, "freshness")["score"] == 0
    assert of(stale, "consistency") == of(fresh, "consistency")
    assert stale["score"] <= fresh["score"]


def test_a_strangers_deed_on_someone_elses_dataset_finds_nothing(alma, carla, published, parking):
    public, hidden = published(), published(visibility="hidden")

    for slug in (public, hidden):
        carla.send("PATCH", f"/api/datasets/{slug}", {"theme": "ENVI"}, 404)
        carla.send("DELETE", f"/api/datasets/{slug}", expected=404)
        carla.deliver(slug, parking(), expected=404)
        carla.get(f"/api/datasets/{slug}/deliveries", 404)
    assert alma.get(f"/api/datasets/{public}")["version"] == 1


def test_a_strangers_delivery_and_its_rejected_rows_are_not_there(alma, carla, parking):
    made = alma.deliver(alma.describe()["slug"], parking())

    for part in ("", "/rejected"):
        path = f"/api/deliveries/{made['id']}{part}"
        alma.get(path)
        assert carla.get(path, 404)["code"] == "delivery-not-found"


def test_a_strangers_upload_cannot_be_delivered(alma, carla, parking):
    upload = alma.upload(parking())
    slug = carla.describe()["slug"]

    refused = carla.send("POST", f"/api/datasets/{slug}/deliveries", {"upload": upload}, 404)

    assert refused["code"] == "upload-not-found"


def test_a_withdrawn_dataset_is_gone_and_its_facts_stay(alma, nobody, published, facts):
    slug = published()
    with alma.parts.db.begin() as tx:
        dataset = catalogue.dataset(tx, slug)

    alma.send("DELETE", f"/api/datasets/{slug}", expected=204)

    assert nobody.get(f"/api/datasets/{slug}", 404)["code"] == "dataset-withdrawn"
    assert alma.get(f"/api/datasets/{slug}", 404)["code"] == "dataset-withdrawn"
    assert alma.describe(slug, expected=409)["code"] == "dataset-slug-taken"
    assert facts(dataset.id, "release-published")


def test_a_hidden_dataset_that_is_withdrawn_was_never_there_for_others(alma, carla):
    slug = alma.describe(visibility="hidden")["slug"]
    alma.send("DELETE", f"/api/datasets/{slug}", expected=204)

    assert carla.get(f"/api/datasets/{slug}", 404)["code"] == "dataset-not-found"


def test_deliveries_are_listed_the_newest_first_and_in_pages(alma, parking):
    slug = alma.describe()["slug"]
    made = [alma.deliver(slug, parking(2, start=2 * n))["id"] for n in range(3)]

    first = alma.get(f"/api/datasets/{slug}/deliveries", params={"limit": 2})
    second = alma.get(
        f"/api/datasets/{slug}/deliveries", params={"limit": 2, "after": first["next"]}
    )

    assert [one["id"] for one in first["items"] + second["items"]] == made[::-1]
    assert second["next"] is None


def test_a_release_is_found_by_the_moment_that_it_was_the_newest(alma, published, parking, clock):
    slug = published()
    first = clock.now()
    clock.advance(hours=1)
    alma.publish(slug, parking(2, start=20), mode="append")

    with alma.parts.db.begin() as tx:
        dataset = catalogue.dataset(tx, slug)
        before = catalogue.release_at(tx, dataset.id, first)
        after = catalogue.release_at(tx, dataset.id, clock.now())

    assert (before.number, after.number) == (1, 2)
