"""Money of pledges: held, released by an invoice on delivery, given back; none made and none lost."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from billing.invoices.conftest import BUYER, OPERATOR, SELLER
from torvet.billing import AccountKind, accounts_of, check_books, escrow
from torvet.billing.escrow.releasing import release_due
from torvet.billing.profiles import store as profile_store
from torvet.demand import answering, paying, pledging, service
from torvet.demand import store as demand_store
from torvet.demand.answering import AnswerWish
from torvet.demand.model import LIVE, PledgeKind, PledgeStage, Stage, Vote, Wanted
from torvet.demand.pledging import PledgeWish
from torvet.demand.service import Wish
from torvet.kit.errors import ExchangeError
from torvet.kit.money import Currency, Money

from .conftest import DAYS_LEFT, DAYS_OPEN, DAYS_PROMISED, kr

_numbers = count(1)


def dkk(minor):
    return Money(minor, Currency.DKK)


@pytest.fixture
def billed(market):
    """Everybody's billing details, as invoices need them."""
    sides = [(market.alma, SELLER), (market.bo, BUYER), (market.carla, BUYER)]
    with market.parts.db.begin() as tx:
        profile_store.put(tx, OPERATOR, at=market.clock.now(), by="exchange")
        for who, profile in sides:
            own = replace(profile, party=who.caller.party)
            profile_store.put(tx, own, at=market.clock.now(), by="exchange")


def paid_in(market, hold, minor):
    """The bank says that the money is there."""
    with market.parts.db.begin() as tx:
        key = f"bank:{next(_numbers)}"
        escrow.hold(
            tx, hold, dkk(minor), key=key, words="Paid in", at=market.clock.now(), by="exchange"
        )


def hold_of(market, pledge):
    with market.parts.db.begin() as tx:
        return escrow.held(tx, escrow.Purpose.PLEDGE, pledge["id"])


def balance(market, kind, party):
    with market.parts.db.begin() as tx:
        found = [one for one in accounts_of(tx, party) if one.account.kind is kind]
    return sum(one.balance.minor for one in found if one.account.currency is Currency.DKK)


def test_a_prepaid_pledge_counts_when_its_money_is_there(market):
    made = market.wanted()
    pledge = market.pledge(market.bo, made, 100_000, kind="prepaid")
    market.settle()
    before = market.shown(market.bo, made)

    paid_in(market, hold_of(market, pledge).id, 100_000)
    market.settle()
    after = market.shown(market.bo, made)

    assert pledge["reference"].startswith("H")
    assert (before["stage"], before["pledge"]["stage"]) == ("open", "waiting")
    assert (after["stage"], after["pledge"]["stage"]) == ("bound", "bound")


def test_money_that_comes_after_the_deadline_goes_back(market):
    party = market.bo.caller.party
    held = balance(market, AccountKind.ESCROW, party)
    made = market.wanted()
    pledge = market.pledge(market.bo, made, 100_000, kind="prepaid")
    paid_in(market, hold_of(market, pledge).id, 60_000)
    market.settle()

    market.clock.advance(days=DAYS_OPEN)
    market.settle()

    assert market.shown(market.bo, made)["pledge"]["stage"] == "freed"
    assert balance(market, AccountKind.ESCROW, party) == held


@pytest.mark.usefixtures("billed")
def test_what_is_held_pays_the_invoice_of_the_delivery_and_the_rest_goes_back(market):
    party = market.bo.caller.party
    held = balance(market, AccountKind.ESCROW, party)
    made = market.wanted()
    pledge = market.pledge(market.bo, made, 100_000, kind="prepaid")
    paid_in(market, hold_of(market, pledge).id, 125_000)
    market.settle()
    market.vote(market.bo, made, market.answered(made, 80_000))
    market.deliver(made, market.alma.dataset())
    contract = market.shown(market.bo, made)["pledge"]["contract"]

    market.clock.advance(seconds=1)
    paying.invoice_delivery(market.parts, contract)
    paying.invoice_delivery(market.parts, contract)
    release_due(market.parts)
    market.settle()
    market.settle()

    assert balance(market, AccountKind.RECEIVABLE, party) == 0
    assert balance(market, AccountKind.ESCROW, party) == held
    with market.parts.db.begin() as tx:
        moves = tx.execute(
            text("select move, abs(amount) from escrow_moves where hold = :hold order by at, key"),
            {"hold": hold_id(market, contract)},
        ).all()
    assert sorted(tuple(one) for one in moves) == [
        ("given-back", 25_000),
        ("held", 125_000),
        ("released", 100_000),
    ]
    assert check_books(market.parts).ok


def hold_id(market, contract):
    with market.parts.db.begin() as tx:
        return escrow.held(tx, escrow.Purpose.PREPAID, contract).id


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(
            ["promise", "prepay", "pay in", "take back", "accept", "deliver", "give up", "pass"]
        ),
        st.sampled_from(["bo", "carla"]),
        st.integers(1, 120),
    ),
    min_size=3,
    max_size=14,
)


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=DEEDS)
def test_whatever_happens_all_pledges_bind_or_none_and_no_money_is_made_or_lost(market, deeds):
    story = _Story(market)
    for deed, who, number in deeds:
        story.do(deed, who, number)
        story.check()
    story.end()


