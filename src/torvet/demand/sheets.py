"""What the interface answers about data requests: rich enough for a page of its own."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Self

from pydantic import BaseModel, Field
from sqlalchemy import Connection

from torvet import catalogue, parties
from torvet.billing.forms import MoneyForm
from torvet.catalogue import THEMES, PartyView
from torvet.contracts import (
    LevelsSheet,
    Lines,
    Words,
    clause_to_json,
    purpose_label,
    sentences,
)
from torvet.parties import Caller

from . import answering, service, store
from .model import (
    Answer,
    AnswerStage,
    Pledge,
    PledgeKind,
    PledgeStage,
    Request,
    Stage,
    ThemeDemand,
    Vote,
)
from .words import terms_of


class PurposeCount(BaseModel):
    """How many parties want it for one purpose."""

    purpose: str
    words: Words
    parties: int


class JoinSheet(BaseModel):
    """A party that wants the same."""

    party: PartyView
    use: str
    purpose: str
    joined_at: datetime


class PledgeSheet(BaseModel):
    """A pledge of your own party."""

    id: str
    amount: MoneyForm
    kind: PledgeKind
    purpose: str
    stage: PledgeStage
    share: MoneyForm | None = Field(description="Your part of the price, without VAT.")
    contract: str | None
    reference: str | None = Field(description="Write it on the transfer of a prepaid pledge.")
    made_at: datetime


class AnswerSheet(BaseModel):
    """What a provider would deliver."""

    id: str
    provider: PartyView
    dataset: str | None = Field(description="Short name; null is a dataset that is planned.")
    words: str
    price: MoneyForm = Field(description="For all who pledged together, without VAT.")
    terms: list[dict[str, Any]]
    term_words: Lines
    levels: LevelsSheet | None = Field(description="What every contract would promise.")
    deliver_by: datetime
    stage: AnswerStage
    yes: int = Field(description="How many said yes.")
    no: int
    your_vote: Vote | None
    yours: bool = Field(description="Whether your own party gave it.")


class WantedSheet(BaseModel):
    """A data request and what came of it so far."""

    id: str
    owner: PartyView
    title: dict[str, str]
    description: dict[str, str]
    purpose: str
    purpose_words: Words
    theme: str
    place: str
    period_start: date | None
    period_end: date | None
    columns: list[str]
    goal: MoneyForm | None
    budget: MoneyForm | None
    pledged: MoneyForm
    progress: float | None = Field(description="Pledged of goal, from 0; null without a goal.")
    joined: int
    deadline: datetime
    deliver_by: datetime
    stage: Stage
    stage_words: Words
    dataset: str | None = Field(description="Short name of the dataset that fulfilled it.")
    reason: str
    made_at: datetime
    bound_at: datetime | None
    closed_at: datetime | None
    yours: bool
    joined_by_you: bool

    @property
    def said(self) -> str:
        """Return the title in the language that it has."""
        return self.title.get("en") or next(iter(self.title.values()), "")


class WantedDetailSheet(WantedSheet):
    """A data request with everything that the caller may see of it."""

    terms: Lines = Field(description="When pledges bind and when they are free, in words.")
    purposes: list[PurposeCount]
    joins: list[JoinSheet] = Field(description="All to its owner, to others their own.")
    answers: list[AnswerSheet]
    pledge: PledgeSheet | None = Field(description="Your party's newest pledge.")


class WantedListSheet(BaseModel):
    """A page of data requests."""

    items: list[WantedSheet]
    total: int


class ThemeDemandSheet(BaseModel):
    """What is wanted within one theme and not yet delivered."""

    theme: str
    words: Words
    requests: int
    parties: int = Field(description="Different parties that joined.")
    pledged: list[MoneyForm]
    goals: list[MoneyForm]

    @classmethod
    def of(cls, demand: ThemeDemand) -> Self:
        term = THEMES[demand.theme]
        return cls(
            theme=demand.theme,
            words=Words(da=term.da, en=term.en),
            requests=demand.requests,
            parties=demand.parties,
            pledged=[MoneyForm.of(one) for one in demand.pledged],
            goals=[MoneyForm.of(one) for one in demand.goals],
        )


class DemandSheet(BaseModel):
    """Demand by theme, what most parties want first."""

    items: list[ThemeDemandSheet]


def wanted_sheets(tx: Connection, caller: Caller, found: Sequence[Request]) -> list[WantedSheet]:
    """Return requests as a list shows them."""
    known = parties.parties_by_id(tx, [one.owner for one in found])
    datasets = catalogue.datasets_by_id(tx, [one.dataset for one in found if one.dataset])
    mine = caller.party
    joined = frozenset() if mine is None else store.joined_by(tx, [one.id for one in found], mine)
    return [
        WantedSheet(
            **_plain(one),
            owner=PartyView.of(known[one.owner]),
            dataset=datasets[one.dataset].slug if one.dataset in datasets else None,
            yours=mine == one.owner,
            joined_by_you=one.id in joined,
        )
        for one in found
    ]


def detail_sheet(tx: Connection, caller: Caller, request: Request) -> WantedDetailSheet:
    """Return a request with what the caller may see of joins, pledges and answers."""
    plain = wanted_sheets(tx, caller, [request])[0].model_dump()
    joins = service.joins_of(tx, caller, request)
    known = parties.parties_by_id(tx, [join.party for join in joins])
    own = store.pledge_of(tx, request.id, caller.party) if caller.party else None
    terms = terms_of(request.wanted)
    return WantedDetailSheet(
        **plain,
        terms=Lines.of_sentences(terms),
        purposes=[
            PurposeCount(purpose=code, words=_label(code), parties=many)
            for code, many in service.uses_of(tx, request).items()
        ],
        joins=[
            JoinSheet(
                party=PartyView.of(known[join.party]),
                use=join.use,
                purpose=join.purpose,
                joined_at=join.joined_at,
            )
            for join in joins
        ],
        answers=answer_sheets(tx, caller, answering.answers_of(tx, caller, request)),
        pledge=None if own is None else pledge_sheet(tx, own),
    )


def answer_sheets(tx: Connection, caller: Caller, found: Sequence[Answer]) -> list[AnswerSheet]:
    """Return answers as those who decide on them see them."""
    known = parties.parties_by_id(tx, [one.provider for one in found])
    datasets = catalogue.datasets_by_id(tx, [one.dataset for one in found if one.dataset])
    return [
        AnswerSheet(
            id=one.id,
            provider=PartyView.of(known[one.provider]),
            dataset=datasets[one.dataset].slug if one.dataset in datasets else None,
            words=one.words,
            price=MoneyForm.of(one.price),
            terms=[clause_to_json(clause) for clause in one.clauses],
            term_words=Lines.of_sentences(sentences(one.clauses)),
            levels=LevelsSheet.of(one.levels, one.tariff),
            deliver_by=one.deliver_by,
            stage=one.stage,
            yes=sum(vote is Vote.YES for vote in one.votes.values()),
            no=sum(vote is Vote.NO for vote in one.votes.values()),
            your_vote=None if caller.party is None else one.votes.get(caller.party),
            yours=caller.party == one.provider,
        )
        for one in found
    ]


def pledge_sheet(tx: Connection, pledge: Pledge) -> PledgeSheet:
    """Return a pledge as its own party sees it."""
    return PledgeSheet(
        id=pledge.id,
        amount=MoneyForm.of(pledge.amount),
        kind=pledge.kind,
        purpose=pledge.purpose,
        stage=pledge.stage,
        share=MoneyForm.maybe(pledge.share),
        contract=pledge.contract,
        reference=service.reference_of(tx, pledge),
        made_at=pledge.made_at,
    )


def _plain(request: Request) -> dict[str, Any]:
    wanted = request.wanted
    goal = wanted.goal
    same = (
        "title", "description", "purpose", "theme", "place", "period_start", "period_end",
        "deadline", "deliver_by",
    )  # fmt: skip
    return {
        **{name: getattr(wanted, name) for name in same},
        "id": request.id,
        "purpose_words": _label(wanted.purpose),
        "columns": list(wanted.columns),
        "goal": MoneyForm.maybe(goal),
        "budget": MoneyForm.maybe(wanted.budget),
        "pledged": MoneyForm.of(request.pledged),
        "progress": None if goal is None else round(request.pledged.minor / goal.minor, 4),
        "joined": request.joined,
        "stage": request.stage,
        "stage_words": Words.of(request.stage.words()),
        "reason": request.reason,
        "made_at": request.made_at,
        "bound_at": request.bound_at,
        "closed_at": request.closed_at,
    }


def _label(code: str) -> Words:
    return Words.of(purpose_label(code))
