"""From an offer to a contract and to its end, as its two parties and a stranger live it."""

from datetime import timedelta

import pytest

from torvet.contracts import expire
from torvet.jobs import known
from torvet.kit.moments import to_text

from .written import NOON, TRANSPORT

SAID = {"reason": "the source was wrong"}


def _until(at):
    return {"clause": "validity", "end": to_text(at)}


@pytest.fixture
def offer(alma):
    return alma.offer({"clause": "purposes", "codes": ["PublicBenefit"]})


@pytest.fixture
def request_only(alma):
    return alma.offer({"clause": "purposes", "codes": ["PublicBenefit"]}, approval="on-request")


def test_an_offer_accepted_at_once_is_a_contract_with_a_share(bo, offer, facts):
    made = bo.accept(offer, note="for the parking app", seen=offer["digest"])

    assert made["stage"] == "agreed"
    assert made["terms"] == offer["terms"]
    assert made["consumer"]["slug"] == bo.slug
    assert made["purpose"]["words"]["en"] == "improving transport and mobility"
    slug, _, suffix = made["share"].rpartition("-")
    assert slug == offer["dataset"]["slug"]
    assert len(suffix) == 6
    assert made["share"] == made["share"].lower()
    (fact,) = facts(made["id"])
    assert fact["name"] == "contract-agreed"
    assert fact["body"]["terms"] == offer["digest"]
    assert set(fact["parties"]) == {made["provider"]["id"], made["consumer"]["id"]}


def test_terms_that_are_not_those_that_were_seen_are_not_agreed(bo, offer):
    refused = bo.accept(offer, seen="0" * 64, expected=409)

    assert refused["code"] == "offer-moved"
    assert refused["digest"] == offer["digest"]


def test_a_second_acceptance_is_told_of_the_first(bo, offer):
    first = bo.accept(offer)

    second = bo.accept(offer, expected=409)

    assert (second["code"], second["contract"]) == ("already-contracted", first["id"])


def test_after_the_end_of_a_contract_the_offer_may_be_accepted_again(bo, offer):
    first = bo.accept(offer)
    bo.post(f"/api/contracts/{first['id']}/ending", {}, 200)

    again = bo.accept(offer)

    assert again["id"] != first["id"]
    assert again["share"] != first["share"]


def test_a_purpose_that_the_terms_leave_out_is_refused_before_anything_is_agreed(bo, offer):
    refused = bo.accept(offer, purpose="Advertising", expected=403)
    unknown = bo.accept(offer, purpose="WorldPeace", expected=422)

    assert refused["code"] == "terms-not-met"
    assert refused["reasons"] == [
        "the purpose is “advertising”, and only “public benefit” is allowed"
    ]
    assert unknown["code"] == "purpose-unknown"


def test_terms_for_another_region_or_another_time_are_refused(alma, bo, clock):
    far = alma.offer({"clause": "regions", "codes": ["SE", "US"]})
    over = alma.offer(_until(NOON + timedelta(hours=1)))
    clock.advance(hours=1)

    assert "at home in DK" in bo.accept(far, expected=403)["reasons"][0]
    assert "expired" in bo.accept(over, expected=403)["reasons"][0]


def test_a_provider_has_its_own_data_already(alma, offer):
    assert alma.accept(offer, expected=403)["code"] == "own-offer"


def test_a_request_is_answered_by_the_provider_alone(alma, bo, carla, request_only, facts):
    asked = bo.accept(request_only)
    path = f"/api/contracts/{asked['id']}"

    assert asked["stage"] == "requested"
    assert carla.post(f"{path}/approval", expected=404)["code"] == "contract-not-found"
    assert bo.post(f"{path}/approval", expected=403)["code"] == "other-side"
    agreed = alma.post(f"{path}/approval", expected=200)
    assert agreed["stage"] == "agreed"
    assert alma.post(f"{path}/approval", expected=409)["code"] == "wrong-stage"
    assert alma.post(f"{path}/refusal", SAID, 409)["stage"] == "agreed"
    assert [fact["name"] for fact in facts(asked["id"])] == [
        "contract-requested",
        "contract-agreed",
    ]


def test_a_refusal_says_why(alma, bo, request_only, facts):
    asked = bo.accept(request_only)

    alma.post(f"/api/contracts/{asked['id']}/refusal", {}, 422)
    alma.post(f"/api/contracts/{asked['id']}/refusal", {"reason": "not for apps"}, 200)

    seen = bo.get(f"/api/contracts/{asked['id']}")
    assert (seen["stage"], seen["reason"]) == ("refused", "not for apps")
    assert facts(asked["id"])[-1]["body"]["reason"] == "not for apps"


def test_a_request_may_be_taken_back_by_whoever_made_it(alma, bo, request_only):
    asked = bo.accept(request_only)

    assert alma.post(f"/api/contracts/{asked['id']}/ending", {}, 409)["code"] == "wrong-stage"
    assert bo.post(f"/api/contracts/{asked['id']}/ending", {}, 200)["stage"] == "ended"


def test_a_provider_revokes_with_a_reason_that_every_holder_of_a_token_is_told(
    alma, bo, offer, facts
):
    made = bo.accept(offer)
    reader = bo.token(f"share:{made['id']}")

    assert bo.post(f"/api/contracts/{made['id']}/revocation", SAID, 403)["code"] == "other-side"
    alma.post(f"/api/contracts/{made['id']}/revocation", SAID, 200)

    for holder in (bo, reader):
        seen = holder.get(f"/api/contracts/{made['id']}")
        assert (seen["stage"], seen["reason"]) == ("revoked", "the source was wrong")
        said = holder.post(f"/api/contracts/{made['id']}/explanation", {}, 200)
        assert said["reasons"] == ["the contract is revoked: the source was wrong"]
    assert facts(made["id"])[-1]["name"] == "contract-revoked"


