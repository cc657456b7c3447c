"""What a contract allows right now. Every read asks here first, and is counted here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from torvet import parties
from torvet.audit import Fact, leaf_of, record
from torvet.parties import SHARE, Caller, Role
from torvet.ports.parts import Parts

from . import counts, duties, facts, funds, holds, spending, store
from .clauses import LIMITS, Ask, Regions, Validity
from .errors import ContractNotFound, ReadRefused
from .holds import Hold
from .model import Contract, Stage
from .rules import Refused, Verdict, decide
from .service import CONTRACTS_MAX, readable_contract
from .spending import Spending, Used


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A read that was let through, and what was set aside of a spending cap until its end.

    The hold goes to `spend` when it is known what was used, or to `release` where nothing was.
    """

    contract: Contract
    hold: Hold | None = None


@funds.knowing_funds
def admit(
    parts: Parts,
    contract_id: str,
    *,
    caller: Caller,
    columns: Sequence[str] | None,
    rows: int,
    bytes: int = 0,  # noqa: A002 - its name everywhere
    requests: int = 1,
    channel: str,
    question: bool = False,
    hold: Hold | None = None,
) -> Admission:
    """Let a read through and count it, or raise ReadRefused with every reason, on the record.

    `columns` are all that the read names, in its filter too; None is what the contract shows.
    `rows` and `bytes` are the most that it may deliver: what was not needed is handed back, rows
    by `give_back`, what was held of a cap by `spend` or `release`. `question` says that the result
    of a question is wanted, and its cells are the rows. A read that asks once more, for what it
    knows by then, hands in its `hold`. Of two readers who race for the last rows, or for the last
    of a cap, one is let through.
    """
    now = parts.clock.now()
    parties.check(caller)
    with parts.db.connect() as plain:
        reading = plain.execution_options(isolation_level="AUTOCOMMIT")
        contract = readable_contract(reading, caller, contract_id)
        contract, short = funds.covered(reading, contract, now)
        ask = _ask(reading, contract, caller, columns, rows=rows, requests=requests, at=now)
        ask = replace(ask, bytes=bytes, question=question, short=short)
        if (_is_limited(contract) or _is_capped(contract, ask)) and (
            admission := _counted_at_once(reading, contract, ask, hold)
        ):
            return admission

    held = None
    if _is_limited(contract) or _is_capped(contract, ask):
        verdict, held = _judge_and_count(
            parts, contract, ask, hold, actor=caller.actor, channel=channel
        )
    else:
        # Nothing is counted, so there is nothing to lock: most reads are this one question.
        verdict = decide(contract, ask)
        if isinstance(verdict, Refused):
            with parts.db.begin() as tx:
                record(tx, facts.of_refusal(contract, ask, verdict, caller.actor, channel))

    # Raised only here: inside the transaction it would roll back the record of itself.
    if isinstance(verdict, Refused):
        raise _refusal(contract, verdict)
    return Admission(contract=contract, hold=held)


def give_back(tx: Connection, contract_id: str, rows: int, *, at: datetime) -> None:
    """Hand back rows that were counted at `at` and not delivered; a day never goes below none."""
    if rows > 0:
        counts.subtract_rows(tx, contract_id, at, rows)


def spend(tx: Connection, contract: Contract, use: Used, fact: Fact, held: Hold | None) -> None:
    """Record `fact`, the use of a read that is at its end, and count `use` with it.

    One statement for both: what is spent is what the log says, wherever a process or a server is
    killed. `held` goes. From 80 % of a cap on its parties are warned, once a month.
    """
    since = spending.counted_since(contract.tariff, contract.agreed_at, fact.at)
    if since is None:
        record(tx, fact)
        return
    leaf = leaf_of(fact)
    spent = holds.spend(tx, contract.id, use, leaf=leaf, since=since, held=held)
    cap = contract.order.cap
    if cap is None or spent.since != since or spent.warned == cap.minor:
        return
    if spending.is_near(contract.tariff, cap, spent.used):
        told = facts.of_cap_near(contract, spending.cost(contract.tariff, spent.used), fact.at)
        holds.warn(tx, contract.id, cap.minor, leaf_of(told))


def release(parts: Parts, held: Hold | None) -> None:
    """Give back what was set aside of a cap for a read that used nothing."""
    if held is not None:
        with parts.db.begin() as tx:
            holds.release(tx, held)


