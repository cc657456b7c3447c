"""Two parties come to terms: round by round, nobody binds anybody but by agreeing."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from torvet.contracts import service

from .written import TRANSPORT

LIMITS = [
    {"clause": "purposes", "codes": [TRANSPORT]},
    {"clause": "rows-per-day", "rows": 1_000},
]


@pytest.fixture
def offer(alma):
    dataset = alma.dataset()
    wish = {"title": "Parking, by the month", "clauses": LIMITS, "price": "500 DKK per month"}
    return alma.post(f"/api/datasets/{dataset['slug']}/offers", wish)


def opened(person, offer, **more):
    wish = {"purpose": TRANSPORT, "price": "400 DKK per month", "words": "We are small.", **more}
    return person.post(f"/api/offers/{offer['id']}/negotiations", wish)


def test_a_counter_offer_says_what_is_otherwise_in_it(bo, offer):
    table = opened(bo, offer)

    assert table["stage"] == "open"
    assert table["turn"] == "provider"
    (change,) = table["changes"]
    assert change["about"] == "price"
    assert "500" in change["before"]["en"]
    assert "400" in change["after"]["en"]
    assert "400" in change["after"]["da"]
    assert table["said"][0]["terms"]["words"] == offer["words"]


def test_the_provider_agrees_and_it_is_a_contract_under_those_terms(alma, bo, offer):
    table = opened(bo, offer, purchase_order="PO-7", prepaid=True)

    made = alma.post(f"/api/negotiations/{table['id']}/agreement", {"seen": table["seen"]})

    assert made["stage"] == "agreed"
    assert made["consumer"]["slug"] == bo.slug
    assert "400" in made["price"]["words"]["en"][0]
    assert made["order"]["purchase_order"] == "PO-7"
    assert made["order"]["prepaid"]
    ended = bo.get(f"/api/negotiations/{table['id']}")
    assert (ended["stage"], ended["contract"]) == ("agreed", made["id"])


def test_terms_go_to_and_fro_until_the_consumer_agrees(alma, bo, offer):
    table = opened(bo, offer)
    address = f"/api/negotiations/{table['id']}"
    more = [LIMITS[0], {"clause": "rows-per-day", "rows": 5_000}]
    back = alma.post(
        f"{address}/rounds",
        {"seen": table["seen"], "price": "450 DKK per month", "clauses": more},
    )

    assert back["turn"] == "consumer"
    assert {it["about"] for it in back["said"][1]["changes"]} == {"price", "rows-per-day"}
    made = bo.post(f"{address}/agreement", {"seen": back["seen"]})
    assert "450" in made["price"]["words"]["en"][0]
    assert any("5,000" in line for line in made["words"]["en"])


def test_nobody_agrees_to_its_own_terms(bo, offer):
    table = opened(bo, offer)

    refused = bo.post(
        f"/api/negotiations/{table['id']}/agreement", {"seen": table["seen"]}, expected=409
    )

    assert refused["code"] == "not-your-turn"


def test_what_was_read_is_what_is_agreed_to(alma, bo, offer):
    table = opened(bo, offer)
    address = f"/api/negotiations/{table['id']}"
    bo.post(f"{address}/rounds", {"seen": table["seen"], "price": "300 DKK per month"})

    moved = alma.post(f"{address}/agreement", {"seen": table["seen"]}, expected=409)

    assert moved["code"] == "negotiation-moved"
    assert "300" in moved["title"]


def test_a_round_that_says_nothing_new_is_no_round(bo, offer):
    wish = {"purpose": TRANSPORT, "price": "500 DKK per month"}

    refused = bo.post(f"/api/offers/{offer['id']}/negotiations", wish, expected=422)

    assert refused["code"] == "nothing-proposed"


def test_one_negotiation_of_an_offer_at_a_time(bo, offer):
    table = opened(bo, offer)
    wish = {"purpose": TRANSPORT, "price": "1 DKK per month"}

    refused = bo.post(f"/api/offers/{offer['id']}/negotiations", wish, expected=409)
    bo.post(f"/api/negotiations/{table['id']}/ending", {"reason": "Too dear."}, expected=200)

    assert refused["negotiation"] == table["id"]
    assert opened(bo, offer)["id"] != table["id"]


def test_strangers_see_neither_table_nor_terms(bo, carla, offer):
    table = opened(bo, offer)
    proposed = table["said"][0]["terms"]["id"]

    carla.get(f"/api/negotiations/{table['id']}", expected=404)
    carla.get(f"/api/offers/{proposed}", expected=404)
    carla.post(f"/api/negotiations/{table['id']}/agreement", {"seen": table["seen"]}, expected=404)
    assert carla.get("/api/negotiations")["items"] == []
    listed = carla.get(f"/api/datasets/{offer['dataset']['slug']}/offers")["items"]
    assert [it["id"] for it in listed] == [offer["id"]]


def test_proposed_terms_are_no_offer_to_accept(bo, offer):
    terms = opened(bo, offer)["said"][0]["terms"]

    refused = bo.post(
        f"/api/offers/{terms['id']}/contracts",
        {"purpose": TRANSPORT, "seen": terms["digest"]},
        expected=409,
    )

    assert refused["code"] == "offer-proposed"


def test_after_the_end_nothing_is_said(alma, bo, offer):
    table = opened(bo, offer)
    address = f"/api/negotiations/{table['id']}"
    alma.post(f"{address}/ending", {"reason": "We do not go below 500."}, expected=200)

    for side in (alma, bo):
        over = side.post(f"{address}/agreement", {"seen": table["seen"]}, expected=409)
        assert over["code"] == "negotiation-over"
    assert bo.get(address)["reason"] == "We do not go below 500."


def test_of_two_who_agree_at_once_one_makes_the_contract(alma, bo, offer):
    table = opened(bo, offer)
    address = f"/api/negotiations/{table['id']}/agreement"

    def agreed(_):
        answer = alma.client.post(address, json={"seen": table["seen"]}, headers=alma.more)
        return answer.status_code

    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(agreed, range(4)))

    assert codes == [201, 409, 409, 409]
    assert len(bo.get("/api/contracts")["items"]) == 1


def test_every_step_stands_in_the_log(alma, bo, offer, facts):
    table = opened(bo, offer)
    alma.post(f"/api/negotiations/{table['id']}/agreement", {"seen": table["seen"]})

    names = [fact["name"] for fact in facts(table["id"])]

    assert names == ["terms-proposed", "negotiation-agreed"]


def test_service_levels_are_negotiated_too(bo, offer):
    back = [{"past": "99", "percent": 10}]
    levels = {"levels": [{"level": "availability", "promised": "99", "back": back}]}

    table = opened(bo, offer, price=None, levels=levels)

    (change,) = table["changes"]
    assert (change["about"], change["before"]) == ("service-levels", None)
    assert "99" in change["after"]["en"]


def test_however_much_is_proposed_no_offer_is_hidden_by_it(bo, carla, offer, monkeypatch):
    monkeypatch.setattr(service, "OFFERS_MAX", 2)
    for price in ("400 DKK per month", "300 DKK per month", "200 DKK per month"):
        table = opened(bo, offer, price=price)
        bo.post(f"/api/negotiations/{table['id']}/ending", {"reason": "Another way."}, 200)

    slug = offer["dataset"]["slug"]
    assert [one["id"] for one in carla.get(f"/api/datasets/{slug}/offers")["items"]] == [
        offer["id"]
    ]
