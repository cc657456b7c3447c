"""What a provider promises of its service: read, said, frozen, and judged by whole numbers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet import contracts
from torvet.contracts import Deal
from torvet.contracts.levels import words as level_words
from torvet.contracts.levels.model import (
    HOURS_MAX,
    NO_LEVELS,
    WHOLE,
    Level,
    LevelsInvalid,
    Maintenance,
    Measure,
    ServiceLevels,
    Step,
    from_json,
    to_json,
)
from torvet.contracts.model import Approval
from torvet.contracts.odrl import reader as odrl_reader
from torvet.contracts.odrl import writer as odrl
from torvet.contracts.orders import NO_ORDER
from torvet.contracts.prices.model import FREE, Every, OneOff, Subscription, Tariff
from torvet.contracts.terms import digest_of
from torvet.kit.money import Currency, Money

from .written import TRANSPORT

MONTHLY = "500 DKK per month"
PROMISED = {
    "levels": [
        {
            "level": "availability",
            "promised": "99.5",
            "back": [{"past": "99.5", "percent": 10}, {"past": "95", "percent": 50}],
            "maintenance": {"notice_hours": 48, "hours_a_month": 8},
        },
        {"level": "freshness", "promised": 24, "back": [{"percent": 10}]},
        {"level": "quality", "promised": 90, "back": [{"past": 80, "percent": 5}]},
        {"level": "support", "promised": 8, "back": [{"percent": 5}]},
    ],
    "most_percent": 60,
}

_MOST = {
    Measure.AVAILABILITY: WHOLE,
    Measure.FRESHNESS: HOURS_MAX,
    Measure.QUALITY: 100,
    Measure.SUPPORT: HOURS_MAX,
}


@st.composite
def levels(draw, measure=None):
    measure = measure or draw(st.sampled_from(Measure))
    bounds = draw(st.lists(st.integers(1, _MOST[measure]), min_size=1, max_size=5, unique=True))
    bounds.sort(reverse=measure.is_least)
    percents = draw(
        st.lists(
            st.integers(1, 100), min_size=len(bounds) - 1, max_size=len(bounds) - 1, unique=True
        )
    )
    steps = tuple(Step(p, q) for p, q in zip(bounds[1:], sorted(percents), strict=True))
    planned = None
    if measure is Measure.AVAILABILITY and draw(st.booleans()):
        planned = Maintenance(notice_hours=draw(st.integers(1, 100)), hours_a_month=8)
    return Level(measure=measure, promised=bounds[0], steps=steps, maintenance=planned)


@st.composite
def promises(draw):
    chosen = draw(st.lists(st.sampled_from(Measure), min_size=1, unique=True))
    return ServiceLevels(
        levels=tuple(draw(levels(measure)) for measure in Measure if measure in chosen),
        most_percent=draw(st.integers(1, 100)),
    )


@given(promises())
def test_promises_that_are_written_are_read_again(promised):
    assert from_json(to_json(promised)) == promised


@given(promises())
def test_promises_leave_as_odrl_and_come_back(promised):
    written = odrl._policy({"@type": "Offer"}, (), {"assigner": "a", "target": "t"}, FREE)
    policy = odrl_reader.read(written | odrl._obligations(promised, "a"))

    assert policy.levels == promised


@given(levels(), st.integers(0, WHOLE), st.integers(0, WHOLE))
def test_a_worse_measurement_never_gives_less_back(level, one, other):
    better, worse = sorted([one, other], reverse=level.measure.is_least)

    assert level.gives_back(worse) >= level.gives_back(better)
    assert level.is_kept(better) or not level.is_kept(worse)


@given(promises(), st.dictionaries(st.sampled_from(Measure), st.integers(0, WHOLE)))
def test_breaches_together_give_back_no_more_than_the_most(promised, measured):
    assert 0 <= promised.gives_back(measured) <= promised.most_percent


@given(levels())
def test_what_is_promised_is_kept_and_gives_nothing_back(level):
    assert level.is_kept(level.promised)
    assert level.gives_back(level.promised) == 0


@given(promises())
def test_promises_are_said_in_both_languages(promised):
    said = level_words.of_levels(promised, FREE)

    assert len(said) >= len(promised.levels)
    assert all(line.da.endswith(".") and line.en.endswith(".") for line in said)


def test_an_offer_without_promises_keeps_its_digest():
    before = digest_of("ds_parking", "Parking", Approval.AT_ONCE, ())

    assert digest_of("ds_parking", "Parking", Approval.AT_ONCE, (), levels=NO_LEVELS) == before
    assert (
        before
        == digest_of("ds_parking", "Parking", Approval.AT_ONCE, (), FREE)
        != digest_of("ds_parking", "Parking", Approval.AT_ONCE, (), levels=from_json(PROMISED))
    )


@pytest.mark.parametrize(
    ("hours", "said"),
    [(30, "30 hours"), (48, "2 days"), (841, "35 days and 1 hour"), (323, "13 days and 11 hours")],
)
def test_how_old_a_release_is_reads_in_the_unit_of_its_promise(hours, said):
    assert level_words.measured(Measure.FRESHNESS, hours).en == said


def test_a_contract_keeps_what_was_promised(alma, bo, facts):
    offer = alma.offer(price=MONTHLY, levels=PROMISED)

    contract = bo.accept(offer, seen=offer["digest"])

    assert offer["levels"]["promised"] == contract["levels"]["promised"]
    assert offer["levels"]["words"]["en"][:2] == [
        "The data can be read at least 99.5 % of every month.",
        "Planned work that is announced 2 days before is not counted, 8 hours a month at most.",
    ]
    assert "Data kan læses mindst 99,5 % af hver måned." in contract["levels"]["words"]["da"]
    assert facts(contract["id"])[0]["body"]["levels"] == contract["levels"]["promised"]
    assert bo.get(f"/api/contracts/{contract['id']}")["levels"] == contract["levels"]
    assert bo.get(f"/api/contracts/{contract['id']}/odrl")["obligation"]


def test_as_stated_is_what_the_dataset_says_of_itself(alma):
    dataset = alma.dataset(frequency="DAILY")
    wish = {"levels": [{"level": "freshness", "promised": "as-stated"}]}

    offer = alma.offer(slug=dataset["slug"], levels=wish)

    assert offer["levels"]["promised"]["levels"][0]["promised"] == 24


def test_as_stated_needs_a_statement(alma):
    wish = {"levels": [{"level": "freshness", "promised": "as-stated"}]}

    problem = alma.offer(levels=wish, expected=422)

    assert problem["code"] == "service-levels-invalid"


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ({"level": "kindness", "promised": 1}, "none of availability"),
        ({"level": "availability", "promised": "100.1"}, "percentage"),
        ({"level": "availability", "promised": "99.999"}, "percentage"),
        ({"level": "availability", "promised": "NaN"}, "percentage"),
        ({"level": "quality", "promised": 101}, "whole number"),
        ({"level": "quality", "promised": True}, "whole number"),
        ({"level": "quality", "promised": 90, "bacon": []}, "means nothing"),
        ({"level": "support", "promised": 8, "back": [{"past": 4, "percent": 5}]}, "worse"),
        (
            {
                "level": "support",
                "promised": 8,
                "back": [{"past": 9, "percent": 5}, {"past": 10, "percent": 5}],
            },
            "giving back more",
        ),
        ({"level": "support", "promised": 8, "back": [{"percent": 101}]}, "whole number"),
        (
            {
                "level": "support",
                "promised": 8,
                "maintenance": {"notice_hours": 1, "hours_a_month": 1},
            },
            "availability alone",
        ),
    ],
)
def test_what_cannot_be_promised_is_named(level, said):
    with pytest.raises(LevelsInvalid) as refused:
        from_json({"levels": [level]})

    assert said in str(refused.value)


def test_a_promise_stands_there_once():
    with pytest.raises(LevelsInvalid, match="twice"):
        from_json({"levels": [{"level": "quality", "promised": 90}] * 2})


def test_prepaid_is_for_what_costs_something(alma, bo):
    offer = alma.offer()

    problem = bo.accept(offer, prepaid=True, expected=422)

    assert "nothing can be paid before" in problem["title"]
    priced = alma.offer(price=MONTHLY)
    assert bo.accept(priced, seen=priced["digest"], prepaid=True)["order"]["prepaid"]


PROMISED_ALONE = {"levels": [{"level": "quality", "promised": 90}]}


def test_nothing_is_promised_back_of_what_is_paid_once(alma):
    """What is paid once belongs to no month, so a tenth of the month's charges would be nothing."""
    refused = alma.offer(price="500 DKK once", levels=PROMISED, expected=422)

    assert refused["code"] == "service-levels-invalid"
    assert "belongs to no month" in refused["title"]
    assert alma.offer(price="500 DKK once", levels=PROMISED_ALONE)["levels"]


