"""What the interface answers about data requests: rich enough for a page of its own."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Self

from pydantic import BaseModel, Field
from sqlalchemy import Connection

from torvet import catalogue, parties
from torvet.catalogue import THEMES
from torvet.contracts import clause_to_json, purpose_label, sentences
from torvet.kit.money import Currency, Money
from torvet.parties import Caller, Party

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


class AmountSheet(BaseModel):
    """Whole øre or cent."""

    minor: int
    currency: Currency

    @classmethod
    def of(cls, amount: Money) -> Self:
        return cls(minor=amount.minor, currency=amount.currency)

    @classmethod
    def maybe(cls, amount: Money | None) -> Self | None:
        return None if amount is None else cls.of(amount)


class WordsSheet(BaseModel):
    """The same in Danish and in English."""

    da: str
    en: str


class LinesSheet(BaseModel):
    """Sentences in Danish and in English."""

    da: list[str]
    en: list[str]


class WantingPartySheet(BaseModel):
    """A party, as others see it."""

    slug: str
    name: str
    kind: str

    @classmethod
    def of(cls, party: Party) -> Self:
        return cls(slug=party.slug, name=party.name, kind=party.kind.value)


class PurposeCount(BaseModel):
    """How many parties want it for one purpose."""

    purpose: str
    words: WordsSheet
    parties: int


class JoinSheet(BaseModel):
    """A party that wants the same."""

    party: WantingPartySheet
    use: str
    purpose: str
    joined_at: datetime


class PledgeSheet(BaseModel):
    """A pledge of your own party."""

    id: str
    amount: AmountSheet
    kind: PledgeKind
    purpose: str
    stage: PledgeStage
    share: AmountSheet | None = Field(description="Your part of the price, without VAT.")
    contract: str | None
    reference: str | None = Field(description="Write it on the transfer of a prepaid pledge.")
    made_at: datetime


class AnswerSheet(BaseModel):
    """What a provider would deliver."""

    id: str
    provider: WantingPartySheet
    dataset: str | None = Field(description="Short name; null is a dataset that is planned.")
    words: str
    price: AmountSheet = Field(description="For all who pledged together, without VAT.")
    terms: list[dict[str, Any]]
    term_words: LinesSheet
    deliver_by: datetime
    stage: AnswerStage
    yes: int = Field(description="How many said yes.")
    no: int
    your_vote: Vote | None
    yours: bool = Field(description="Whether your own party gave it.")


class WantedSheet(BaseModel):
    """A data request and what came of it so far."""

    id: str
    owner: WantingPartySheet
    title: dict[str, str]
    description: dict[str, str]
    purpose: str
    purpose_words: WordsSheet
    theme: str
    place: str
    period_start: date | None
    period_end: date | None
    columns: list[str]
    goal: AmountSheet | None
    budget: AmountSheet | None
    pledged: AmountSheet
    progress: float | None = Field(description="Pledged of goal, from 0; null without a goal.")
    joined: int
    deadline: datetime
    deliver_by: datetime
    stage: Stage
    stage_words: WordsSheet
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

    terms: LinesSheet = Field(description="When pledges bind and when they are free, in words.")
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
    words: WordsSheet
    requests: int
    parties: int = Field(description="Different parties that joined.")
    pledged: list[AmountSheet]
    goals: list[AmountSheet]

    @classmethod
    def of(cls, demand: ThemeDemand) -> Self:
        term = THEMES[demand.theme]
        return cls(
            theme=demand.theme,
            words=WordsSheet(da=term.da, en=term.en),
            requests=demand.requests,
            parties=demand.parties,
            pledged=[AmountSheet.of(one) for one in demand.pledged],
            goals=[AmountSheet.of(one) for one in demand.goals],
        )


class DemandSheet(BaseModel):
    """Demand by theme, what most parties want first."""

    items: list[ThemeDemandSheet]


def wanted_sheets(tx: Connection, caller: Caller, found: Sequence[Request]) -> list[WantedSheet]:
    """Return requests as a list shows them."""
    known = parties.parties_by_id(tx, [one.owner for one in found])
    datasets = catalogue.datasets_by_id(tx, [one.dataset for one in found if one.dataset])
    mine = caller.party
    return [
        WantedSheet(
            **_plain(one),
            owner=WantingPartySheet.of(known[one.owner]),
            dataset=datasets[one.dataset].slug if one.dataset in datasets else None,
            yours=mine == one.owner,
            joined_by_you=mine is not None and store.has_joined(tx, one.id, mine),
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
        terms=LinesSheet(da=[one.da for one in terms], en=[one.en for one in terms]),
        purposes=[
            PurposeCount(purpose=code, words=_label(code), parties=many)
            for code, many in service.uses_of(tx, request).items()
        ],
        joins=[
            JoinSheet(
                party=WantingPartySheet.of(known[join.party]),
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
            provider=WantingPartySheet.of(known[one.provider]),
            dataset=datasets[one.dataset].slug if one.dataset in datasets else None,
            words=one.words,
            price=AmountSheet.of(one.price),
            terms=[clause_to_json(clause) for clause in one.clauses],
            term_words=LinesSheet(
                da=[line.da for line in sentences(one.clauses)],
                en=[line.en for line in sentences(one.clauses)],
            ),
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
        amount=AmountSheet.of(pledge.amount),
        kind=pledge.kind,
        purpose=pledge.purpose,
        stage=pledge.stage,
        share=AmountSheet.maybe(pledge.share),
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
        "goal": AmountSheet.maybe(goal),
        "budget": AmountSheet.maybe(wanted.budget),
        "pledged": AmountSheet.of(request.pledged),
        "progress": None if goal is None else round(request.pledged.minor / goal.minor, 4),
        "joined": request.joined,
        "stage": request.stage,
        "stage_words": WordsSheet(**request.stage.words().by_language()),
        "reason": request.reason,
        "made_at": request.made_at,
        "bound_at": request.bound_at,
        "closed_at": request.closed_at,
    }


def _label(code: str) -> WordsSheet:
    return WordsSheet(**purpose_label(code).by_language())
