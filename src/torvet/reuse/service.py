"""Stating a use and its benefit, and giving thanks. One function is one deed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection

from torvet import contracts, parties
from torvet.audit import record
from torvet.contracts import Contract, ContractNotFound, Stage, StateBenefit, Thanks
from torvet.parties import Caller, Role
from torvet.ports.parts import Parts

from . import facts, rules, store
from .errors import NotConsumer, UseInvalid, UseNotFound
from .model import Benefit, Gratitude, Shown, ThanksId, Use, UseId

HELD = frozenset({Stage.AGREED, Stage.ENDED, Stage.REVOKED})
"""Stages of a contract under which data can have been read."""
USES_MAX = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class UseWish:
    """A use as its consumer writes it."""

    title: str
    words: str
    period_start: date
    period_end: date
    benefits: tuple[Benefit, ...] = ()
    link: str = ""
    counted_with: str | None = None
    shown: Shown = Shown.ANONYMOUS
    public: bool = False


def state(parts: Parts, caller: Caller, contract_id: str, wish: UseWish) -> Use:
    """State what data was used for under a contract and what that was good for.

    Where the contract owes such a statement, that is done. Raises UseInvalid with every fault.
    """
    now = parts.clock.now()
    with parts.db.begin() as tx:
        contract = held_contract(tx, caller, contract_id)
        faults = rules.faults_of(wish.period_start, wish.period_end, wish.benefits)
        if wish.period_start > now.date():
            faults = (*faults, "its period has not begun")
        if wish.counted_with is not None and not _is_own(tx, wish.counted_with, contract):
            faults = (*faults, f"your party stated no use {wish.counted_with!r} to count it with")
        if faults:
            raise UseInvalid(faults)
        made = Use(
            id=UseId(parts.new_id("us")),
            contract=contract.id,
            dataset=contract.dataset,
            provider=contract.provider,
            consumer=contract.consumer,
            purpose=contract.purpose,
            title=wish.title,
            words=wish.words,
            period_start=wish.period_start,
            period_end=wish.period_end,
            benefits=wish.benefits,
            link=wish.link,
            counted_with=None if wish.counted_with is None else UseId(wish.counted_with),
            shown=wish.shown,
            public=wish.public,
            stated_at=now,
            stated_by=caller.account,
        )
        store.add_use(tx, made)
        for fact in facts.of_use("use-stated", made, caller.actor, now):
            record(tx, fact)
        if _owes(contract, StateBenefit):
            words = _told(f"Use {made.id}: {made.title}", made.shown)
            contracts.mark_done(tx, contract, StateBenefit.kind, words, at=now, actor=caller.actor)
    return made


def withdraw_use(parts: Parts, caller: Caller, use_id: str) -> Use:
    """Take a use back: it counts no more. Doing it twice is no fault."""
    parties.check(caller, Role.BUYER)
    now = parts.clock.now()
    with parts.db.begin() as tx:
        found = store.use(tx, use_id, caller.party)
        if store.withdraw_use(tx, use_id, now):
            found = replace(found, withdrawn_at=now)
            for fact in facts.of_use("use-withdrawn", found, caller.actor, now):
                record(tx, fact)
    return found


def thank(
    parts: Parts, caller: Caller, contract_id: str, words: str, *, shown: Shown, public: bool
) -> Gratitude:
    """Thank the provider of what was read under a contract; where thanks are owed, that is done."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        contract = held_contract(tx, caller, contract_id)
        one = Gratitude(
            id=ThanksId(parts.new_id("th")),
            contract=contract.id,
            dataset=contract.dataset,
            provider=contract.provider,
            consumer=contract.consumer,
            words=words,
            shown=shown,
            public=public,
            said_at=now,
            said_by=caller.account,
        )
        store.add_thanks(tx, one)
        for fact in facts.of_thanks(one, caller.actor, now):
            record(tx, fact)
        if _owes(contract, Thanks):
            said = _told(words, one.shown)
            contracts.mark_done(tx, contract, Thanks.kind, said, at=now, actor=caller.actor)
    return one


def held_contract(tx: Connection, caller: Caller, contract_id: str) -> Contract:
    """Return a contract that the caller holds or held as its consumer.

    Raises ContractNotFound for strangers and for what was never agreed, NotConsumer for its
    provider.
    """
    contract = contracts.contract(tx, contract_id, caller)
    if contract.consumer != caller.party:
        raise NotConsumer(contract_id)
    parties.check(caller, Role.BUYER)
    if contract.stage not in HELD or contract.agreed_at is None:
        raise ContractNotFound(contract_id)
    return contract


def uses_by(tx: Connection, caller: Caller) -> Sequence[Use]:
    """Return the uses that the caller's party stated."""
    parties.check(caller, Role.READER)
    if caller.party is None:
        return []
    return store.uses_where(tx, store.of_consumer(caller.party), limit=USES_MAX)


def uses_of(tx: Connection, caller: Caller) -> Sequence[Use]:
    """Return the uses of what the caller's party provides."""
    parties.check(caller, Role.READER)
    if caller.party is None:
        return []
    return store.uses_where(tx, store.of_provider(caller.party), limit=USES_MAX)


def _is_own(tx: Connection, use_id: str, contract: Contract) -> bool:
    try:
        return store.use(tx, use_id, contract.consumer).withdrawn_at is None
    except UseNotFound:
        return False


def _told(words: str, shown: Shown) -> str:
    """Return what the provider reads of a duty that is done: it knows whose contract it stands in.

    Of whoever wants no name, only that it was done.
    """
    return words if shown is Shown.NAMED else "Stated here"


def _owes(contract: Contract, kind: type) -> bool:
    return any(isinstance(clause, kind) for clause in contract.clauses)
