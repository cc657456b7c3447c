"""How much use what is held covers: so that reading stops when it is used up, and not before."""

from datetime import datetime
from fractions import Fraction
from math import floor

from sqlalchemy import Connection

from torvet import contracts, metering
from torvet.audit import seal
from torvet.billing.charges import charge_now, charged_of, terms_of
from torvet.billing.charging import Cause
from torvet.billing.invoices import invoice
from torvet.billing.periods import month_of
from torvet.contracts import Contract, Funds, OneOff, Subscription
from torvet.kit.money import Money
from torvet.ports.parts import Parts

from . import store
from .model import Purpose
from .releasing import due_on

VAT_MOST = Fraction(125, 100)
"""What an amount may become with VAT where no invoice tells: the rate of Denmark."""


def cover_all(parts: Parts) -> int:
    """Write down what is covered of every prepaid contract; return how many there are."""
    with parts.db.begin() as tx:
        found = contracts.prepaid_contracts(tx)
    for one in found:
        now = parts.clock.now()
        with parts.db.begin() as tx:
            known = contracts.funds_known(tx, one, now)
            if known:
                cover(tx, one, at=now)
        if not known:
            work_out(parts, one)
    return len(found)


@contracts.works_out_funds
def work_out(parts: Parts, contract_id: str) -> None:
    """Write down what is covered in a month of which nothing is known yet.

    What was used until now is charged first. Else the money that was read for in the last hour of
    the month before would be there once more.
    """
    charge_all(parts, contract_id)
    with parts.db.begin() as tx:
        cover(tx, contract_id, at=parts.clock.now())


def charge_all(parts: Parts, contract_id: str) -> None:
    """Charge a contract for what was used by now, also in the hour that is not over."""
    seal(parts)
    metering.catch_up(parts)
    charge_now(parts, contract_id)


def cover(tx: Connection, contract_id: str, *, at: datetime) -> Money | None:
    """Write down how much the use of this month may cost, without VAT; return it.

    What is held, less what is owed and what was charged and not invoiced, without VAT; what of
    this month's use is invoiced already counts as use, and is added again.
    """
    contract = contracts.contract(tx, contract_id)
    currency = contract.tariff.currency
    if currency is None:
        return None
    # Held, so that nobody writes what it was before over what it is now.
    held = store.find(tx, Purpose.PREPAID, contract_id, locked=True)
    rest = Money.zero(currency) if held is None else held.rest
    owed, with_vat = owed_from(tx, contract, rest)
    free = Fraction((rest - owed).minor) / with_vat
    month = month_of(at)
    for one in charged_of(tx, contract_id, waiting=True):
        is_use = one.key.cause is Cause.USE and month.start <= one.key.begin
        free -= 0 if is_use else one.amount.minor
    for one in charged_of(tx, contract_id, start=month.start, waiting=False):
        free += one.amount.minor if one.key.cause is Cause.USE else 0
    if rest.minor <= 0 and _is_due(contract, at) and not charged_of(tx, contract_id, limit=1):
        free = Fraction(-1)  # it is to be paid from its first hour on, and nothing came in
    covers = Money(floor(free), currency)
    contracts.put_funds(tx, contract_id, Funds(since=month.start, covers=covers))
    return covers


def _is_due(contract: Contract, at: datetime) -> bool:
    """Say whether something is to be paid however little is used."""
    fixed = any(isinstance(rate, OneOff | Subscription) for rate in contract.tariff.rates)
    return fixed and at >= terms_of(contract).paid_from


def owed_from(tx: Connection, contract: Contract, like: Money) -> tuple[Money, Fraction]:
    """Return what of the contract's invoices is still to be paid from it, and what VAT adds."""
    owed = Money.zero(like.currency)
    for found in store.open_for(tx, contract.id):
        issued = invoice(tx, None, found)
        owed += min(due_on(tx, contract.id, issued), issued.owed)
    return owed, store.with_vat(tx, contract.id) or VAT_MOST
