"""What requests about services and disputes say, and what they are answered."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from torvet.billing.forms import MoneyForm
from torvet.contracts import Measure
from torvet.contracts.levels import words as level_words
from torvet.contracts.levels.model import percent_text
from torvet.kit.money import MINOR_MAX

from .model import (
    About,
    Credit,
    Dispute,
    DisputeStage,
    Exhibit,
    Finding,
    KeptReport,
    Message,
    Outcome,
    Planned,
    Question,
    Side,
)

WORDS_MAX = 5_000
TITLE_MAX = 200

_LINE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
_TEXT = r"^[^\x00]*[^\s\x00][^\x00]*$"

Words = Annotated[str, Field(min_length=1, max_length=WORDS_MAX, pattern=_TEXT)]
Title = Annotated[str, Field(min_length=1, max_length=TITLE_MAX, pattern=_LINE)]
SubjectText = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]*$")]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AmountForm(_Form, MoneyForm):
    """Whole øre or cent."""

    minor: Annotated[int, Field(ge=-MINOR_MAX, le=MINOR_MAX)]


class MaintenanceForm(_Form):
    """Work on a dataset that begins later."""

    begins_at: AwareDatetime
    ends_at: AwareDatetime
    words: Words


class QuestionForm(_Form):
    """A question to the provider."""

    title: Title
    words: Words


class WordsForm(_Form):
    """What somebody says."""

    words: Words


class DisputeForm(_Form):
    """What is disputed: an invoice by its number or id, a month like 2026-06, or the service."""

    about: About
    subject: SubjectText = ""
    words: Words


class RulingForm(_Form):
    """What the operator decides."""

    outcome: Outcome
    reason: Words
    amount: AmountForm | None = Field(None, description="Without VAT; where it is credited.")
    invoice: SubjectText | None = Field(
        None, description="Which invoice is credited, where the dispute is not about one."
    )


class MaintenanceSheet(BaseModel):
    """Announced work; whether a contract leaves it out is that contract's own term."""

    id: str
    begins_at: datetime
    ends_at: datetime
    announced_at: datetime
    words: str
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, one: Planned) -> Self:
        return cls(
            id=one.id,
            begins_at=one.begins_at,
            ends_at=one.ends_at,
            announced_at=one.announced_at,
            words=one.words,
            withdrawn_at=one.withdrawn_at,
        )


class MaintenancesSheet(BaseModel):
    """Work on a dataset, by its beginning."""

    items: list[MaintenanceSheet]


class FindingSheet(BaseModel):
    """What one promise came to."""

    measure: Measure
    promised: str
    measured: str | None = Field(description="Null where nothing could be measured.")
    breach: bool
    percent: int = Field(description="Percent of the month's charges that this gives back.")
    figures: dict[str, Any]
    words: dict[str, str]

    @classmethod
    def of(cls, one: Finding) -> Self:
        promised = level_words.measured(one.measure, one.promised)
        found = None if one.measured is None else level_words.measured(one.measure, one.measured)
        nothing = {"da": "intet at måle", "en": "nothing to measure"}
        return cls(
            measure=one.measure,
            promised=_plain(one.measure, one.promised),
            measured=None if one.measured is None else _plain(one.measure, one.measured),
            breach=one.is_breach,
            percent=one.percent,
            figures=dict(one.figures),
            words={
                "da": f"{nothing['da'] if found is None else found.da}, lovet {promised.da}",
                "en": f"{nothing['en'] if found is None else found.en}, promised {promised.en}",
            },
        )


def _plain(measure: Measure, value: int) -> str:
    return percent_text(value) if measure is Measure.AVAILABILITY else str(value)


