"""No money is made or lost, whatever happens in whatever order, and the bank agrees with the books.

A model keeps what every party should have; after every step books, bank and model are one.
"""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from billing.invoices.conftest import BUYER, CITIZEN, SELLER
from examples import examples
from torvet.billing import check_books, trial_balance
from torvet.billing.invoices import NotCredited, credit
from torvet.billing.payments import (
    DecisionUnfit,
    IsApart,
    IsCost,
    PaysInvoices,
    decide,
    faults_of_payments,
    give_back,
    lines_of,
    reconciled,
    refund,
)
from torvet.billing.payments.errors import NotOverpaid
from torvet.billing.payouts import (
    LineKind,
    PayoutSettled,
    Stage,
    cancel,
    payout_of,
    payouts_of,
)
from torvet.billing.payouts.model import LIVE
from torvet.billing.shares import Agreement, Member, Terms, Way, store
from torvet.kit.money import Currency, Money

from .conftest import THE_OPERATOR, kr

IBAN = "DK5000400440116243"

steps = st.lists(
    st.tuples(
        st.sampled_from(
            (
                "sell",
                "pay",
                "pay too much",
                "pay too little",
                "pay twice",
                "pay without a name",
                "credit",
                "give back",
                "give back again",
                "refund",
                "pay out",
                "bank executes",
                "bank returns",
                "cancel payout",
                "bank takes a fee",
                "somebody decides",
                "the same file again",
            )
        ),
        st.integers(1, 50_000),
        st.integers(0, 10),
    ),
    min_size=4,
    max_size=14,
)


_NUMBERS = count(1)


class Play:
    """Plays steps on the market; whatever cannot be done now is refused and changes nothing."""

    def __init__(self, market):
        self.market, self.parts = market, market.parts
        self.dataset = f"ds_law{next(_NUMBERS)}"
        self.seller = market.square.party(SELLER)
        self.member = market.square.party(replace(CITIZEN, iban=IBAN))
        self.buyer = market.square.party(replace(BUYER, iban=IBAN))
        terms = Terms(portion=3_333, way=Way.EQUAL, members=(Member(party=self.member),))
        with self.parts.db.begin() as tx:
            made = Agreement(
                dataset=self.dataset,
                version=1,
                provider=self.seller,
                terms=terms,
                made_at=datetime(2026, 6, 2, tzinfo=UTC),
                made_by="x",
            )
            store.add(tx, made)
        self.invoices, self.documents, self.last = [], [], None
        self.gift = None

    def step(self, what, amount, which):
        getattr(self, "_" + what.replace(" ", "_"))(amount, which)

    def every_payout(self):
        """What was paid out to the seller and to the member."""
        with self.parts.db.begin() as tx:
            found = payouts_of(tx, THE_OPERATOR, every=True)
        return [one for one in found if one.party in {self.seller, self.member}]

    def lines(self, payout):
        with self.parts.db.begin() as tx:
            return payout_of(tx, THE_OPERATOR, payout.id)[1]

    def read(self):
        self.last = self.market.bank.statement(self.parts.clock.now().date())
        self.market.read(self.last)

    def one(self, which):
        return self.market.invoice(self.invoices[which % len(self.invoices)])

    def _sell(self, amount, _):
        sold = self.market.sold(amount, seller=self.seller, buyer=self.buyer, dataset=self.dataset)
        self.invoices.append(sold.id)

    def _paid(self, which, over):
        if self.invoices and (owed := self.one(which).owed + kr(over)).minor > 0:
            self.market.bank.comes_in(owed, self.one(which).reference)
            self.read()

    def _pay(self, _, which):
        self._paid(which, 0)

    def _pay_too_much(self, amount, which):
        self._paid(which, amount)

    def _pay_too_little(self, amount, which):
        self._paid(which, -amount)

    def _pay_twice(self, _, which):
        if self.invoices and (owed := self.one(which).owed).minor > 0:
            for _time in range(2):
                self.market.bank.comes_in(owed, self.one(which).reference)
            self.read()

    def _pay_without_a_name(self, amount, _):
        self.market.bank.comes_in(kr(amount), words="hello")
        self.read()

    def _credit(self, amount, which):
        if not self.invoices:
            return
        invoice = self.one(which)
        with self.parts.db.begin() as tx:
            try:
                with tx.begin_nested():
                    credit(
                        tx,
                        invoice.id,
                        part=min(kr(amount), invoice.net - invoice.credited_net),
                        reason="As agreed",
                        key=self.parts.new_id("law"),
                        at=self.parts.clock.now(),
                        by="x",
                    )
            except NotCredited:
                return

    def _give_back(self, amount, which):
        """Credit and order back, as a breach does it; under a key that may be used again."""
        if not self.invoices:
            return
        invoice = self.one(which)
        self.gift = invoice.id, min(kr(amount), invoice.net - invoice.credited_net), which
        self._give_back_again()

    def _give_back_again(self, *_):
        if self.gift is None:
            return
        invoice, part, which = self.gift
        with self.parts.db.begin() as tx:
            try:
                with tx.begin_nested():
                    give_back(
                        tx,
                        invoice,
                        part=part,
                        reason="A breach",
                        key=f"law:{invoice}:{part.minor}:{which}",
                        at=self.parts.clock.now(),
                        by="x",
                    )
            except NotCredited:
                return

    def _refund(self, amount, which):
        if self.invoices:
            try:
                refund(
                    self.parts, THE_OPERATOR, self.one(which).number, amount=kr(amount), reason="x"
                )
            except NotOverpaid:
                return

    def _pay_out(self, *_):
        _, document = self.market.pay_out()
        if document:
            self.documents.append(document)

    def _bank_executes(self, *_):
        for document in self.documents:
            self.market.bank.takes(document)
        self.read()

    def payouts(self, *stages):
        with self.parts.db.begin() as tx:
            found = payouts_of(tx, THE_OPERATOR, every=True)
        mine = {self.seller, self.member, self.buyer}
        return [one for one in found if one.party in mine and one.stage in stages]

    def _bank_returns(self, _, which):
        if paid := self.payouts(Stage.PAID):
            back = paid[which % len(paid)]
            self.market.bank.sends_back(back.transfer, back.amount)
            self.read()
            # With another account it can be paid again.
            self.market.square.details(
                replace(SELLER, party=self.seller, iban="DK9520000123456789")
            )

    def _cancel_payout(self, _, which):
        if live := self.payouts(*LIVE):
            try:
                cancel(self.parts, THE_OPERATOR, live[which % len(live)].id, "the bank says no")
            except PayoutSettled:
                return

    def _bank_takes_a_fee(self, amount, _):
        self.market.bank.goes_out(kr(amount), words="Gebyr")
        self.read()

    def _somebody_decides(self, _, which):
        with self.parts.db.begin() as tx:
            waiting = lines_of(tx, THE_OPERATOR)
        if not waiting:
            return
        line = waiting[which % len(waiting)]
        choices = [IsCost(), IsApart(reason="not ours")]
        if self.invoices and line.amount.minor > 0:
            choices.append(PaysInvoices(invoices=((self.one(which).number, None),)))
        try:
            decide(self.parts, THE_OPERATOR, line.key, choices[which % len(choices)])
        except DecisionUnfit:
            return

    def _the_same_file_again(self, *_):
        if self.last:
            self.market.read(self.last)


