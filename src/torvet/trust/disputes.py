"""Disputes: opened by either party, answered by the other, decided by the operator, once."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from torvet import contracts
from torvet.audit import record, seal
from torvet.billing import escrow
from torvet.billing.invoices import InvoiceNotFound, Kind, invoice, sales_of
from torvet.contracts import Contract
from torvet.parties import Caller, Role, Scope, check
from torvet.ports.parts import Parts

from . import disputes_store as store
from . import evidence, facts, measuring
from . import store as threads
from .errors import DisputeNotFound, DisputeOver, DisputeThere, DisputeUnfit
from .model import LIVE, About, Dispute, DisputeId, DisputeStage, Message, Side
from .support import add_words, side_of
from .working_time import after_working_days

ANSWER_WORKING_DAYS = 10
DECIDE_WORKING_DAYS = 20
LIVE_MAX = 20
BACK_MAX = timedelta(days=366)
SERVICE = "service"
PAGE_MAX = 200


def open_dispute(
    parts: Parts, caller: Caller, contract_id: str, *, about: About, subject: str, words: str
) -> Dispute:
    """Dispute an invoice, a month or the service, as one of a contract's parties, in words.

    What the log says of it is collected at once. While it lasts, the money of a disputed invoice
    is not paid out. Raises ContractNotFound, DisputeUnfit, DisputeThere.
    """
    now = parts.clock.now()
    seal(parts)  # so that what happened until now has its place in the log
    with parts.db.begin() as tx:
        contract = contracts.contract(tx, contract_id, caller)
        side = side_of(contract, caller)
        check(caller, Role.BUYER if side is Side.CONSUMER else Role.STEWARD)
        if contract.agreed_at is None:
            raise DisputeUnfit("the contract was never agreed")
        if store.live_under(tx, contract_id) >= LIVE_MAX:
            raise DisputeUnfit(f"{LIVE_MAX} disputes under this contract are not over yet")
        named, begin, end = _span(tx, contract, about, subject, now)
        found = Dispute(
            id=DisputeId(parts.new_id("di")),
            contract=contract.id,
            provider=contract.provider,
            consumer=contract.consumer,
            opened_at=now,
            opened_by=str(caller.party),
            about=about,
            subject=named,
            begins_at=begin,
            ends_at=end,
            stage=DisputeStage.OPEN,
            answer_until=after_working_days(now, ANSWER_WORKING_DAYS),
            decide_until=after_working_days(now, DECIDE_WORKING_DAYS),
        )
        if not store.add(tx, found):
            raise DisputeThere(store.live(tx, contract.id, about, named))
        _say(tx, found, caller, words, at=now)
        evidence.collect(tx, found)
        if about is About.INVOICE:
            escrow.stop_payouts(tx, named, contract.id, cause=found.id, at=now)
        more = {"words": facts.digest_of(words), "side": side.value}
        record(tx, facts.dispute("dispute-opened", found, now, caller.actor, more))
    return found


def write(parts: Parts, caller: Caller, dispute_id: str, words: str) -> Dispute:
    """Write into a dispute; the other party's first words are its answer. Raises DisputeOver."""
    now = parts.clock.now()
    seal(parts)
    with parts.db.begin() as tx:
        found = known(tx, caller, dispute_id, locked=True)
        _ensure_live(found)
        side = _side(found, caller)
        if side is not Side.OPERATOR:
            check(caller, Role.BUYER if side is Side.CONSUMER else Role.STEWARD)
        _say(tx, found, caller, words, at=now)
        answers = found.stage is DisputeStage.OPEN and caller.party == found.other
        if answers and side is not Side.OPERATOR:
            found = store.move(tx, found, DisputeStage.ANSWERED, answered_at=now)
        evidence.collect(tx, found)
        name = "dispute-answered" if answers else "dispute-continued"
        more = {"words": facts.digest_of(words), "side": side.value}
        record(tx, facts.dispute(name, found, now, caller.actor, more))
    return found


def withdraw(parts: Parts, caller: Caller, dispute_id: str) -> Dispute:
    """Take a dispute back, as the party that opened it; what it stopped goes on."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        found = known(tx, caller, dispute_id, locked=True)
        _ensure_live(found)
        if caller.party != found.opened_by:
            raise DisputeUnfit("only the party that opened it takes it back")
        check(caller, Role.BUYER if found.opened_by == found.consumer else Role.STEWARD)
        found = store.move(tx, found, DisputeStage.WITHDRAWN)
        escrow.lift_stops(tx, found.id, at=now)
        record(tx, facts.dispute("dispute-withdrawn", found, now, caller.actor, {}))
    return found


def known(tx: Connection, caller: Caller, dispute_id: str, *, locked: bool = False) -> Dispute:
    """Return a dispute to its two parties and the operator; raise DisputeNotFound to others."""
    found = store.dispute(tx, dispute_id, locked=locked)
    if caller.operator or caller.party in found.parties:
        if not caller.operator:
            check(caller, Role.READER)
        return found
    raise DisputeNotFound(dispute_id)


def disputes_of(
    tx: Connection,
    caller: Caller,
    *,
    every: bool = False,
    live_only: bool = False,
    after: str | None = None,
    limit: int = PAGE_MAX,
) -> list[Dispute]:
    """Return the disputes of the caller's party, or `every` one to the operator, newest first."""
    check(caller, Scope.OPERATE if every else Role.READER)
    party = None if every else caller.party
    return store.disputes_of(
        tx, party, live_only=live_only, after=after, limit=min(limit, PAGE_MAX)
    )


def messages(tx: Connection, dispute_id: str) -> tuple[Message, ...]:
    """Return all that was said in a dispute, in order."""
    return threads.messages(tx, dispute_id)


def _say(tx: Connection, found: Dispute, caller: Caller, words: str, *, at: datetime) -> None:
    number = threads.said_so_far(tx, found.id) + 1
    side = _side(found, caller)
    said = Message(number=number, side=side, account=caller.actor, at=at, words=words)
    add_words(tx, found.id, said)


def _side(found: Dispute, caller: Caller) -> Side:
    if caller.party == found.consumer:
        return Side.CONSUMER
    return Side.PROVIDER if caller.party == found.provider else Side.OPERATOR


def _ensure_live(found: Dispute) -> None:
    if found.stage not in LIVE:
        raise DisputeOver(found.id, found.stage.value)


def _span(
    tx: Connection, contract: Contract, about: About, subject: str, now: datetime
) -> tuple[str, datetime, datetime]:
    """Return what is disputed by its id, and the stretch of time that it is about."""
    assert contract.agreed_at is not None, "it was agreed"
    end = now + timedelta(microseconds=1)
    begin = max(contract.agreed_at, now - BACK_MAX)
    match about:
        case About.SERVICE:
            return SERVICE, min(begin, now), end
        case About.PERIOD:
            month = measuring.month_from(subject)
            first, last = max(month.start, contract.agreed_at), min(month.end, end)
            if first >= last:
                raise DisputeUnfit(f"the contract was not in force in {month}")
            return str(month), first, last
        case About.INVOICE:
            return _invoice(tx, contract, subject), min(begin, now), end


def _invoice(tx: Connection, contract: Contract, subject: str) -> str:
    try:
        found = invoice(tx, None, subject)
    except InvoiceNotFound:
        found = None
    if found is None or all(one.contract != contract.id for one in sales_of(tx, found.id)):
        raise DisputeUnfit(f"invoice {subject[:60]!r} says nothing of this contract")
    if found.kind is not Kind.INVOICE:
        raise DisputeUnfit("name the invoice to the buyer: the other documents follow it")
    return found.id
