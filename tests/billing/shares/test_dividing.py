"""What a sale brings is divided when it is paid, once, and taken back as it was given."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import text

from billing.invoices.conftest import CITIZEN
from billing.payments.conftest import BUYER, SELLER, caller_for, kr
from torvet.audit import facts_about
from torvet.billing import check_books
from torvet.billing.invoices import credit
from torvet.billing.payouts import due
from torvet.billing.shares import Agreement, Member, Terms, Way, divide, service, statement, store
from torvet.parties import PartyKind

BEFORE = datetime(2026, 6, 2, tzinfo=UTC)


class Sharing:
    """A dataset of one provider, whose income is shared with some citizens."""

    def __init__(self, market, *, portion=5_000, way=Way.EQUAL, weights=(1, 1, 1)):
        self.market, self.parts = market, market.parts
        self.dataset = f"ds_{uuid4().hex[:12]}"
        self.provider = market.square.party(SELLER)
        self.members = [market.square.party(kind=PartyKind.CITIZEN) for _ in weights]
        self.agree(portion, way, weights)

    def agree(self, portion, way, weights, *, version=1, at=BEFORE):
        terms = Terms(
            portion=portion,
            way=way,
            members=tuple(
                Member(party=party, weight=weight, columns=("a",))
                for party, weight in zip(self.members, weights, strict=True)
            ),
        )
        with self.parts.db.begin() as tx:
            made = Agreement(
                dataset=self.dataset,
                version=version,
                provider=self.provider,
                terms=terms,
                made_at=at,
                made_by="x",
            )
            store.add(tx, made)

    def sell(self, amount=100_000):
        return self.market.sold(
            amount,
            seller=self.provider,
            dataset=self.dataset,
            buyer=self.market.square.party(BUYER),
        )

    def got(self):
        return [-self.market.balance("contributor", party) for party in self.members]

    def paid(self, invoice):
        """Let an invoice be paid, and the worker divide what it brought in."""
        self.market.paid(invoice)
        return self.divide()

    def divide(self):
        return divide(self.parts)


@pytest.fixture
def sharing(market):
    return Sharing(market)


def give_back(sharing, invoice, net, key):
    with sharing.parts.db.begin() as tx:
        credit(
            tx,
            invoice.id,
            part=kr(net),
            reason="As agreed",
            key=f"{key}:{invoice.id}",
            at=sharing.parts.clock.now(),
            by="x",
        )


def test_the_agreed_portion_is_divided_when_the_buyer_has_paid(sharing, parts):
    invoice = sharing.sell()
    assert sharing.divide() == 0
    assert sharing.got() == [0, 0, 0]

    sharing.paid(invoice)

    # 96,000 øre are the provider's without VAT; half of them are shared, to the øre.
    assert sharing.got() == [16_000, 16_000, 16_000]
    assert sharing.market.balance("payable", sharing.provider) == -(120_000 - 48_000)
    assert check_books(parts).ok


def test_nothing_is_divided_twice(sharing):
    sharing.paid(sharing.sell())
    before = sharing.got()

    assert sharing.divide() == 0
    assert sharing.got() == before


def test_reading_a_bank_file_divides_nothing_and_asks_a_worker_to(sharing, parts):
    before = jobs_waiting(parts)

    sharing.market.paid(sharing.sell())

    assert sharing.got() == [0, 0, 0]
    assert jobs_waiting(parts) == before + 1
    # Whatever becomes of the job: what is to be divided follows from what was paid.
    assert sharing.divide() == 1
    assert sharing.got() == [16_000, 16_000, 16_000]


def jobs_waiting(parts):
    with parts.db.begin() as tx:
        wanted = "select count(*) from procrastinate_jobs where task_name = 'shares.divide'"
        return tx.scalar(text(wanted))


def test_what_a_kill_left_undivided_is_divided_by_the_next_in_the_same_way(sharing, parts):
    invoices = [sharing.sell() for _ in range(3)]
    for invoice in invoices:
        sharing.market.paid(invoice)
    give_back(sharing, invoices[0], 50_000, "part")

    with parts.db.begin() as tx:
        # One transaction's worth, and then the power is gone.
        assert service._divide_some(tx, at=parts.clock.now(), limit=2) == 2
    assert sum(sharing.got()) == 96_000
    assert sharing.divide() == 2

    assert sum(sharing.got()) == 3 * 48_000 - 24_000
    assert sharing.divide() == 0
    assert check_books(parts).ok


def test_a_payout_takes_off_what_others_share_in_before_any_worker_came(sharing, parts):
    sharing.market.paid(sharing.sell())

    run, _ = sharing.market.pay_out()

    assert [one.amount for one in run.payouts if one.party == sharing.provider] == [kr(72_000)]
    assert sharing.got() == [16_000, 16_000, 16_000]
    assert check_books(parts).ok


def test_shares_are_by_contribution_where_it_is_agreed(market):
    sharing = Sharing(market, way=Way.CONTRIBUTION, weights=(1, 2, 5))

    sharing.paid(sharing.sell())

    assert sharing.got() == [6_000, 12_000, 30_000]


def test_columns_that_anyone_brings_are_worth_the_same_to_all_who_bring_them(market):
    sharing = Sharing(market, way=Way.COLUMNS, weights=(1,) * 13)

    sharing.paid(sharing.sell())

    assert sum(sharing.got()) == 48_000
    with market.parts.db.begin() as tx:
        earned = statement(tx, caller_for(sharing.members[0])).earned
        fact = facts_about(tx, sharing.dataset)[0]
    # More than twelve bring the same column: sampled, from a seed that everybody is told.
    assert earned[0].how.seed is not None
    assert fact.body["seed"] == str(earned[0].how.seed)
    exact = 96_000 / 13
    assert all(abs(got - 48_000 / 13) <= earned[0].how.error / 2 + 1 for got in sharing.got())
    assert earned[0].how.error < exact


def test_what_is_credited_is_taken_back_until_nothing_is_left(sharing, parts):
    invoice = sharing.sell(99_999)
    sharing.paid(invoice)
    given = sum(sharing.got())

    for number, net in enumerate((33_333, 1, 66_665)):
        give_back(sharing, invoice, net, number)
        sharing.divide()
        assert sum(sharing.got()) <= given

    assert sharing.got() == [0, 0, 0]
    assert sharing.market.balance("payable", sharing.provider) == 0
    assert check_books(parts).ok


def test_the_agreement_of_the_day_of_the_sale_holds(sharing, parts):
    first = sharing.sell()
    sharing.agree(0, Way.EQUAL, (1, 1, 1), version=2, at=parts.clock.now())
    sharing.paid(first)
    assert sum(sharing.got()) == 48_000


def test_members_are_paid_out_like_providers_and_only_of_paid_sales(sharing, parts):
    market = sharing.market
    market.square.details(_details(sharing.members[0]))
    market.paid(sharing.sell())

    run, document = market.pay_out()

    mine = [one for one in run.payouts if one.party == sharing.members[0]]
    assert [(one.account.value, one.amount) for one in mine] == [("contributor", kr(16_000))]
    with parts.db.begin() as tx:
        why = {one.party: one.why for one in due(tx, 100)}
    assert why[sharing.members[1]] == "its billing details name no account"
    market.bank.takes(document)
    market.read()
    assert check_books(parts).ok


def _details(party):
    return replace(CITIZEN, party=party, iban="DK5000400440116243")


def test_a_member_sees_its_own_part_and_not_the_others(sharing, parts):
    sharing.paid(sharing.sell())
    with parts.db.begin() as tx:
        mine = statement(tx, caller_for(sharing.members[1]))
        strangers = statement(tx, caller_for(sharing.market.square.party()))

    assert [one.amount for one in mine.earned] == [kr(16_000)]
    assert mine.sums == ((sharing.dataset, kr(16_000)),)
    (agreement,) = mine.agreements
    assert [member.party for member in agreement.terms.members] == [sharing.members[1]]
    assert (strangers.earned, strangers.sums, strangers.agreements) == ((), (), ())
