"""Paying in before use: how a consumer fills the hold of its contract, and gets the rest back."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from torvet import contracts
from torvet.audit import Fact, record
from torvet.billing.charges import charged_of, waiting
from torvet.billing.charging import Cause
from torvet.contracts import Contract
from torvet.kit.money import Money
from torvet.parties import Caller, Role, check
from torvet.ports.parts import Parts

from . import service, store
from .covering import charge_all, cover
from .errors import AmountNotHeld, HoldNotFound
from .model import Hold, Moved, Purpose
from .releasing import release_for


def deposit_for(parts: Parts, caller: Caller, contract_id: str) -> Hold:
    """Return the hold of a prepaid contract, opened where there is none, as its consumer.

    Its reference is what the transfer names. Raises ContractNotFound, HoldNotFound where the
    contract is not prepaid.
    """
    check(caller, Role.BUYER)
    now = parts.clock.now()
    with parts.db.begin() as tx:
        contract = contracts.contract(tx, contract_id, caller)
        if contract.consumer != caller.party:
            raise contracts.OtherSide(contract_id, "consumer")
        currency = contract.tariff.currency
        if not contract.order.prepaid or currency is None:
            raise HoldNotFound(contract_id)
        known = service.held(tx, Purpose.PREPAID, contract_id)
        if known is not None:
            return known
        made = service.open_hold(
            tx,
            party=contract.consumer,
            currency=currency,
            purpose=Purpose.PREPAID,
            subject=contract_id,
            at=now,
        )
        record(tx, _opened(contract, made, caller.actor))
    return made


def return_held(parts: Parts, caller: Caller, hold_id: str, amount: Money | None) -> Moved | None:
    """Give held money of a prepaid contract back to its consumer, who asks for it.

    What is invoiced is paid with it first, and what is used and not invoiced stays held, also
    what was used a moment ago. From then on it covers no more reads. Raises HoldNotFound,
    HoldShort, AmountNotHeld.
    """
    check(caller, Role.BUYER)
    _charge_own(parts, caller, hold_id)
    now = parts.clock.now()
    with parts.db.begin() as tx:
        store.settle_beside(tx)
        held = _own(tx, caller, hold_id, locked=True)
        release_for(tx, hold_id, at=now)
        held = store.hold(tx, hold_id)
        if _is_owing(tx, held, now):
            raise AmountNotHeld(
                str(held.rest), "what was used is not invoiced yet, and is paid from it"
            )
        wanted = held.rest if amount is None else amount
        if not held.rest and amount is None:
            return None
        moved = service.give_back(
            tx,
            hold_id,
            wanted,
            key=f"return:{parts.new_id('rt')}",
            words="Held money that was asked back",
            at=now,
            by=caller.actor,
        )
        # Not left to the job: until it ran, reads would be paid for with what is gone.
        cover(tx, held.subject, at=now)
    return moved


def _own(tx: Connection, caller: Caller, hold_id: str, *, locked: bool = False) -> Hold:
    held = store.hold(tx, hold_id, locked=locked)
    if held.party != caller.party or held.purpose is not Purpose.PREPAID:
        raise HoldNotFound(hold_id)
    return held


def _charge_own(parts: Parts, caller: Caller, hold_id: str) -> None:
    with parts.db.begin() as tx:
        held = _own(tx, caller, hold_id)
    charge_all(parts, held.subject)


def _is_owing(tx: Connection, held: Hold, now: datetime) -> bool:
    """Say whether something was used that no invoice says yet, or is being read at this moment."""
    contract = contracts.contract(tx, held.subject)
    if any(waiting(tx, until=now + timedelta(microseconds=1), contract=contract.id)):
        return True
    contracts.hold_spending(tx, contract, now)
    month = contracts.month_spent(tx, contract, now)
    if month.held:
        return True
    charged = Money.total(
        [
            one.amount
            for one in charged_of(tx, contract.id, start=month.start)
            if one.key.cause is Cause.USE
        ],
        held.currency,
    )
    return month.spent is not None and month.spent > charged


def _opened(contract: Contract, made: Hold, actor: str) -> Fact:
    return Fact(
        name="deposit-opened",
        at=made.opened_at,
        actor=actor,
        subject=made.id,
        parties=(contract.consumer,),
        body={"hold": made.id, "contract": contract.id, "currency": made.currency.value},
    )
