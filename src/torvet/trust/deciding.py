"""The operator's decision of a dispute, which does what it says: once, and all of it or nothing."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from torvet import contracts
from torvet.audit import record, seal
from torvet.billing import escrow
from torvet.billing.invoices import IssuedInvoice, invoice
from torvet.billing.payments import ask_for
from torvet.kit.moments import to_text
from torvet.kit.money import Money
from torvet.parties import Caller, Scope, check
from torvet.ports.parts import Parts

from . import crediting, disputes, disputes_store, evidence, facts
from .errors import DecisionEarly, DisputeOver, DisputeUnfit
from .model import LIVE, About, Decision, Dispute, DisputeStage, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What the operator decides. `amount` is without VAT, and only where it is credited.

    `invoice` says which invoice is credited where the dispute is not about one.
    """

    outcome: Outcome
    reason: str
    amount: Money | None = None
    invoice: str | None = None


def decide(parts: Parts, caller: Caller, dispute_id: str, ruling: Ruling) -> Dispute:
    """Decide a dispute and do what was decided, as the operator.

    Rejected: what was stopped goes on. Credited: a credit note of `amount`. Cancelled: the invoice
    is credited whole, the contract ends, and what is held for it is given back. What was paid of
    what is credited is ordered back the way that it came. Raises DisputeOver where it was decided
    before, DecisionEarly where the other party may still answer, DisputeUnfit, NotCredited.
    """
    check(caller, Scope.OPERATE)
    now = parts.clock.now()
    seal(parts)
    with parts.db.begin() as tx:
        found = disputes.known(tx, caller, dispute_id, locked=True)
        if found.stage not in LIVE:
            raise DisputeOver(found.id, found.stage.value)
        if found.stage is DisputeStage.OPEN and now < found.answer_until:
            raise DecisionEarly(found.id, to_text(found.answer_until))
        evidence.collect(tx, found)
        decision = _carried_out(tx, parts, found, ruling, _drafted(ruling, caller.actor, now))
        decided = disputes_store.move(tx, found, DisputeStage.DECIDED, decision=decision)
        escrow.lift_stops(tx, found.id, at=now)
        record(tx, facts.dispute("dispute-decided", decided, now, caller.actor, _told(decision)))
    if decision.credit_note is not None:
        ask_for(parts, [decision.credit_note])
    return decided


def _drafted(ruling: Ruling, actor: str, now: datetime) -> Decision:
    return Decision(
        outcome=ruling.outcome,
        reason=ruling.reason,
        amount=None,
        decided_at=now,
        decided_by=actor,
    )


def _carried_out(
    tx: Connection, parts: Parts, found: Dispute, ruling: Ruling, decision: Decision
) -> Decision:
    match ruling.outcome:
        case Outcome.REJECTED:
            if ruling.amount is not None:
                raise DisputeUnfit("what is rejected gives nothing back")
            return decision
        case Outcome.CREDITED:
            return _credited(tx, found, ruling, decision)
        case Outcome.CANCELLED:
            return _cancelled(tx, parts, found, ruling, decision)


def _credited(tx: Connection, found: Dispute, ruling: Ruling, decision: Decision) -> Decision:
    named = _invoice_of(found, ruling)
    if named is None:
        raise DisputeUnfit("name the invoice of which something is credited")
    if ruling.amount is None or ruling.amount.minor <= 0:
        raise DisputeUnfit("an amount above zero, without VAT, is credited")
    issued = _invoice(tx, found, named)
    note = crediting.give_back_on(
        tx,
        issued.id,
        found.contract,
        ruling.amount,
        words=f"Dispute {found.id}",
        key=f"dispute:{found.id}",
        at=decision.decided_at,
        by=decision.decided_by,
    )
    return replace(decision, amount=ruling.amount, credit_note=note)


def _cancelled(
    tx: Connection, parts: Parts, found: Dispute, ruling: Ruling, decision: Decision
) -> Decision:
    if ruling.amount is not None:
        raise DisputeUnfit("what is cancelled is given back whole: name no amount")
    named = _invoice_of(found, ruling)
    if named is not None:
        issued = _invoice(tx, found, named)
        left = crediting.left_on(tx, issued.id, found.contract, issued.net)
        if left.minor > 0:
            note = crediting.give_back_on(
                tx,
                issued.id,
                found.contract,
                left,
                words=f"Dispute {found.id}",
                key=f"dispute:{found.id}",
                at=decision.decided_at,
                by=decision.decided_by,
            )
            decision = replace(decision, amount=left, credit_note=note)
    contracts.cancel(parts, tx, found.contract, reason=f"dispute {found.id} was decided so")
    held = escrow.held(tx, escrow.Purpose.PREPAID, found.contract)
    if held is not None:
        escrow.give_back_all(
            tx,
            held.id,
            key=f"dispute:{found.id}",
            words=f"Dispute {found.id}: the contract is cancelled",
            at=decision.decided_at,
            by=decision.decided_by,
        )
    return decision


def _invoice_of(found: Dispute, ruling: Ruling) -> str | None:
    return found.subject if found.about is About.INVOICE else ruling.invoice


def _invoice(tx: Connection, found: Dispute, named: str) -> IssuedInvoice:
    issued = invoice(tx, None, named)
    if issued.party_to != found.consumer:
        raise DisputeUnfit(f"invoice {issued.number} is another party's")
    return issued


def _told(decision: Decision) -> dict[str, object]:
    return {
        "outcome": decision.outcome.value,
        "reason": facts.digest_of(decision.reason),
        **({} if decision.amount is None else {"amount": decision.amount.to_json()}),
        **({} if decision.credit_note is None else {"credit_note": decision.credit_note}),
    }
