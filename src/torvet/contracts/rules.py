"""Who may read what, decided from values alone."""

from dataclasses import dataclass, replace
from typing import TypeAlias

from . import spending
from .clauses import Answers, Ask, Clause, Validity
from .model import Contract, Stage
from .sentences import Sentence

SPENDING_CAP = "spending-cap"


@dataclass(frozen=True, slots=True)
class Objection:
    """What stands in the way: `stage`, `reader`, `spending-cap`, or the clause's kind, and why."""

    source: str
    words: Sentence


@dataclass(frozen=True, slots=True)
class Allowed:
    """Nothing stands in the way."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Everything that stands in the way."""

    objections: tuple[Objection, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(str(objection.words) for objection in self.objections)


Verdict: TypeAlias = Allowed | Refused


def decide(contract: Contract, ask: Ask) -> Verdict:
    """Judge `ask` by stage, reader and every clause, so that a refusal names all in its way.

    A clause can only object. Adding one to a contract never allows more; only whether it gives
    rows or answers is turned by the clause that says so (docs/decisions/0115).
    """
    found = (
        *_of_stage(contract),
        *_of_reader(contract, ask),
        *_of_form(contract, ask),
        *objections(contract.clauses, ask),
        *_of_cap(contract, ask),
        *_of_funds(ask),
    )
    return Refused(found) if found else Allowed()


def _of_funds(ask: Ask) -> tuple[Objection, ...]:
    """Object where less was paid in than is owed; what is left beyond that is the cap."""
    if not ask.short or not ask.used:
        return ()
    return (
        Objection(
            "prepaid",
            Sentence(
                en="nothing is left of what was paid in for this month; `torvet billing deposit` "
                "tells how to pay in more",
                da="der er intet tilbage af det indbetalte til denne måned; `torvet billing "
                "deposit` fortæller, hvordan der betales mere ind",
            ),
        ),
    )


def objections(clauses: tuple[Clause, ...], ask: Ask) -> tuple[Objection, ...]:
    """Return what each of `clauses` objects to in `ask`."""
    return tuple(
        Objection(clause.kind, why)
        for clause in clauses
        if (why := clause.objection(ask)) is not None
    )


def objections_to_accepting(clauses: tuple[Clause, ...], ask: Ask) -> tuple[Objection, ...]:
    """Return why terms can never serve whoever accepts them: the purpose, the region, the end.

    A contract may be made before its validity begins, so it is judged at its beginning.
    """
    starts = [c.start for c in clauses if isinstance(c, Validity) and c.start is not None]
    nothing_yet = replace(
        ask,
        at=max([ask.at, *starts]),
        question=any(isinstance(clause, Answers) for clause in clauses),
        columns=None,
        rows=0,
        requests=0,
        rows_today=0,
        requests_this_minute=0,
    )
    return objections(clauses, nothing_yet)


def _of_stage(contract: Contract) -> tuple[Objection, ...]:
    if contract.stage is Stage.AGREED:
        return ()
    said = contract.stage.words()
    why = f": {contract.reason}" if contract.reason else ""
    return (
        Objection(
            "stage",
            Sentence(en=f"the contract is {said.en}{why}", da=f"kontrakten er {said.da}{why}"),
        ),
    )


def _of_form(contract: Contract, ask: Ask) -> tuple[Objection, ...]:
    if not ask.question or gives_answers(contract):
        return ()
    return (
        Objection(
            Answers.kind,
            Sentence(
                en="the contract gives rows, and no answers to questions",
                da="kontrakten giver rækker og ingen svar på spørgsmål",
            ),
        ),
    )


def _of_cap(contract: Contract, ask: Ask) -> tuple[Objection, ...]:
    if ask.spending is None:
        return ()
    why = spending.objection(contract.tariff, contract.order, ask.spending, ask.used)
    return () if why is None else (Objection(SPENDING_CAP, why),)


def gives_answers(contract: Contract) -> bool:
    """Say whether `contract` is about answers, and so never about rows."""
    return any(isinstance(clause, Answers) for clause in contract.clauses)


def _of_reader(contract: Contract, ask: Ask) -> tuple[Objection, ...]:
    if ask.reader == contract.consumer:
        return ()
    return (
        Objection(
            "reader",
            Sentence(
                en="the contract is with another party than the one that reads",
                da="kontrakten er med en anden part end den, der læser",
            ),
        ),
    )
