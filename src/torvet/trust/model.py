"""What was measured of a service, what was asked, and what is disputed. Values, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

from torvet.contracts.levels.model import Measure
from torvet.kit.money import Currency, Money

QuestionId = NewType("QuestionId", str)
DisputeId = NewType("DisputeId", str)
MaintenanceId = NewType("MaintenanceId", str)

HOUSE_ACTOR = "exchange"


class Side(StrEnum):
    """Who says something."""

    CONSUMER = "consumer"
    PROVIDER = "provider"
    OPERATOR = "operator"


class Fault(StrEnum):
    """By whose fault a read failed."""

    EXCHANGE = "exchange"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class HourSeen:
    """Twelve slots of an hour as bits, the lowest first: looked at, failed, by the provider."""

    hour: datetime
    seen: int
    failed: int
    by_provider: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Work on a dataset that its provider announced."""

    id: MaintenanceId
    dataset: str
    begins_at: datetime
    ends_at: datetime
    announced_at: datetime
    announced_by: str
    words: str
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """A question, as far as its waiting goes."""

    asked_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """How many slots there were, and what came of them. `planned` are not counted."""

    slots: int
    planned: int
    failed: int
    by_provider: int
    unseen: int

    @property
    def counted(self) -> int:
        return self.slots - self.planned

    @property
    def lost(self) -> int:
        return self.failed + self.unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one promise came to in a month. `measured` is None where nothing could be measured."""

    measure: Measure
    promised: int
    measured: int | None
    percent: int
    figures: Mapping[str, Any]

    @property
    def is_breach(self) -> bool:
        if self.measured is None:
            return False
        if self.measure.is_least:
            return self.measured < self.promised
        return self.measured > self.promised


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a contract's promises came to in the part of a month that it was in force.

    `evidence` are places in the log, at most some hundreds; `percent` of the month's charges are
    given back.
    """

    contract: str
    month: str
    start: datetime
    end: datetime
    made_at: datetime
    findings: tuple[Finding, ...]
    percent: int
    evidence: tuple[int, ...]

    @property
    def breaches(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.is_breach)


class Credit(StrEnum):
    """How far a month's breaches have come to be given back."""

    NONE = "none"
    """Nothing is to be given back."""
    WAITING = "waiting"
    """The month's charges are not invoiced yet."""
    CREDITED = "credited"
    NOTHING = "nothing"
    """Nothing was charged of which anything could be given back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReport:
    """A report on a month that is over, and what came of it."""

    report: Report
    provider: str
    consumer: str
    credit: Credit
    amount: Money | None = None
    notes: tuple[str, ...] = ()
    """Ids of the credit notes."""
    credited_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What somebody said about a question or in a dispute."""

    number: int
    side: Side
    account: str
    at: datetime
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a consumer asks its provider under a contract."""

    id: QuestionId
    contract: str
    asked_at: datetime
    title: str
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    messages: tuple[Message, ...] = ()


class About(StrEnum):
    """What a dispute is about."""

    INVOICE = "invoice"
    PERIOD = "period"
    SERVICE = "service"


class DisputeStage(StrEnum):
    """How far a dispute has come."""

    OPEN = "open"
    ANSWERED = "answered"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


class Outcome(StrEnum):
    """What the operator decides."""

    REJECTED = "rejected"
    CREDITED = "credited"
    CANCELLED = "cancelled"


LIVE = frozenset({DisputeStage.OPEN, DisputeStage.ANSWERED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided, why, by whom, and the credit note that came of it."""

    outcome: Outcome
    reason: str
    amount: Money | None
    decided_at: datetime
    decided_by: str
    credit_note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """Two parties of a contract who do not agree about what happened in a stretch of time.

    `subject` is the invoice, the month, or `service`.
    """

    id: DisputeId
    contract: str
    provider: str
    consumer: str
    opened_at: datetime
    opened_by: str
    about: About
    subject: str
    begins_at: datetime
    ends_at: datetime
    stage: DisputeStage
    answer_until: datetime
    decide_until: datetime
    answered_at: datetime | None = None
    decision: Decision | None = None
    version: int = 1

    @property
    def parties(self) -> tuple[str, str]:
        return self.provider, self.consumer

    @property
    def other(self) -> str:
        """Return the party that did not open it."""
        return self.consumer if self.opened_by == self.provider else self.provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """A fact that a dispute rests on, by its place in the log."""

    position: int
    name: str
    at: datetime


def amount_of(minor: int | None, currency: str | None) -> Money | None:
    """Return the amount that two columns hold."""
    return None if minor is None or currency is None else Money(minor, Currency(currency))