class _Story:
    """One request, and whatever is done to it; what came in is counted beside the books."""

    def __init__(self, market):
        self.market, self.parts, self.clock = market, market.parts, market.clock
        self.start = self.clock.now()
        self.callers = {name: getattr(market, name).caller for name in ("alma", "bo", "carla")}
        self.came_in = 0
        now = self.clock.now()
        self.request = service.ask(
            self.parts,
            self.callers["bo"],
            Wish(
                wanted=Wanted(
                    title={"en": "Bikes"},
                    description={},
                    purpose="PublicBenefit",
                    theme="TRAN",
                    goal=dkk(10_000),
                    deadline=now + timedelta(days=DAYS_OPEN),
                    deliver_by=now + timedelta(days=DAYS_LEFT),
                )
            ),
        ).id
        self.answer = answering.answer(
            self.parts,
            self.callers["alma"],
            self.request,
            AnswerWish(
                words="We have it.",
                price=dkk(9_999),
                clauses=(),
                deliver_by=now + timedelta(days=DAYS_PROMISED),
            ),
        ).id

    def booked(self, holds):
        """What the books hold in escrow for these pledges."""
        with self.parts.db.begin() as tx:
            return -tx.execute(
                text(
                    "select coalesce(sum(e.amount), 0) from books_entries e "
                    "join books_accounts a on a.id = e.account "
                    "join escrow_moves m on m.transaction = e.transaction "
                    "where a.kind = 'escrow' and m.hold = any(:holds)"
                ),
                {"holds": holds},
            ).scalar_one()

    def do(self, deed, who, number):
        caller, parts, request = self.callers[who], self.parts, self.request
        try:
            match deed:
                case "promise" | "prepay":
                    kind = PledgeKind.PROMISE if deed == "promise" else PledgeKind.PREPAID
                    wish = PledgeWish(amount=dkk(number * 100), kind=kind)
                    pledging.pledge(parts, caller, request, wish)
                case "pay in":
                    self.pay_in(caller, number * 100)
                case "take back":
                    pledging.take_back(parts, caller, request)
                case "accept":
                    answering.vote(parts, caller, request, self.answer, vote=Vote.YES)
                case "deliver":
                    slug = self.market.alma.dataset()["slug"]
                    answering.deliver(parts, self.callers["alma"], request, slug)
                case "give up":
                    answering.withdraw_answer(parts, self.callers["alma"], request, self.answer)
                case "pass":
                    self.clock.advance(hours=number)
                    self.market.settle()
        except ExchangeError:
            return  # refused: that nothing moved is checked like everything else

    def pay_in(self, caller, minor):
        with self.parts.db.begin() as tx:
            pledge = demand_store.pledge_of(tx, self.request, caller.party)
            hold = pledge and escrow.held(tx, escrow.Purpose.PLEDGE, pledge.id)
        if hold and hold.closed_at is None:
            paid_in(self.market, hold.id, minor)
            self.came_in += minor
            self.market.settle()

    def pledges(self):
        with self.parts.db.begin() as tx:
            request = demand_store.request(tx, self.request)
            found = demand_store.pledges_of(tx, self.request, tuple(PledgeStage))
            rests = [
                hold.rest.minor
                for one in found
                for purpose, subject in (("PLEDGE", one.id), ("PREPAID", one.contract or "-"))
                if (hold := escrow.held(tx, escrow.Purpose[purpose], subject))
            ]
        return request, found, sum(rests)

    def check(self):
        request, pledges, held = self.pledges()
        standing = [one for one in pledges if one.stands]
        stages = {one.stage for one in standing}
        if request.stage in LIVE:
            assert request.pledged.minor == sum(one.amount.minor for one in standing)
            bound = request.stage is not Stage.OPEN
            assert stages <= {PledgeStage.BOUND if bound else PledgeStage.MADE}
            assert (request.pledged >= request.wanted.goal) == bound
        else:
            assert not standing
        paid = [one for one in pledges if one.stage is PledgeStage.PAID]
        assert bool(paid) == (request.stage is Stage.FULFILLED)
        if paid:
            assert sum(one.share.minor for one in paid) == 9_999
            assert all(one.share <= one.amount for one in paid)
            assert len({one.contract for one in paid}) == len(paid)
        # What is held for these pledges is what the books hold for them, to the øre.
        assert self.booked([one.hold for one in pledges if one.hold]) == held
        assert 0 <= held <= self.came_in

    def end(self):
        """Let time run out: what was not delivered leaves nothing behind."""
        self.clock.advance(days=DAYS_LEFT)
        self.market.settle()
        request, _, held = self.pledges()
        assert request.stage not in LIVE
        if request.stage is not Stage.FULFILLED:
            assert held == 0
        self.check()
        self.clock.set(self.start)


def test_two_who_pledge_at_once_reach_the_goal_once(market):
    made = market.wanted(goal=kr(100_000))
    results = market.at_once(
        lambda: market.pledge(market.bo, made, 60_000),
        lambda: market.pledge(market.carla, made, 60_000),
    )

    assert {one["stage"] for one in results} == {"made", "bound"}
    assert market.shown(market.bo, made)["pledged"] == kr(120_000)
    names = [fact["name"] for fact in market.facts(made["id"])]
    assert names.count("pledges-bound") == 1


def test_a_pledge_and_the_deadline_race_and_one_of_them_wins(market):
    made = market.wanted()
    market.clock.advance(timedelta(days=DAYS_OPEN) - timedelta(seconds=1))

    def late():
        market.clock.advance(seconds=1)
        market.settle()

    market.at_once(lambda: market.pledge(market.bo, made, 60_000, expected=None), late)

    seen = market.shown(market.bo, made)
    assert seen["stage"] == "lapsed"
    assert seen["pledge"] is None or seen["pledge"]["stage"] == "freed"


def test_a_party_that_pledges_twice_at_once_has_one_pledge(market):
    made = market.wanted()

    market.at_once(*[lambda: market.pledge(market.bo, made, 10_000, expected=None)] * 3)

    assert market.shown(market.bo, made)["pledged"] == kr(10_000)