def test_a_round_of_a_negotiation_promises_nothing_of_the_kind_either(alma, bo):
    offer = alma.offer(price=MONTHLY, levels=PROMISED)
    wish = {"purpose": TRANSPORT, "price": "100 DKK once"}

    refused = bo.post(f"/api/offers/{offer['id']}/negotiations", wish, 422)

    assert refused["code"] == "service-levels-invalid"
    assert bo.post(f"/api/offers/{offer['id']}/negotiations", {**wish, "levels": PROMISED_ALONE})


def test_what_is_paid_once_beside_a_month_is_said_not_to_come_back(alma, bo):
    offer = alma.offer(price="500 DKK once + 100 DKK per month", levels=PROMISED)
    contract = bo.accept(offer, seen=offer["digest"])

    for agreed in (offer, contract):
        assert (
            "What is paid once belongs to no month: nothing of it is given back."
            in agreed["levels"]["words"]["en"]
        )


MONTH = Subscription(Money(50_000, Currency.DKK), Every.MONTH)


def _deal(alma, bo):
    return Deal(
        dataset=alma.dataset()["id"],
        title="As agreed",
        clauses=(),
        tariff=Tariff(rates=(MONTH,)),
        consumer=bo.caller.party,
        purpose=TRANSPORT,
        note="",
        order=NO_ORDER,
        account=bo.caller.account,
        levels=from_json(PROMISED),
    )


def test_a_deal_promises_what_an_ordinary_offer_does(alma, bo, parts):
    deal = _deal(alma, bo)

    with parts.db.begin() as tx:
        made = contracts.conclude(parts, tx, deal, actor="exchange")

    contract, offer = bo.get(f"/api/contracts/{made.id}"), bo.get(f"/api/offers/{made.offer}")
    assert made.levels == deal.levels
    assert contract["levels"] == offer["levels"]
    assert offer["digest"] == digest_of(
        deal.dataset, deal.title, Approval.AT_ONCE, (),
        contracts.Price(cases=(contracts.Case(tariff=deal.tariff),)), levels=deal.levels,
    )  # fmt: skip


def test_a_deal_that_is_paid_once_gives_nothing_back(alma, bo, parts):
    once = replace(_deal(alma, bo), tariff=Tariff(rates=(OneOff(Money(100, Currency.DKK)),)))

    with pytest.raises(LevelsInvalid), parts.db.begin() as tx:
        contracts.conclude(parts, tx, once, actor="exchange")
