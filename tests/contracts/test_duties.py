"""What is owed in return: shown, accepted, done, and in the way only when it is overdue."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.contracts import Ask, GiveBack, Returned, StateBenefit

from .written import BO, NOON, TRANSPORT

BACK = {"clause": "give-back", "what": "dataset", "days": 2, "text": "your counts per street"}
THANKS = {"clause": "thanks", "text": "Data: City of Aarhus"}


def _explained(person, contract):
    return person.post(f"/api/contracts/{contract['id']}/explanation", {}, 200)


@given(st.integers(1, 30), st.integers(0, 40 * 24))
def test_a_duty_objects_from_the_moment_on_that_it_is_overdue(days, hours):
    since = NOON - timedelta(hours=hours)
    clause = GiveBack(Returned.DATASET, days, "counts")
    owed = Ask(reader=BO, purpose=TRANSPORT, at=NOON, duties=((GiveBack.kind, since),))
    done = Ask(reader=BO, purpose=TRANSPORT, at=NOON)

    assert (clause.objection(owed) is not None) == (hours >= days * 24)
    assert clause.objection(done) is None
    assert StateBenefit(days).objection(owed) is None


def test_what_is_owed_stands_in_the_way_of_reads_only_when_overdue(alma, bo, clock):
    contract = bo.accept(alma.offer(BACK, THANKS))

    assert _explained(bo, contract)["allowed"]
    clock.advance(days=2)
    refused = _explained(bo, contract)
    done = bo.post(
        f"/api/contracts/{contract['id']}/duties/give-back/done",
        {"words": "Dataset counts-per-street"},
        200,
    )

    assert not refused["allowed"]
    assert refused["reasons"] == [
        "a dataset that was to be given back was due at 2026-06-03 14:00 and is not there"
    ]
    assert done["done_at"] is not None
    assert _explained(bo, contract)["allowed"]


def test_a_provider_who_does_not_find_it_done_opens_it_anew_and_its_days_count_from_then(
    alma, bo, clock, facts
):
    contract = bo.accept(alma.offer(BACK))
    path = f"/api/contracts/{contract['id']}/duties"
    bo.post(f"{path}/give-back/done", {"words": "soon"}, 200)
    clock.advance(days=3)

    opened = alma.post(f"{path}/give-back/reopening", {"reason": "nothing is there"}, 200)

    assert opened["reason"] == "nothing is there"
    assert _explained(bo, contract)["allowed"]
    clock.advance(days=2)
    assert not _explained(bo, contract)["allowed"]
    (duty,) = bo.get(path)["items"]
    assert (duty["done_words"], duty["done_at"]) == ("soon", None)
    assert [fact["name"] for fact in facts(contract["id"])][1:] == ["duty-done", "duty-reopened"]


def test_each_side_has_its_own_part_and_strangers_have_none(alma, bo, carla):
    contract = bo.accept(alma.offer(BACK))
    path = f"/api/contracts/{contract['id']}/duties"

    assert alma.post(f"{path}/give-back/done", {"words": "x"}, 403)["code"] == "other-side"
    assert bo.post(f"{path}/give-back/reopening", {"reason": "x"}, 403)["code"] == "other-side"
    assert carla.get(path, 404)["code"] == "contract-not-found"
    assert bo.post(f"{path}/thanks/done", {"words": "x"}, 404)["code"] == "duty-not-found"
    early = alma.post(f"{path}/give-back/reopening", {"reason": "x"}, 404)
    assert early["code"] == "duty-not-found"


@pytest.mark.parametrize("days", [0, 100_000])
def test_days_without_sense_are_refused(alma, days):
    slug = alma.dataset()["slug"]

    alma.offer({"clause": "state-benefit", "days": days}, slug=slug, expected=422)


def test_duties_are_in_the_digest_and_in_words(alma):
    slug = alma.dataset()["slug"]
    plain = alma.offer(slug=slug)
    owed = alma.offer(BACK, THANKS, slug=slug)

    assert plain["digest"] != owed["digest"]
    assert owed["words"]["da"][0].startswith("Til gengæld gives et datasæt igen inden 2 dage")
