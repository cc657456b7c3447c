"""Two at once, with real threads on PostgreSQL: one wins, the other is told, nothing is lost."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from torvet.contracts import (
    ReadRefused,
    accept,
    admit,
    approve,
    end,
    give_back,
    refuse,
    revoke,
    withdraw_offer,
)
from torvet.contracts.errors import (
    AlreadyContracted,
    ContractMoved,
    OfferWithdrawn,
    WrongStage,
)
from torvet.kit.errors import ExchangeError

pytestmark = pytest.mark.slow

ROUNDS = 8
TRANSPORT = "ImproveTransportMobility"


def at_once(*deeds):
    """Do all `deeds` at the same moment; return what each returned or raised."""
    start = Barrier(len(deeds))

    def run(deed):
        start.wait()
        try:
            return deed()
        except ExchangeError as error:
            return error

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


@pytest.fixture
def two(alma, bo):
    return alma.caller, bo.caller


def _requested(alma, bo):
    return bo.accept(alma.offer(approval="on-request"))["id"]


def test_of_approval_and_refusal_at_once_one_stands(parts, alma, bo, two, facts):
    provider, _ = two
    for _ in range(ROUNDS):
        contract = _requested(alma, bo)

        found = at_once(
            lambda c=contract: approve(parts, provider, c),
            lambda c=contract: refuse(parts, provider, c, "no"),
        )

        lost = [answer for answer in found if isinstance(answer, ExchangeError)]
        assert len(lost) == 1
        assert isinstance(lost[0], ContractMoved | WrongStage)
        won = next(answer for answer in found if not isinstance(answer, ExchangeError))
        assert bo.get(f"/api/contracts/{contract}")["stage"] == won.stage
        assert len(facts(contract)) == 2


def test_of_two_acceptances_at_once_one_is_a_contract_and_the_other_names_it(parts, alma, two):
    _, consumer = two
    for _ in range(ROUNDS):
        offer = alma.offer()["id"]

        found = at_once(*[lambda o=offer: accept(parts, consumer, o, purpose=TRANSPORT)] * 4)

        (made,) = [answer for answer in found if not isinstance(answer, ExchangeError)]
        lost = [answer for answer in found if isinstance(answer, AlreadyContracted)]
        assert [answer.contract for answer in lost] == [made.id] * 3


def test_of_two_readers_at_once_one_has_the_last_rows(parts, alma, bo, two):
    _, consumer = two
    for _ in range(ROUNDS):
        contract = bo.accept(alma.offer({"clause": "rows-per-day", "rows": 10}))["id"]

        found = at_once(*[lambda c=contract: _read(parts, consumer, c, 6)] * 2)

        assert sum(isinstance(answer, ReadRefused) for answer in found) == 1


def test_however_many_read_at_once_no_more_rows_than_agreed_are_counted(parts, alma, bo, two):
    _, consumer = two
    contract = bo.accept(
        alma.offer(
            {"clause": "rows-per-day", "rows": 25},
            {"clause": "requests-per-minute", "requests": 100},
        )
    )["id"]

    found = at_once(*[lambda: _read(parts, consumer, contract, 1)] * 40)

    assert sum(isinstance(answer, ReadRefused) for answer in found) == 15
    used = bo.post(f"/api/contracts/{contract}/explanation", {}, 200)["used"]
    assert used == {"rows_today": 25, "requests_this_minute": 25}


def test_rows_given_back_while_others_read_are_neither_lost_nor_doubled(parts, alma, bo, two):
    _, consumer = two
    contract = bo.accept(alma.offer({"clause": "rows-per-day", "rows": 1_000}))["id"]

    def take_four_and_give_one_back():
        _read(parts, consumer, contract, 4)
        with parts.db.begin() as tx:
            give_back(tx, contract, 1, at=parts.clock.now())

    at_once(*[take_four_and_give_one_back] * 16)

    used = bo.post(f"/api/contracts/{contract}/explanation", {}, 200)["used"]
    assert used["rows_today"] == 48


def test_a_read_at_the_moment_of_revocation_is_before_it_or_refused(parts, alma, bo, two):
    provider, consumer = two
    for _ in range(ROUNDS):
        contract = bo.accept(alma.offer({"clause": "rows-per-day", "rows": 10}))["id"]

        read, revoked = at_once(
            lambda c=contract: _read(parts, consumer, c, 1),
            lambda c=contract: revoke(parts, provider, c, "wrong"),
        )

        assert revoked.stage == "revoked"
        assert not isinstance(read, ExchangeError) or isinstance(read, ReadRefused)
        with pytest.raises(ReadRefused):
            _read(parts, consumer, contract, 1)


def test_of_two_ends_at_once_one_is_on_the_record(parts, alma, bo, two, facts):
    provider, consumer = two
    for _ in range(ROUNDS):
        contract = bo.accept(alma.offer())["id"]

        found = at_once(
            lambda c=contract: end(parts, consumer, c),
            lambda c=contract: revoke(parts, provider, c, "wrong"),
        )

        assert sum(isinstance(answer, ExchangeError) for answer in found) == 1
        assert len(facts(contract)) == 2


def test_an_offer_is_accepted_before_its_withdrawal_or_not_at_all(parts, alma, two):
    provider, consumer = two
    for _ in range(ROUNDS):
        offer = alma.offer()["id"]

        accepted, withdrawn = at_once(
            lambda o=offer: accept(parts, consumer, o, purpose=TRANSPORT),
            lambda o=offer: withdraw_offer(parts, provider, o),
        )

        assert withdrawn.stage == "withdrawn"
        assert not isinstance(accepted, ExchangeError) or isinstance(accepted, OfferWithdrawn)


def _read(parts, caller, contract, rows):
    return admit(parts, contract, caller=caller, columns=None, rows=rows, channel="rest")
