"""What a contract allows right now. Every read asks here first, and is counted here."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from torvet import parties
from torvet.audit import record
from torvet.parties import SHARE, Caller, Role
from torvet.ports.parts import Parts

from . import counts, duties, facts, store
from .clauses import LIMITS, Ask, Regions, Validity
from .errors import ContractNotFound, ReadRefused
from .model import Contract, Stage
from .rules import Refused, Verdict, decide
from .service import CONTRACTS_MAX, readable_contract


def admit(
    parts: Parts,
    contract_id: str,
    *,
    caller: Caller,
    columns: Sequence[str] | None,
    rows: int,
    requests: int = 1,
    channel: str,
    question: bool = False,
) -> Contract:
    """Let a read through and count it, or raise ReadRefused with every reason, on the record.

    `columns` are all that the read names, in its filter too; None is what the contract shows.
    `rows` is the most that it may deliver: what was not needed is handed back by `give_back`.
    `question` says that the result of a question is wanted, and its cells are the rows.
    Of two readers who race for the last rows, one is let through.
    """
    now = parts.clock.now()
    parties.check(caller)
    with parts.db.connect() as plain:
        reading = plain.execution_options(isolation_level="AUTOCOMMIT")
        contract = readable_contract(reading, caller, contract_id)
        ask = _ask(reading, contract, caller, columns, rows=rows, requests=requests, at=now)
        ask = replace(ask, question=True) if question else ask
        if _is_limited(contract) and _counted_at_once(reading, contract, ask):
            return contract

    if _is_limited(contract):
        verdict = _judge_and_count(parts, contract, ask, caller, channel)
    else:
        # Nothing is counted, so there is nothing to lock: most reads are this one question.
        verdict = decide(contract, ask)
        if isinstance(verdict, Refused):
            with parts.db.begin() as tx:
                record(tx, facts.of_refusal(contract, ask, verdict, caller.actor, channel))

    # Raised only here: inside the transaction it would roll back the record of itself.
    if isinstance(verdict, Refused):
        raise _refusal(contract, verdict)
    return contract


def give_back(tx: Connection, contract_id: str, rows: int, *, at: datetime) -> None:
    """Hand back rows that were counted at `at` and not delivered; a day never goes below none."""
    if rows > 0:
        counts.subtract_rows(tx, contract_id, at, rows)


def explain(
    parts: Parts, contract_id: str, *, caller: Caller, columns: Sequence[str] | None, rows: int
) -> tuple[Contract, Verdict, Ask]:
    """Say what would be decided of a read by the contract's consumer; nothing is counted."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        contract = readable_contract(tx, caller, contract_id)
        ask = _ask(tx, contract, caller, columns, rows=rows, requests=1, at=now)
        ask = _with_counts(ask, counts.seen(tx, contract.id, now))
    ask = replace(ask, reader=contract.consumer)
    return contract, decide(contract, ask), ask


def still_allowed(tx: Connection, contract_id: str, at: datetime) -> bool:
    """Say whether the contract is agreed and valid at `at`: for each fetch of a signed file."""
    try:
        contract = store.contract(tx, contract_id)
    except ContractNotFound:
        return False
    ask = Ask(reader=contract.consumer, purpose=contract.purpose, at=at)
    spans = (clause for clause in contract.clauses if isinstance(clause, Validity))
    return contract.stage is Stage.AGREED and not any(span.objection(ask) for span in spans)


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


def promising(
    tx: Connection, *, after: str = "", limit: int = CONTRACTS_MAX
) -> list[Contract]:
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


def _counted_at_once(tx: Connection, contract: Contract, ask: Ask) -> bool:
    """Count an allowed read where no other has counted since; judge nothing else.

    What is refused, or comes second, is judged under the lock: that verdict stands.
    """
    used = counts.seen(tx, contract.id, ask.at)
    if isinstance(decide(contract, _with_counts(ask, used)), Refused):
        return False
    return counts.add_unless_moved(tx, contract.id, used, rows=ask.rows, requests=ask.requests)


def _judge_and_count(
    parts: Parts, contract: Contract, ask: Ask, caller: Caller, channel: str
) -> Verdict:
    with parts.db.begin() as tx:
        used = counts.locked(tx, contract.id, ask.at)
        verdict = decide(contract, _with_counts(ask, used))
        if isinstance(verdict, Refused):
            counts.commit_durably(tx)
            record(tx, facts.of_refusal(contract, ask, verdict, caller.actor, channel))
        else:
            counts.add(tx, contract.id, used, rows=ask.rows, requests=ask.requests)
    return verdict


def _refusal(contract: Contract, verdict: Refused) -> ReadRefused:
    return ReadRefused(
        contract=contract.id,
        reasons=verdict.reasons,
        clauses=tuple(objection.source for objection in verdict.objections),
        reasons_da=tuple(objection.words.da for objection in verdict.objections),
    )
