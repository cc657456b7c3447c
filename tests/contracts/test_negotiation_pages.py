"""Terms are negotiated on pages: all of them can be otherwise, and what is refused comes back."""

from html import unescape

import pytest

from torvet.contracts.fields.clauses import clause_fields
from torvet.contracts.fields.levels import level_fields
from torvet.contracts.fields.prices import price_fields
from torvet.contracts.levels.model import from_json as levels_from_json
from torvet.contracts.prices.terms import from_json as price_from_json
from torvet.contracts.terms import from_json

from .test_offer_pages import page, sent
from .test_service_levels import PROMISED
from .written import TRANSPORT

pytestmark = pytest.mark.slow

LIMITS = [
    {"clause": "purposes", "codes": [TRANSPORT]},
    {"clause": "rows-per-day", "rows": 1_000},
]


@pytest.fixture
def offer(alma):
    return alma.offer(*LIMITS, price="500 DKK per month", levels=PROMISED)


@pytest.fixture
def whole(offer):
    """What the form sends when nothing is changed in it."""
    clauses = tuple(from_json(each["clause"]) for each in offer["terms"])
    return {
        "whole": "yes",
        "purpose": TRANSPORT,
        **clause_fields(clauses),
        **price_fields(price_from_json(offer["price"]["price"])),
        **level_fields(levels_from_json(offer["levels"]["promised"])),
    }


def tables(person):
    return person.get("/api/negotiations")["items"]


def test_only_what_is_otherwise_is_proposed(bo, offer, whole):
    wish = {
        "terms_rows_per_day": "5000",
        "price_0_subscription": "400",
        "cap": "",
        "prepaid": "yes",
    }

    told = sent(bo, f"/offers/{offer['id']}/negotiation", {**whole, **wish}).text

    (table,) = tables(bo)
    changes = bo.get(f"/api/negotiations/{table['id']}")["changes"]
    assert [change["about"] for change in changes] == ["rows-per-day", "price"]
    assert table["order"]["prepaid"]
    assert "5,000 rows" in told
    assert "400,00\xa0kr. om måneden" in told
    assert "Data kan læses mindst 99,5" in told


def test_what_is_emptied_is_left_out(bo, offer, whole):
    kept = {name: said for name, said in whole.items() if not name.startswith("levels_")}
    kept |= {"terms_rows_per_day": "", "words": "Simpler."}

    sent(bo, f"/offers/{offer['id']}/negotiation", kept)

    (table,) = tables(bo)
    changes = bo.get(f"/api/negotiations/{table['id']}")["changes"]
    assert {change["about"]: change["after"] for change in changes} == {
        "rows-per-day": None, "service-levels": None,
    }  # fmt: skip


def test_a_form_begins_with_what_is_on_the_table(bo, offer):
    form = unescape(page(bo, f"/offers/{offer['id']}/negotiation"))

    for said in ('value="500.00"', 'value="1000"', 'value="99.5"', f'value="{TRANSPORT}" checked'):
        assert said in form


def test_what_cannot_be_proposed_comes_back_with_everything_that_is_wrong(bo, offer, whole):
    wish = {"terms_rows_per_day": "few", "price_0_subscription": "-1", "cap": "2.000"}

    told = unescape(
        sent(bo, f"/offers/{offer['id']}/negotiation", {**whole, **wish, "words": "Hm"}, 422).text
    )

    for part in ("'few' is no whole number", "below zero", "no spending cap", ">\nHm</textarea>"):
        assert part in told
    assert tables(bo) == []


def test_nothing_otherwise_is_no_proposal(bo, offer, whole):
    told = sent(bo, f"/offers/{offer['id']}/negotiation", whole, 422).text

    assert "These terms are the ones that are on the table already." in told


def test_a_side_answers_agrees_and_is_told_on_the_page_where_it_cannot(alma, bo, offer, whole):
    sent(bo, f"/offers/{offer['id']}/negotiation", {"purpose": TRANSPORT, "price": "9 DKK once",
                                                    "whole": ""}, 422)  # fmt: skip
    sent(bo, f"/offers/{offer['id']}/negotiation", {**whole, "price": "400 DKK per month"})
    (table,) = tables(bo)
    path, seen = f"/negotiations/{table['id']}", bo.get(f"/api/negotiations/{table['id']}")["seen"]

    moved = sent(alma, f"{path}/rounds", {"seen": "0" * 64, "price": "1 DKK per month"}, 409).text
    sent(alma, f"{path}/rounds", {"seen": seen, "price": "450 DKK per month"})
    own = sent(alma, f"{path}/agreement", {"seen": seen}, 409).text
    now = bo.get(f"/api/negotiations/{table['id']}")["seen"]
    agreed = sent(bo, f"{path}/agreement", {"seen": now}).text

    assert "Something else is on the table" in moved
    assert "on the table" in own
    assert "Contract, agreed" in agreed
    assert "450.00 a month" in agreed


def test_strangers_have_no_seat_at_the_table(bo, carla, offer, whole):
    sent(bo, f"/offers/{offer['id']}/negotiation", {**whole, "price": "400 DKK per month"})
    (table,) = tables(bo)
    path = f"/negotiations/{table['id']}"

    page(carla, path, 404)
    for deed in ("rounds", "agreement", "ending"):
        form = {"seen": "0" * 64, "reason": "Mine", "price": "1 DKK once"}
        sent(carla, f"{path}/{deed}", form, 404)
