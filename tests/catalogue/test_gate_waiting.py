"""A delivery that waits: other numbers are proposed for it, or it is dropped with all its rows."""

import pytest

from torvet.catalogue import delivery_store
from torvet.ingest import SourceNotFound, upload_path
from torvet.ingest import source as source_of
from torvet.jobs import run_worker

from .test_gate import homes, policy_of, set_policy

pytestmark = pytest.mark.slow


@pytest.fixture
def held(alma):
    """A dataset whose first delivery waits, and the delivery's id."""
    slug = alma.describe()["slug"]
    return slug, alma.publish(slug, homes(), "homes.csv")["id"]


def test_another_preset_is_proposed_with_its_own_numbers_and_costs(alma, bo, held):
    slug, _ = held
    address = f"/api/datasets/{slug}/privacy/proposal"

    written, health = alma.get(address), alma.get(address, params={"preset": "health"})

    assert written["policy"]["preset"] == "households"
    assert health["policy"]["preset"] == "health"
    assert health["policy"]["anonymise"]["models"][0]["k"] >= 11
    assert float(health["policy"]["anonymise"]["suppression_limit"]) == 0.1
    assert health["found"] == written["found"]
    assert [line["k"] for line in health["costs"]] == [line["k"] for line in written["costs"]]
    assert alma.get(address) == written
    assert "no preset 'fish'" in alma.get(address, 422, params={"preset": "fish"})["title"]
    bo.get(address, 404, params={"preset": "health"})


def test_a_dropped_delivery_becomes_no_release_and_its_rows_are_gone(alma, held, facts):
    slug, delivery = held
    with alma.parts.db.begin() as tx:
        waiting = delivery_store.get(tx, delivery)

    alma.send("DELETE", f"/api/deliveries/{delivery}", expected=204)
    run_worker(alma.parts, once=True)

    assert alma.get(f"/api/deliveries/{delivery}")["stage"] == "dropped"
    assert alma.parts.tables.version(f"sources/{waiting.source}") is None
    assert not upload_path(alma.parts, waiting.upload).exists()
    with alma.parts.db.begin() as tx, pytest.raises(SourceNotFound):
        source_of(tx, waiting.source)
    alma.get(f"/api/datasets/{slug}/privacy/proposal", 404)
    assert [it["actor"] for it in facts(delivery, "delivery-dropped")] != []
    assert alma.get(f"/api/deliveries/{delivery}/rejected")["items"] == []


def test_a_policy_that_comes_after_a_drop_lets_nothing_go_on(alma, held):
    slug, delivery = held
    policy = policy_of(alma, slug)
    alma.send("DELETE", f"/api/deliveries/{delivery}", expected=204)
    set_policy(alma, slug, policy)

    assert alma.get(f"/api/datasets/{slug}/releases")["items"] == []
    later = alma.publish(slug, homes(), "homes.csv")
    assert (later["stage"], later["release"]) == ("published", 1)


def test_only_what_waits_can_be_dropped_and_only_by_its_provider(alma, bo, nobody, held, parking):
    _, delivery = held
    bo.send("DELETE", f"/api/deliveries/{delivery}", expected=404)
    nobody.send("DELETE", f"/api/deliveries/{delivery}", expected=401)
    done = alma.publish(alma.describe()["slug"], parking())

    problem = alma.send("DELETE", f"/api/deliveries/{done['id']}", expected=409)

    assert problem["code"] == "delivery-not-held"
    assert "it is published" in problem["title"]
    alma.send("DELETE", f"/api/deliveries/{delivery}", expected=204)
    alma.send("DELETE", f"/api/deliveries/{delivery}", expected=409)
