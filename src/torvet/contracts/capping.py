"""Spending caps: raised, lowered and taken away by the consumer, and seen by both parties."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from torvet import parties
from torvet.audit import leaf_of, record
from torvet.kit.money import Money
from torvet.parties import Caller, Role
from torvet.ports.parts import Parts

from . import counts, facts, holds, orders, spending, store
from .errors import CapInvalid, OtherSide, WrongStage
from .model import Contract, Stage
from .periods import month_of
from .service import known_contract
from .spending import NOT_USED, Used

CAP = "cap"
_PERCENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSpent:
    """What use has come to in the month, without VAT, and what of the cap is left."""

    start: datetime
    end: datetime
    used: Used
    held: Used
    spent: Money | None
    """None where nothing depends on use."""
    cap: Money | None
    near: bool

    @property
    def left(self) -> Money | None:
        """Return what of the cap is left for reads to come; nothing is less than nothing."""
        if self.cap is None or self.spent is None:
            return None
        return max(self.cap - self.spent, Money.zero(self.cap.currency))

    @property
    def percent(self) -> int | None:
        """Return how much of the cap is spent, in whole percent."""
        if self.cap is None or self.spent is None:
            return None
        return self.spent.minor * _PERCENT // self.cap.minor


def month_spent(tx: Connection, contract: Contract, at: datetime) -> MonthSpent:
    """Return what the use of `contract` has come to in the month of `at`."""
    tariff, cap, month = contract.tariff, contract.order.cap, month_of(at)
    since = spending.counted_since(tariff, contract.agreed_at, at)
    found = None if since is None else holds.seen(tx, contract.id, since)
    used = NOT_USED if found is None else found.used
    return MonthSpent(
        start=month.start if since is None else since,
        end=month.end,
        used=used,
        held=NOT_USED if found is None else found.held,
        spent=spending.cost(tariff, used) if tariff.uses else None,
        cap=cap,
        near=cap is not None and spending.is_near(tariff, cap, used),
    )


def hold_spending(tx: Connection, contract: Contract, at: datetime) -> None:
    """Let no read under a cap begin or end until `tx` ends."""
    since = spending.counted_since(contract.tariff, contract.agreed_at, at)
    if since is not None:
        holds.locked(tx, contract.id, since)
        # A read's hold may be lost with the power; what is done under this lock may not.
        counts.commit_durably(tx)


def spending_of(parts: Parts, caller: Caller, contract_id: str) -> MonthSpent:
    """Tell either party what the month has come to; raise ContractNotFound to others."""
    with parts.db.begin() as tx:
        contract = known_contract(tx, caller, contract_id)
        return month_spent(tx, contract, parts.clock.now())


def set_cap(parts: Parts, caller: Caller, contract_id: str, cap: Money | None) -> Contract:
    """Set the most that the consumer will spend on use in a month, or take it away.

    It holds from the next read on, also below what is spent: then reads that cost are refused for
    the rest of the month. Raises CapInvalid, OtherSide to the provider, WrongStage where the
    contract is over, ContractMoved where it was changed at the same moment.
    """
    now = parts.clock.now()
    with parts.db.begin() as tx:
        held = known_contract(tx, caller, contract_id)
        if caller.party != held.consumer:
            raise OtherSide(contract_id, "consumer")
        parties.check(caller, Role.BUYER)
        if held.stage not in {Stage.REQUESTED, Stage.AGREED}:
            raise WrongStage(contract_id, held.stage, Stage.AGREED)
        if cap is not None and (faults := orders.faults_of_cap(cap, held.tariff)):
            raise CapInvalid(contract_id, tuple(faults))
        if cap == held.order.cap:
            return held
        changed = store.replace(tx, replace(held, order=replace(held.order, cap=cap)))
        record(tx, facts.of_cap_changed(changed, held.order.cap, caller.actor, now))
        _warn_if_near(tx, changed, now)
    return changed


def _warn_if_near(tx: Connection, contract: Contract, at: datetime) -> None:
    """Record that a cap that was lowered is all but spent already."""
    found = month_spent(tx, contract, at)
    if found.near and found.cap is not None and found.spent is not None:
        told = facts.of_cap_near(contract, found.spent, at)
        holds.warn(tx, contract.id, found.cap.minor, leaf_of(told))