class ReportSheet(BaseModel):
    """What a contract's promises came to in a month, with places in the log to check it by."""

    contract: str
    month: str
    start: datetime
    end: datetime
    made_at: datetime
    findings: list[FindingSheet]
    percent: int = Field(description="Percent of the month's charges that is given back.")
    credit: Credit = Field(description="How far that has come.")
    amount: MoneyForm | None = Field(description="What was given back, without VAT.")
    notes: list[str] = Field(description="The credit notes.")
    evidence: list[int] = Field(description="Places in the log; `torvet log receipt` proves them.")

    @classmethod
    def of(cls, kept: KeptReport) -> Self:
        report = kept.report
        return cls(
            contract=report.contract,
            month=report.month,
            start=report.start,
            end=report.end,
            made_at=report.made_at,
            findings=[FindingSheet.of(one) for one in report.findings],
            percent=report.percent,
            credit=kept.credit,
            amount=MoneyForm.maybe(kept.amount),
            notes=list(kept.notes),
            evidence=list(report.evidence),
        )


class ReportsSheet(BaseModel):
    """Reports on months that are over, the newest first."""

    items: list[ReportSheet]


class MessageSheet(BaseModel):
    """What one side said."""

    side: Side
    at: datetime
    words: str

    @classmethod
    def of(cls, one: Message) -> Self:
        return cls(side=one.side, at=one.at, words=one.words)


class QuestionSheet(BaseModel):
    """A question; `messages` where one alone was asked for."""

    id: str
    contract: str
    title: str
    asked_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None
    messages: list[MessageSheet]

    @classmethod
    def of(cls, one: Question) -> Self:
        return cls(
            id=one.id,
            contract=one.contract,
            title=one.title,
            asked_at=one.asked_at,
            answered_at=one.answered_at,
            closed_at=one.closed_at,
            messages=[MessageSheet.of(each) for each in one.messages],
        )


class QuestionsSheet(BaseModel):
    """Questions under a contract, the newest first."""

    items: list[QuestionSheet]


class ExhibitSheet(BaseModel):
    """A fact that a dispute rests on, by its place in the log."""

    position: int
    name: str
    at: datetime

    @classmethod
    def of(cls, one: Exhibit) -> Self:
        return cls(position=one.position, name=one.name, at=one.at)


class DecisionSheet(BaseModel):
    """What was decided."""

    outcome: Outcome
    reason: str
    amount: MoneyForm | None
    credit_note: str | None
    decided_at: datetime


class DisputeSheet(BaseModel):
    """A dispute, with what was said and what the log says where one alone was asked for."""

    id: str
    contract: str
    provider: str
    consumer: str
    opened_by: str
    opened_at: datetime
    about: About
    subject: str
    begins_at: datetime
    ends_at: datetime
    stage: DisputeStage
    answer_until: datetime = Field(description="Until then the other party may answer.")
    decide_until: datetime = Field(description="By then the operator decides.")
    answered_at: datetime | None
    decision: DecisionSheet | None
    messages: list[MessageSheet]
    evidence: list[ExhibitSheet]

    @classmethod
    def of(
        cls, one: Dispute, said: tuple[Message, ...] = (), shown: list[Exhibit] | None = None
    ) -> Self:
        made = one.decision
        return cls(
            id=one.id,
            contract=one.contract,
            provider=one.provider,
            consumer=one.consumer,
            opened_by=one.opened_by,
            opened_at=one.opened_at,
            about=one.about,
            subject=one.subject,
            begins_at=one.begins_at,
            ends_at=one.ends_at,
            stage=one.stage,
            answer_until=one.answer_until,
            decide_until=one.decide_until,
            answered_at=one.answered_at,
            decision=None
            if made is None
            else DecisionSheet(
                outcome=made.outcome,
                reason=made.reason,
                amount=MoneyForm.maybe(made.amount),
                credit_note=made.credit_note,
                decided_at=made.decided_at,
            ),
            messages=[MessageSheet.of(each) for each in said],
            evidence=[ExhibitSheet.of(each) for each in shown or ()],
        )


class DisputesSheet(BaseModel):
    """Disputes, the newest first. `next` is the `after` of the next page, null on the last."""

    items: list[DisputeSheet]
    next: str | None


class EvidenceSheet(BaseModel):
    """Facts with their proofs: `torvet verify FILE --key KEY` checks them without the exchange."""

    kind: str = Field(description="`torvet-evidence/1`.")
    about: str
    checkpoint: str
    facts: list[dict[str, Any]]
    withheld: list[dict[str, Any]] = Field(description="Places and hashes of what names others.")
