"""Prices on offers and contracts, over HTTP: what was seen is what is paid."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from torvet import parties

from .written import TRANSPORT

MONTHLY = "500 DKK per month + 12.50 DKK per 1000 rows, first 10000 free + 30 days free"
EAN = "5798009811578"


def test_an_offer_shows_its_price_and_the_contract_keeps_it(alma, bo, facts):
    offer = alma.offer(price=MONTHLY)

    contract = bo.accept(offer, seen=offer["digest"], purchase_order="PO-7", cap="2000 DKK")

    assert offer["price"]["words"]["en"][0] == "DKK\u00a0500.00 a month, paid in advance."
    assert offer["price"]["words"]["da"][0] == "500,00\u00a0kr. om måneden, betalt forud."
    assert contract["price"]["words"] == offer["price"]["words"]
    assert contract["order"] == {
        "purchase_order": "PO-7",
        "ean": "",
        "cap": {"minor": 200000, "currency": "DKK"},
        "prepaid": False,
    }
    assert bo.get(f"/api/contracts/{contract['id']}") == contract
    (fact,) = facts(contract["id"])
    assert fact["body"]["tariff"] == contract["price"]["price"]
    assert fact["body"]["terms"] == offer["digest"]


def test_an_offer_without_a_price_is_free_and_needs_no_more_than_before(alma, bo):
    offer = alma.offer()

    assert bo.accept(offer)["price"]["free"] is True
    assert offer["price"]["words"]["da"] == ["Gratis."]


def test_whoever_pays_names_the_terms_that_were_seen(alma, bo):
    offer = alma.offer(price="500 DKK once")

    refused = bo.accept(offer, expected=409)

    assert refused["code"] == "terms-not-named"
    assert "500.00 once" in refused["title"]
    assert refused["digest"] == offer["digest"]


def test_a_buyer_whose_offer_was_replaced_is_told_what_differs(alma, bo):
    slug = alma.dataset()["slug"]
    seen = alma.offer({"clause": "rows-per-day", "rows": 50}, slug=slug, price="500 DKK once")
    alma.send("DELETE", f"/api/offers/{seen['id']}", expected=200)
    now = alma.offer({"clause": "rows-per-day", "rows": 50}, slug=slug, price="700 DKK once")

    refused = bo.accept(now, seen=seen["digest"], expected=409)

    assert refused["code"] == "offer-moved"
    assert refused["gone"] == ["DKK\u00a0500.00 once."]
    assert refused["new"] == ["DKK\u00a0700.00 once."]
    assert bo.accept(now, seen=now["digest"])["price"]["words"]["en"][0] == refused["new"][0]


def test_a_price_depends_on_purpose_and_kind(alma, bo, person):
    offer = alma.offer(
        price={
            "cases": [
                {"kinds": ["research"], "rates": [{"rate": "free"}]},
                {"purposes": [TRANSPORT], "rates": [{"rate": "one-off", "amount": "10 EUR"}]},
            ]
        }
    )
    lab = person("lab", kind="research", cvr="10150817")

    assert lab.accept(offer, "Marketing")["price"]["free"] is True
    refused = bo.accept(offer, "Marketing", seen=offer["digest"], expected=403)
    assert (refused["code"], "no price for marketing" in refused["title"]) == (
        "terms-not-met",
        True,
    )
    assert bo.accept(offer, seen=offer["digest"])["price"]["free"] is False


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({}, "names its EAN"),
        ({"ean": "5798009811579"}, "check digit"),
        ({"ean": EAN, "cap": "10 EUR"}, "in EUR, and the price in DKK"),
        ({"ean": EAN, "cap": "-10 DKK"}, "would allow nothing"),
        ({"ean": EAN, "cap": "much"}, "no spending cap"),
    ],
)
def test_an_order_that_cannot_be_invoiced_is_refused(alma, person, more, says):
    city = person("city", kind="public", cvr="10150817")
    offer = alma.offer(price="1 DKK per row")

    refused = city.accept(offer, seen=offer["digest"], expected=422, **more)

    assert (refused["code"], says in refused["title"]) == ("order-invalid", True), refused


def test_a_public_body_with_its_ean_may_buy_and_needs_none_for_what_is_free(alma, person):
    city = person("city", kind="public", cvr="10150817")
    paid, free = alma.offer(price="1 DKK per row"), alma.offer()

    made = city.accept(paid, seen=paid["digest"], ean="5798 0098 11578", purchase_order="4500-1")

    assert made["order"]["ean"] == EAN
    city.accept(free)


def test_a_price_that_is_over_cannot_be_accepted(alma, bo, clock):
    until = clock.now() + timedelta(days=1)
    price = {"rates": [{"rate": "one-off", "amount": "5 DKK"}], "valid_until": until.isoformat()}
    offer = alma.offer(price=price)
    clock.advance(timedelta(days=1))

    refused = bo.accept(offer, seen=offer["digest"], expected=403)

    assert "could be accepted until" in refused["title"]


@pytest.mark.parametrize("price", ["-5 DKK once", {"rates": "free"}, "1 DKK per row + 1 EUR once"])
def test_a_price_that_makes_no_sense_is_no_offer(alma, price):
    refused = alma.offer(price=price, expected=422)

    assert refused["code"] == "price-invalid"
    assert refused["faults"]


def test_a_price_goes_out_and_in_as_odrl(alma):
    slug = alma.dataset()["slug"]
    for price in (MONTHLY, "500 DKK once"):
        offer = alma.offer(slug=slug, price=price)
        policy = alma.get(f"/api/offers/{offer['id']}/odrl")

        again = alma.post(f"/api/datasets/{slug}/offers", policy)

        assert again["price"] == offer["price"]
    (duty,) = policy["permission"][0]["duty"]
    assert duty["action"][0]["refinement"][0]["leftOperand"] == "payAmount"
    assert duty["action"][0]["refinement"][0]["unit"]["@id"].endswith("/DKK")


def test_the_pages_show_prices(alma, bo):
    offer = alma.offer(slug=alma.dataset(release=False)["slug"], price=MONTHLY)
    path = f"/offers/{offer['id']}/acceptance"

    page = bo.client.get(f"/datasets/{offer['dataset']['slug']}").text
    form = {"purpose": TRANSPORT, "seen": offer["digest"], "purchase_order": "PO-1"}
    contract = bo.client.post(path, data=form, headers={"Origin": "http://testserver"})

    assert "first 10,000 a month are free" in page
    assert 'name="ean"' in page
    assert contract.status_code == 200, contract.text
    assert "PO-1" in contract.text
    assert "500.00 a month" in contract.text


def test_the_calculator_tells_what_last_months_use_would_have_cost(alma, bo, carla, used, clock):
    slug = alma.dataset()["slug"]
    contract = bo.accept(alma.offer(slug=slug))
    used(contract, clock.now(), 12_000)
    used(contract, clock.now() + timedelta(hours=2), 3_001)
    offer = alma.offer(
        slug=slug, price="100 DKK per month + 12.50 DKK per 1000 rows, first 10000 free"
    )
    span = {
        "from": (clock.now() - timedelta(days=1)).isoformat(),
        "to": (clock.now() + timedelta(days=1)).isoformat(),
    }

    path = f"/api/offers/{offer['id']}/quote"
    alma, bo, carla = (one.token("read") for one in (alma, bo, carla))

    found = bo.get(path, params=span)
    clock.advance(timedelta(days=31))
    last = bo.get(path)

    amounts = {line["meter"]: (line["counted"], line["amount"]["minor"]) for line in found["lines"]}
    assert amounts == {"month": (0, 10_000), "row": (15_001, 6_251)}
    assert found["total"] == {"minor": 16_251, "currency": "DKK"}
    assert last["total"] == found["total"]
    assert alma.get(path)["total"] == found["total"]
    assert carla.get(path)["total"]["minor"] == 10_000


def test_the_calculator_takes_quantities(bo, alma):
    offer = alma.offer(price="0.0125 EUR per request + 2 EUR per GB")

    found = bo.post(
        f"/api/offers/{offer['id']}/quote", {"requests": 3, "bytes": 1_500_000_000}, expected=200
    )

    assert found["total"] == {"minor": 304, "currency": "EUR"}


def test_a_period_is_looked_at_within_limits(alma, bo):
    offer = alma.offer(price="1 DKK per row")
    path = f"/api/offers/{offer['id']}/quote"

    long = {"from": "2026-01-01T00:00:00Z", "to": "2026-06-01T00:00:00Z"}
    turned = {"from": "2026-06-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}

    ancient = {"from": "0001-01-01T00:00:00+14:00", "to": "1960-01-01T00:00:00Z"}

    assert bo.get(path, 422, params=long)["code"] == "quote-period-unfit"
    assert bo.get(path, 422, params=ancient)["code"] == "quote-period-unfit"
    assert bo.get(path, 422, params=turned)["code"] == "period-turned"


def test_prices_are_kept_as_sql_null_where_there_are_none(alma, bo, parts):
    contract = bo.accept(alma.offer())

    with parts.db.begin() as tx:
        row = tx.execute(
            text("select tariff is null, cap is null, ean is null from contracts where id = :id"),
            {"id": contract["id"]},
        ).one()
    assert tuple(row) == (True, True, True)


@pytest.mark.parametrize(
    "price", ["500 DKK per month + 30 days free", "2 DKK per row, first 500 free"]
)
def test_what_is_free_once_is_had_again_by_asking_the_provider(alma, bo, carla, price):
    offer = alma.offer(price=price)
    first = bo.accept(offer, seen=offer["digest"])
    bo.post(f"/api/contracts/{first['id']}/ending", {"reason": "The trial is over."}, 200)

    again = bo.accept(offer, seen=offer["digest"])

    assert (first["stage"], again["stage"]) == ("agreed", "requested")
    assert carla.accept(offer, seen=offer["digest"])["stage"] == "agreed"
    assert alma.post(f"/api/contracts/{again['id']}/approval", {}, 200)["stage"] == "agreed"


def test_what_is_paid_from_the_first_day_is_bought_again_at_once(alma, bo):
    offer = alma.offer(price="500 DKK per month")
    first = bo.accept(offer, seen=offer["digest"])
    bo.post(f"/api/contracts/{first['id']}/ending", {"reason": "Enough."}, 200)

    assert bo.accept(offer, seen=offer["digest"])["stage"] == "agreed"


@pytest.mark.parametrize("ended", [True, False], ids=["ended", "standing"])
def test_what_is_free_once_is_not_had_again_through_another_organisation_of_the_owner(
    alma, bo, ended
):
    offer = alma.offer(price="500 DKK per month + 30 days free")
    first = bo.accept(offer, seen=offer["digest"])
    if ended:
        bo.post(f"/api/contracts/{first['id']}/ending", {"reason": "The trial is over."}, 200)
    another = {"name": "Bo Again", "kind": "private", "cvr": "25313763"}
    other = bo.post("/api/organisations", another)["slug"]

    again = bo.acting_for(other).accept(offer, seen=offer["digest"])

    assert (first["stage"], again["stage"]) == ("agreed", "requested")


def test_who_is_named_an_owner_by_somebody_else_loses_no_trial_by_it(alma, bo, carla, parts):
    offer = alma.offer(price="500 DKK per month + 30 days free")
    bo.accept(offer, seen=offer["digest"])
    parts.clock.advance(timedelta(minutes=1))
    email = carla.caller.email
    parties.add_member(parts, bo.caller, bo.slug, email=email, role=parties.Role.OWNER)

    assert carla.accept(offer, seen=offer["digest"])["stage"] == "agreed"


def test_who_only_works_for_an_organisation_shares_no_trial_with_it(alma, bo, carla, parts):
    offer = alma.offer(price="500 DKK per month + 30 days free")
    bo.accept(offer, seen=offer["digest"])
    email = carla.caller.email
    parties.add_member(parts, bo.caller, bo.slug, email=email, role=parties.Role.STEWARD)

    assert carla.accept(offer, seen=offer["digest"])["stage"] == "agreed"
