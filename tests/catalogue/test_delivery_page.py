"""The page of a delivery that waits: read, choose, and it goes on; or it is dropped."""

import json

import pytest

from torvet.jobs import run_worker

from .test_gate import certificate, homes, in_release
from .test_gate_versions import readings

pytestmark = pytest.mark.slow

HTML = {"Accept": "text/html"}


@pytest.fixture
def held(alma):
    slug = alma.describe()["slug"]
    return slug, alma.publish(slug, homes(), "homes.csv")["id"]


def page(who, path, expected=200):
    answer = who.client.get(path, headers=HTML)
    assert answer.status_code == expected, answer.text
    return answer.text


def send(who, path, expected=303, **form):
    answer = who.client.post(path, data=form, headers=HTML, follow_redirects=False)
    assert answer.status_code == expected, answer.text
    run_worker(who.parts, once=True)
    return answer.text


def test_the_page_says_what_was_found_what_is_proposed_and_what_to_do(alma, bo, held):
    slug, delivery = held
    shown = page(alma, f"/deliveries/{delivery}")

    assert "homes.csv waits for you" in shown
    assert "its name says that it is a customer" in shown
    assert "Nobody stands among fewer than 10 rows that look alike." in shown
    assert "construction_year: as it is, or intervals of" in shown
    assert "Set this policy and go on" in shown
    assert "Drop this delivery" in shown
    assert f'<a href="/deliveries/{delivery}">' in page(alma, f"/datasets/{slug}")
    assert delivery not in page(bo, f"/datasets/{slug}")
    page(bo, f"/deliveries/{delivery}", 404)


def test_a_k_that_is_chosen_in_the_table_is_set_and_the_rows_go_on(alma, held):
    slug, delivery = held

    send(alma, f"/deliveries/{delivery}/policy", preset="households", k="20")

    assert "homes.csv is release 1" in page(alma, f"/deliveries/{delivery}")
    assert certificate(alma, slug).certificate.models_found["k"] >= 20


def test_another_preset_is_proposed_on_the_page(alma, held):
    shown = page(alma, f"/deliveries/{held[1]}?preset=health")

    assert '<option value="health" selected>' in shown
    assert "at most 10% of the rows" in shown


def test_a_policy_that_is_none_is_told_beside_what_was_written(alma, held):
    _, delivery = held
    wrong = json.dumps({"treatment": "sell", "note": "my own words"})

    shown = send(alma, f"/deliveries/{delivery}/policy", 422, policy=wrong)
    no_json = send(alma, f"/deliveries/{delivery}/policy", 422, policy="{")

    assert "`treatment` is one of" in shown
    assert "my own words" in shown
    assert "it is no JSON" in no_json
    assert "waits for you" in page(alma, f"/deliveries/{delivery}")


def test_an_edited_policy_goes_on(alma, held):
    slug, delivery = held
    policy = alma.get(f"/api/datasets/{slug}/privacy/proposal")["policy"]
    policy["anonymise"]["hierarchies"]["energy_label"] = {"kind": "flat"}

    send(alma, f"/deliveries/{delivery}/policy", policy=json.dumps(policy))

    assert in_release(alma, slug, 1).num_rows > 0


def test_a_delivery_is_dropped_on_the_page(alma, held):
    slug, delivery = held

    send(alma, f"/deliveries/{delivery}/drop")

    assert "homes.csv was dropped" in page(alma, f"/deliveries/{delivery}")
    assert "waits for you" not in page(alma, f"/datasets/{slug}")


def test_readings_are_proposed_as_sums_in_words(alma):
    slug = alma.describe()["slug"]
    delivery = alma.publish(slug, readings(range(90)), "r.csv")["id"]

    shown = page(alma, f"/deliveries/{delivery}")
    send(alma, f"/deliveries/{delivery}/policy", preset="meters")

    assert "sums of energy_wh by" in shown
    assert "Each sum is over 15 different meter_id at least." in shown
    assert "r.csv is release 1" in page(alma, f"/deliveries/{delivery}")
    cards = page(alma, "/datasets")
    assert "sums over many" in cards
    found = alma.get("/api/datasets", params={"page_size": 1, "sort": "newest"})["items"][0]
    assert found["release"]["treatment"] == "aggregate"