@pytest.mark.slow
@given(steps)
@tried(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_money_is_made_or_lost(market, todo):
    play = Play(market)
    play.step("sell", 10_000, 0)

    for what, amount, which in todo:
        play.step(what, amount, which)

    parts = market.parts
    with parts.db.begin() as tx:
        balances = trial_balance(tx)
        assert list(faults_of_payments(tx)) == []
        for one in reconciled(tx):
            # What came by the bank is in the books, waits, is not ours, or is on its way.
            assert one.difference == kr(0)
            assert one.bank == market.bank.balance
    assert sum(one.balance.minor for one in balances) == 0
    # What the buyer owes is what its invoices say.
    owed = sum(market.invoice(one).owed.minor for one in play.invoices)
    assert market.balance("receivable", play.buyer) == owed
    # What goes back is never more than what was taken back and paid beyond it.
    for one in map(market.invoice, play.invoices):
        assert one.paid >= kr(0)
    # The exchange never pays out more than came in, and owes what it has not paid.
    for kind, party in (("payable", play.seller), ("contributor", play.member)):
        paid = sum(
            one.amount.minor
            for one in play.payouts(*LIVE, Stage.PAID)
            if (one.account.value, one.party) == (kind, party)
        )
        assert paid >= 0
        assert paid <= sum(market.invoice(one).gross.minor for one in play.invoices)
    # Every payout tells by its lines which sales and shares it is for, and nothing else.
    for one in play.every_payout():
        assert Money.total([line.amount for line in play.lines(one)], one.amount.currency) == (
            one.amount
        )
        assert {line.kind for line in play.lines(one)} <= {LineKind.SALE, LineKind.SHARE}
    report = check_books(parts)
    assert report.faults == ()
    assert {one.account.currency for one in balances} <= {Currency.DKK}
