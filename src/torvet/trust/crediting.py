"""What a month's breaches give back: a credit note for each invoice that the month was charged on.

A breach waits until everything that the month was charged is invoiced, and is then given back
once: the report's row is held, and the credit note has a key of its own (docs/decisions/0191).
"""

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from math import lcm

import structlog
from sqlalchemy import Connection

from torvet import contracts
from torvet.audit import record
from torvet.billing.charges import Charged, charged_of, terms_of
from torvet.billing.charging import MONTHS, Cause
from torvet.billing.invoices import InvoiceId, left_of, sales_of
from torvet.billing.invoices import invoice as issued
from torvet.billing.payments import ask_for, give_back
from torvet.billing.periods import HOUR, Month, add_months, beginnings, midnight
from torvet.contracts import Contract, Subscription
from torvet.kit.errors import ExchangeError
from torvet.kit.money import Money
from torvet.ports.parts import Parts

from . import facts, measuring, store
from .model import HOUSE_ACTOR, Credit, KeptReport

REPORTS_AT_A_TIME = 500
NOTHING_AFTER = timedelta(days=2)
"""After a month's end: what was not charged by then was not charged."""

NOT_KEPT = {
    "da": "Serviceniveauer ikke overholdt i {}",
    "en": "Service levels not kept in {}",
}
"""The reason on a credit note, in the language of its invoice."""

log = structlog.get_logger(__name__)


def close_months(parts: Parts) -> int:
    """Keep the reports of all months that are over; return how many came of it."""
    made, after = 0, ""
    while True:
        with parts.db.begin() as tx:
            page = contracts.promising(tx, after=after)
            now = parts.clock.now()
            due = [(one.id, m) for one in page for m in measuring.months_to_close(tx, one, now)]
        if not page:
            return made
        made += sum(measuring.close_month(parts, contract, month) for contract, month in due)
        after = page[-1].id


def credit_due(parts: Parts) -> int:
    """Give back what waits and can be given back; return for how many months that was done."""
    with parts.db.begin() as tx:
        due = store.uncredited(tx, REPORTS_AT_A_TIME)
    done = 0
    for contract, month in due:
        try:
            done += credit_month(parts, contract, month)
        except ExchangeError:
            # One credit note that cannot be written must not stop all others.
            log.exception("breach not credited", contract=contract, month=month)
    return done


def credit_month(parts: Parts, contract_id: str, month: str) -> bool:
    """Give back a month's breaches once; return whether this call did.

    False where nothing waits, or something that the month was charged is not invoiced yet.
    """
    now = parts.clock.now()
    with parts.db.begin() as tx:
        kept = store.kept(tx, contract_id, month, locked=True)
        if kept is None or kept.credit is not Credit.WAITING:
            return False
        contract = contracts.contract(tx, contract_id)
        when = measuring.month_from(month)
        base = _base(tx, contract, when)
        if None in base or (not base and now < when.end + NOTHING_AFTER):
            return False
        given = _give(tx, kept, base, now)
        store.credited(
            tx,
            contract_id,
            month,
            credit=given.credit,
            amount=given.amount,
            notes=given.notes,
            at=now,
        )
        record(tx, facts.credited(given, now))
    ask_for(parts, given.notes)
    return True


def _give(
    tx: Connection, kept: KeptReport, base: dict[InvoiceId | None, Fraction], now: datetime
) -> KeptReport:
    contract = kept.report.contract
    currency = contracts.contract(tx, contract).tariff.currency
    wanted = {invoice: part for invoice, part in base.items() if invoice and part > 0}
    if currency is None or not wanted:
        return replace(kept, credit=Credit.NOTHING)
    whole = Money.rounded(
        sum(wanted.values(), start=Fraction(0)) * kept.report.percent / 100, currency
    )
    common = lcm(*(part.denominator for part in wanted.values()))
    shares = whole.share([int(part * common) for part in wanted.values()])
    notes, given = [], Money.zero(currency)
    for invoice, share in zip(wanted, shares, strict=True):
        assert invoice is not None, "what is not invoiced was left out"
        part = min(share, left_on(tx, invoice, contract, share))
        if part.minor <= 0:
            continue
        words = NOT_KEPT[issued(tx, None, invoice).language].format(kept.report.month)
        key = f"sla:{contract}:{kept.report.month}:{invoice}"
        note = give_back_on(tx, invoice, contract, part, words=words, key=key, at=now)
        notes.append(note)
        given += part
    if not notes:
        return replace(kept, credit=Credit.NOTHING)
    return replace(kept, credit=Credit.CREDITED, amount=given, notes=tuple(notes))


def give_back_on(
    tx: Connection,
    invoice: str,
    contract: str,
    part: Money,
    *,
    words: str,
    key: str,
    at: datetime,
    by: str = HOUSE_ACTOR,
) -> str:
    """Credit `part`, without VAT, of what `invoice` says of `contract`; return the note's id.

    What was paid with held money is held again, so that a prepaid buyer can go on with it; what
    was paid otherwise is ordered back: call `ask_for` with the note when `tx` has committed.
    """
    given = give_back(
        tx, invoice, reason=words, key=key, at=at, by=by, part=part, contract=contract
    )
    return given.note.id


def left_on(tx: Connection, invoice: InvoiceId, contract: str, like: Money) -> Money:
    """Return what is left of a contract on an invoice, without VAT, after its credit notes."""
    found = [one.net for one in left_of(sales_of(tx, invoice)) if one.contract == contract]
    return Money.total(found, like.currency)


def _base(tx: Connection, contract: Contract, month: Month) -> dict[InvoiceId | None, Fraction]:
    """Return what `month` was charged by the invoice that it is on, None for what is on none.

    Use of the month, its least and most, and of each subscription's period the part that lies in
    the month. What is paid once belongs to no month.
    """
    found: dict[InvoiceId | None, Fraction] = {}
    for one in charged_of(tx, contract.id, start=month.start, end=month.end):
        if one.key.cause in {Cause.USE, Cause.LEAST, Cause.MOST}:
            _add(found, one, Fraction(1))
    for rate in contract.tariff.rates:
        if isinstance(rate, Subscription):
            for begin, part in _periods(contract, rate, month):
                for one in charged_of(tx, contract.id, start=begin, end=begin + HOUR):
                    if one.key.cause is Cause.SUBSCRIPTION and one.key.meter == rate.every.value:
                        _add(found, one, part)
    return found


def _add(found: dict[InvoiceId | None, Fraction], one: Charged, part: Fraction) -> None:
    invoice = None if one.invoice is None else InvoiceId(one.invoice)
    found[invoice] = found.get(invoice, Fraction(0)) + one.amount.minor * part


def _periods(
    contract: Contract, rate: Subscription, month: Month
) -> list[tuple[datetime, Fraction]]:
    """Return where the periods that touch `month` begin, and how much of each lies in it."""
    terms, every = terms_of(contract), MONTHS[rate.every]
    found = []
    for number in beginnings(terms.first_day, every, month.plus(-every).start, month.end):
        begin = max(midnight(add_months(terms.first_day, number * every)), terms.paid_from)
        end = midnight(add_months(terms.first_day, (number + 1) * every))
        inside = min(end, month.end) - max(begin, month.start)
        if inside > timedelta() and end > begin:
            found.append((begin, Fraction(inside // HOUR, (end - begin) // HOUR)))
    return found
