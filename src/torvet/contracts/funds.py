"""What was paid in for a prepaid contract, as far as reading goes: the use of one month it covers.

Billing writes it down whenever money comes in or goes, and when a month begins; a read looks here.
The first read of a month may come before billing did: then it lets billing work it out.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from torvet.kit.money import Currency, Money
from torvet.ports.parts import Parts

from .errors import FundsUnknown
from .model import Contract, Stage
from .periods import month_of
from .tables import contract_funds, contracts


@dataclass(frozen=True, slots=True, kw_only=True)
class Funds:
    """The most that use may cost in the month that begins at `since`, without VAT.

    Below zero where what was paid in does not even cover what is owed.
    """

    since: datetime
    covers: Money


Worker = Callable[[Parts, str], None]
_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")
_workers: list[Worker] = []


def works_out_funds(worker: Worker) -> Worker:
    """Let `worker(parts, contract_id)` write down what is covered, when a read needs to know."""
    if worker not in _workers:
        _workers.append(worker)
    return worker


def knowing_funds(
    deed: Callable[Concatenate[Parts, _Given], _Found],
) -> Callable[Concatenate[Parts, _Given], _Found]:
    """Do `deed(parts, …)` again where it came before what this month covers was worked out.

    It is done again from its beginning, at the time that it is then, and holds no connection
    meanwhile.
    """

    @wraps(deed)
    def done(parts: Parts, /, *args: _Given.args, **named: _Given.kwargs) -> _Found:
        try:
            return deed(parts, *args, **named)
        except FundsUnknown as unknown:
            for worker in tuple(_workers):
                worker(parts, unknown.contract)
        return deed(parts, *args, **named)

    return done


def put(tx: Connection, contract_id: str, funds: Funds) -> None:
    """Write down what is covered."""
    new = insert(contract_funds).values(
        contract=contract_id,
        since=funds.since,
        minor=funds.covers.minor,
        currency=funds.covers.currency.value,
    )
    tx.execute(
        new.on_conflict_do_update(
            index_elements=["contract"],
            set_={name: new.excluded[name] for name in ("since", "minor", "currency")},
        )
    )


def seen(tx: Connection, contract_id: str) -> Funds | None:
    """Return what is covered, as it was written down last."""
    query = select(contract_funds).where(contract_funds.c.contract == contract_id)
    row = tx.execute(query).one_or_none()
    if row is None:
        return None
    return Funds(since=row.since, covers=Money(row.minor, Currency(row.currency)))


def is_known(tx: Connection, contract_id: str, at: datetime) -> bool:
    """Say whether what is covered is written down for the month of `at`."""
    found = seen(tx, contract_id)
    return found is not None and found.since == month_of(at).start


def covered(tx: Connection, contract: Contract, at: datetime) -> tuple[Contract, bool]:
    """Return `contract` as it can be read at `at`, and whether what was paid in falls short.

    What use may still cost is a cap, and the lower of two caps holds. It falls short where more is
    owed than was paid in. Raises FundsUnknown where nothing is written for this month yet.
    """
    currency = contract.tariff.currency
    if not contract.order.prepaid or currency is None:
        return contract, False
    found = seen(tx, contract.id)
    if found is None or found.since != month_of(at).start:
        raise FundsUnknown(contract.id)
    if not contract.tariff.uses:
        return contract, found.covers.minor < 0
    covers = max(found.covers, Money.zero(currency))
    cap = covers if contract.order.cap is None else min(covers, contract.order.cap)
    capped = replace(contract, order=replace(contract.order, cap=cap))
    return capped, found.covers.minor < 0


def prepaid(tx: Connection) -> list[str]:
    """Return the ids of agreed contracts that are paid before they are used."""
    query = select(contracts.c.id).where(
        contracts.c.prepaid, contracts.c.stage == Stage.AGREED.value
    )
    return list(tx.scalars(query.order_by(contracts.c.id)))