@funds.knowing_funds
def explain(
    parts: Parts, contract_id: str, *, caller: Caller, columns: Sequence[str] | None, rows: int
) -> tuple[Contract, Verdict, Ask]:
    """Say what would be decided of a read by the contract's consumer; nothing is counted."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        held = readable_contract(tx, caller, contract_id)
        contract, short = funds.covered(tx, held, now)
        ask = _ask(tx, contract, caller, columns, rows=rows, requests=1, at=now)
        ask = replace(ask, short=short)
        ask = _with_counts(ask, counts.seen(tx, contract.id, now))
        ask = _with_spending(contract, ask, _spending_seen(tx, contract, now))
    ask = replace(ask, reader=contract.consumer)
    return contract, decide(contract, ask), ask


def standing(tx: Connection, contract_id: str, at: datetime) -> Contract | None:
    """Return the contract where it is agreed and valid at `at`: for each fetch of a signed file."""
    try:
        found = store.contract(tx, contract_id)
    except ContractNotFound:
        return None
    ask = Ask(reader=found.consumer, purpose=found.purpose, at=at)
    spans = (clause for clause in found.clauses if isinstance(clause, Validity))
    stands = found.stage is Stage.AGREED and not any(span.objection(ask) for span in spans)
    return found if stands else None


def still_allowed(tx: Connection, contract_id: str, at: datetime) -> bool:
    """Say whether the contract is agreed and valid at `at`."""
    return standing(tx, contract_id, at) is not None


@funds.knowing_funds
def set_aside(
    parts: Parts,
    contract: Contract,
    *,
    bytes: int,  # noqa: A002 - its name everywhere
    requests: int = 1,
    channel: str,
    actor: str,
    hold: Hold | None = None,
) -> Hold | None:
    """Hold what `bytes` may spend, or raise ReadRefused; the `hold` there is if nothing is capped.

    For files, whose rows were let through when they were named, and for pages, whose weight is
    known when they are made: `contract` was let through a moment ago. Of one that is paid before,
    what is held for it now is a cap here as well.
    """
    now = parts.clock.now()
    ask = Ask(
        reader=contract.consumer,
        purpose=contract.purpose,
        at=now,
        bytes=bytes,
        requests=requests,
    )
    if not contract.order.prepaid and not _is_capped(contract, ask):
        return hold
    with parts.db.connect() as plain:
        reading = plain.execution_options(isolation_level="AUTOCOMMIT")
        contract, short = funds.covered(reading, contract, now)
        ask = replace(ask, short=short)
        capped = _is_capped(contract, ask)
        if not capped and not short:
            return hold
        # Limits are on rows and on requests for them: these were counted before.
        bare = replace(contract, clauses=())
        if capped and (admission := _counted_at_once(reading, bare, ask, hold)):
            return admission.hold
    verdict, held = _judge_and_count(parts, bare, ask, hold, actor=actor, channel=channel)
    if isinstance(verdict, Refused):
        raise _refusal(contract, verdict)
    return held


def contract(tx: Connection, contract_id: str, caller: Caller | None = None) -> Contract:
    """Return the contract; with a `caller`, only where it is one of theirs (ContractNotFound)."""
    if caller is None:
        return store.contract(tx, contract_id)
    return readable_contract(tx, caller, contract_id)


def contracts_by_id(tx: Connection, wanted: Sequence[str]) -> dict[str, Contract]:
    """Return those of `wanted` that are there, whosever they are, by their ids."""
    return store.contracts_by_id(tx, wanted)


def contract_by_share(tx: Connection, share: str, caller: Caller) -> Contract:
    """Return the contract that `share` names to its consumer; raise ContractNotFound to others."""
    found = store.contract_by_share(tx, share)
    if found.consumer != caller.party or not _may_read(caller, found):
        raise ContractNotFound(share)
    return found


def contracts_of(
    tx: Connection,
    party: str,
    stage: Stage | None = None,
    *,
    dataset: str | None = None,
    after: str | None = None,
    limit: int = CONTRACTS_MAX,
) -> list[Contract]:
    """Return what `party` gives and takes, newest first."""
    return store.contracts_of(tx, party, stage, dataset=dataset, after=after, limit=limit)


def promising(tx: Connection, *, after: str = "", limit: int = CONTRACTS_MAX) -> list[Contract]:
    """Return contracts that were agreed and promise service levels, whosever they are, by id."""
    return store.promising(tx, after=after, limit=limit)


def shares_of(
    tx: Connection, caller: Caller, *, after: str = "", limit: int = CONTRACTS_MAX
) -> list[Contract]:
    """Return the agreed contracts whose shares the caller may read, by share name."""
    if caller.party is None:
        return []
    only = None if caller.may(Role.READER) else _shares_in(caller)
    return store.agreed_with(tx, caller.party, only=only, after=after, limit=limit)


def _shares_in(caller: Caller) -> tuple[str, ...]:
    return tuple(s.removeprefix(SHARE) for s in caller.scopes if s.startswith(SHARE))


def _may_read(caller: Caller, contract: Contract) -> bool:
    return caller.may(Role.READER) or caller.may(SHARE + contract.id)


def _is_limited(contract: Contract) -> bool:
    return any(isinstance(clause, LIMITS) for clause in contract.clauses)


def _ask(
    tx: Connection,
    contract: Contract,
    caller: Caller,
    columns: Sequence[str] | None,
    *,
    rows: int,
    requests: int,
    at: datetime,
) -> Ask:
    assert caller.party is not None, "a reader reads for a party"
    regional = any(isinstance(clause, Regions) for clause in contract.clauses)
    return Ask(
        reader=caller.party,
        purpose=contract.purpose,
        columns=None if columns is None else tuple(columns),
        rows=rows,
        requests=requests,
        at=at,
        region=parties.party(tx, contract.consumer).region if regional else "",
        duties=duties.open_duties(tx, contract),
    )


def _with_counts(ask: Ask, used: counts.Counts) -> Ask:
    return replace(ask, rows_today=used.rows_today, requests_this_minute=used.requests_this_minute)


def _is_capped(contract: Contract, ask: Ask) -> bool:
    if contract.order.cap is None or not ask.used:
        return False
    return spending.counted_since(contract.tariff, contract.agreed_at, ask.at) is not None


def _with_spending(contract: Contract, ask: Ask, spent: Spending | None) -> Ask:
    if spent is None or contract.order.cap is None:
        return ask
    return replace(ask, spending=spent)


def _spending_seen(tx: Connection, contract: Contract, at: datetime) -> Spending | None:
    since = spending.counted_since(contract.tariff, contract.agreed_at, at)
    return None if since is None else holds.seen(tx, contract.id, since)


def _counted_at_once(
    tx: Connection, contract: Contract, ask: Ask, hold: Hold | None
) -> Admission | None:
    """Count an allowed read where no other has counted since; judge nothing else.

    What is refused, or comes second, is judged under the lock: that verdict stands. So is a read
    that has both limits and a cap, for the two are counted together or not at all, and one that is
    paid before: what is held for it may be given back at this moment.
    """
    limited, capped = _is_limited(contract), _is_capped(contract, ask)
    if (limited and capped) or (capped and contract.order.prepaid):
        return None
    if limited:
        used = counts.seen(tx, contract.id, ask.at)
        if isinstance(decide(contract, _with_counts(ask, used)), Refused):
            return None
        if counts.add_unless_moved(tx, contract.id, used, rows=ask.rows, requests=ask.requests):
            return Admission(contract=contract, hold=hold)
        return None
    spent = _spending_seen(tx, contract, ask.at)
    assert spent is not None, "a contract with a cap that counts has something to count since"
    if isinstance(decide(contract, _with_spending(contract, ask, spent)), Refused):
        return None
    held = holds.hold(tx, contract.id, ask.used, turn=spent.turn, at=ask.at, more=hold)
    return None if held is None else Admission(contract=contract, hold=held)


def _judge_and_count(
    parts: Parts, contract: Contract, ask: Ask, hold: Hold | None, *, actor: str, channel: str
) -> tuple[Verdict, Hold | None]:
    limited, capped = _is_limited(contract), _is_capped(contract, ask)
    with parts.db.begin() as tx:
        used = counts.locked(tx, contract.id, ask.at) if limited else None
        spent = _spending_locked(tx, contract, ask) if capped else None
        if capped and contract.order.prepaid:
            # What was held when the read began may be gone since.
            contract, short = funds.covered(tx, contract, ask.at)
            ask = replace(ask, short=short)
        ask = ask if used is None else _with_counts(ask, used)
        verdict = decide(contract, _with_spending(contract, ask, spent))
        if isinstance(verdict, Refused):
            counts.commit_durably(tx)
            record(tx, facts.of_refusal(contract, ask, verdict, actor, channel))
            return verdict, None
        if used is not None:
            counts.add(tx, contract.id, used, rows=ask.rows, requests=ask.requests)
        if spent is not None:
            hold = holds.hold(tx, contract.id, ask.used, turn=spent.turn, at=ask.at, more=hold)
    return verdict, hold


def _spending_locked(tx: Connection, contract: Contract, ask: Ask) -> Spending:
    since = spending.counted_since(contract.tariff, contract.agreed_at, ask.at)
    assert since is not None, "a contract with a cap that counts has something to count since"
    return holds.locked(tx, contract.id, since)


def _refusal(contract: Contract, verdict: Refused) -> ReadRefused:
    return ReadRefused(
        contract=contract.id,
        reasons=verdict.reasons,
        clauses=tuple(objection.source for objection in verdict.objections),
        reasons_da=tuple(objection.words.da for objection in verdict.objections),
    )