def test_a_token_of_one_share_knows_of_no_other_contract(alma, bo, offer):
    mine = bo.accept(offer)
    other = bo.accept(alma.offer())
    reader = bo.token(f"share:{mine['id']}")

    assert reader.get(f"/api/contracts/{other['id']}", 404)["code"] == "contract-not-found"
    reader.post(f"/api/contracts/{other['id']}/explanation", expected=404)
    reader.post(f"/api/contracts/{mine['id']}/ending", expected=403)
    reader.get("/api/contracts", 403)


def test_a_contract_is_not_there_for_a_stranger(bo, carla, nobody, offer):
    path = f"/api/contracts/{bo.accept(offer)['id']}"

    for person, status in ((carla, 404), (nobody, 401)):
        person.get(path, status)
        person.get(f"{path}/odrl", status)
        for deed in ("approval", "ending", "explanation"):
            person.post(f"{path}/{deed}", {}, status)
        for deed in ("refusal", "revocation"):
            person.post(f"{path}/{deed}", SAID, status)
    assert carla.get("/api/contracts")["items"] == []


def test_both_parties_list_the_contract_and_pages_go_on(alma, bo):
    made = [bo.accept(alma.offer())["id"] for _ in range(3)]

    first = bo.get("/api/contracts", params={"limit": 2})
    rest = bo.get("/api/contracts", params={"limit": 2, "after": first["next"]})

    assert [c["id"] for c in first["items"] + rest["items"]] == made[::-1]
    assert rest["next"] is None
    assert {
        c["id"] for c in alma.get("/api/contracts", params={"stage": "agreed"})["items"]
    } >= set(made)
    assert alma.get("/api/contracts", params={"stage": "revoked"})["items"] == []


def test_a_citizen_accepts_for_themself(person, offer):
    dorte = person("dorte", organisation=False)

    made = dorte.accept(offer)

    assert made["consumer"]["name"] == "Dorte"
    assert dorte.get(f"/api/contracts/{made['id']}")["stage"] == "agreed"


def test_a_reader_of_the_consumer_accepts_nothing(bo, offer):
    assert bo.token("read").accept(offer, expected=403)["code"] == "not-allowed"
    assert bo.token("read", "trade").accept(offer)["stage"] == "agreed"


def test_a_contract_goes_out_as_an_odrl_agreement_between_the_two(alma, bo, offer):
    made = bo.accept(offer)

    policy = bo.get(f"/api/contracts/{made['id']}/odrl")

    permission = policy["permission"][0]
    assert policy["@type"] == "Agreement"
    assert permission["assigner"].endswith(f"/parties/{alma.slug}")
    assert permission["assignee"].endswith(f"/parties/{bo.slug}")
    assert permission["target"].endswith(f"/datasets/{offer['dataset']['slug']}")


def test_contracts_whose_validity_is_over_end_by_themselves(alma, bo, parts, clock, facts):
    end = NOON + timedelta(hours=3)
    agreed = bo.accept(alma.offer(_until(end)))
    asked = bo.accept(alma.offer(_until(end), approval="on-request"))
    lasting = bo.accept(alma.offer())

    clock.set(end - timedelta(seconds=1))
    expire(parts)
    assert bo.get(f"/api/contracts/{agreed['id']}")["stage"] == "agreed"
    clock.set(end)
    expire(parts)
    expire(parts)

    stages = [bo.get(f"/api/contracts/{c['id']}")["stage"] for c in (agreed, asked, lasting)]
    assert stages == ["ended", "refused", "agreed"]
    names = [fact["name"] for fact in facts(agreed["id"])]
    assert names == ["contract-agreed", "contract-ended"]
    assert facts(agreed["id"])[-1]["actor"] == "exchange"


def test_every_worker_looks_for_contracts_that_are_over():
    assert "contracts.expire" in known()


def test_a_request_cannot_be_approved_after_its_validity(alma, bo, clock):
    asked = bo.accept(alma.offer(_until(NOON + timedelta(days=1)), approval="on-request"))
    clock.advance(days=2)

    refused = alma.post(f"/api/contracts/{asked['id']}/approval", expected=403)

    assert refused["code"] == "terms-not-met"


def test_what_a_buyer_saw_is_what_they_get_whatever_comes_later(alma, bo):
    slug = alma.dataset()["slug"]
    seen = alma.offer({"clause": "rows-per-day", "rows": 10}, slug=slug)
    made = bo.accept(seen)
    alma.send("DELETE", f"/api/offers/{seen['id']}")
    alma.offer({"clause": "rows-per-day", "rows": 99}, slug=slug)

    assert bo.get(f"/api/contracts/{made['id']}")["terms"] == seen["terms"]


def test_texts_that_cannot_be_stored_are_refused_and_not_a_fault(bo, offer):
    for note in ("\0", "x" * 3000):
        bo.accept(offer, note=note, expected=422)
    answer = bo.client.post(
        f"/api/offers/{offer['id']}/contracts",
        content=b'{"purpose": "' + TRANSPORT.encode() + b'", "note": "\\ud800"}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422
