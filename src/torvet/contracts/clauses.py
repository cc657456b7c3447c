"""Clauses: each a value that can object to an ask, and say itself in plain words.

A clause can only object, so one more never allows more. Duties and prohibitions that a program
cannot see kept (attribution, no onward sharing) never object: they are shown, accepted, exported.
What is to be given in return objects when it is overdue.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, TypeAlias

from torvet.kit import filters
from torvet.kit.filters import Filter
from torvet.parties.model import PartyId

from . import purposes, regions
from .sentences import Sentence, count, listed, moment
from .spending import Spending, Used, used


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One wish to read, as it stands before any clause has looked at it."""

    reader: PartyId
    purpose: str
    columns: tuple[str, ...] | None = None
    """The columns asked for or filtered by; None is all that the contract shows."""
    rows: int = 0
    requests: int = 1
    question: bool = False
    """Whether the result of a question is wanted, and no rows."""
    at: datetime
    region: str = ""
    rows_today: int = 0
    requests_this_minute: int = 0
    duties: tuple[tuple[str, datetime], ...] = ()
    """The duties that are not done yet: the kind of the clause, and since when its days count."""
    bytes: int = 0
    """The most bytes of the answer, where they are known by then."""
    short: bool = False
    """Whether less was paid in for a prepaid contract than is owed."""
    spending: Spending | None = None
    """What the month has come to, where a cap is to be kept."""

    @property
    def used(self) -> Used:
        """Return what the read counts as where it has a price."""
        return used(
            rows=self.rows, bytes=self.bytes, requests=self.requests, question=self.question
        )


@dataclass(frozen=True, slots=True)
class Purposes:
    """The data may be used for these purposes (DPV codes), and for narrower ones."""

    kind: ClassVar[str] = "purposes"
    codes: tuple[str, ...]

    def objection(self, ask: Ask) -> Sentence | None:
        if any(purposes.is_within(ask.purpose, code) for code in self.codes):
            return None
        wanted, allowed = purposes.label(ask.purpose), _labels(self.codes)
        return Sentence(
            en=f"the purpose is “{wanted.en}”, and only {allowed.en} is allowed",
            da=f"formålet er “{wanted.da}”, og kun {allowed.da} er tilladt",
        )

    def words(self) -> Sentence:
        allowed = _labels(self.codes)
        return Sentence(
            en=f"The data may be used for {allowed.en}.",
            da=f"Data må bruges til {allowed.da}.",
        )


def _labels(codes: tuple[str, ...]) -> Sentence:
    said = [purposes.label(code) for code in codes]
    return Sentence(
        en=" or ".join(f"“{label.en}”" for label in said),
        da=" eller ".join(f"“{label.da}”" for label in said),
    )


@dataclass(frozen=True, slots=True)
class Validity:
    """The contract allows reads from `start` until just before `end`; an open side is None."""

    kind: ClassVar[str] = "validity"
    start: datetime | None = None
    end: datetime | None = None

    def objection(self, ask: Ask) -> Sentence | None:
        if self.start is not None and ask.at < self.start:
            said = moment(self.start)
            return Sentence(
                en=f"the contract begins at {said.en}, after this read",
                da=f"kontrakten begynder {said.da}, efter denne læsning",
            )
        if self.end is not None and ask.at >= self.end:
            said = moment(self.end)
            return Sentence(
                en=f"the contract expired at {said.en}, before this read",
                da=f"kontrakten udløb {said.da}, før denne læsning",
            )
        return None

    def words(self) -> Sentence:
        match self.start, self.end:
            case None, None:
                return Sentence(en="Valid without an end.", da="Gælder uden slutdato.")
            case None, datetime() as end:
                to = moment(end)
                return Sentence(en=f"Valid until {to.en}.", da=f"Gælder til {to.da}.")
            case datetime() as start, None:
                since = moment(start)
                return Sentence(en=f"Valid from {since.en}.", da=f"Gælder fra {since.da}.")
            case datetime() as start, datetime() as end:
                since, to = moment(start), moment(end)
                return Sentence(
                    en=f"Valid from {since.en} until {to.en}.",
                    da=f"Gælder fra {since.da} til {to.da}.",
                )
        raise AssertionError(self)


@dataclass(frozen=True, slots=True)
class Answers:
    """The contract gives answers to questions, with noise, and never rows.

    It objects to rows. That a contract without it gives no answers, is the rules' business.
    """

    kind: ClassVar[str] = "answers"

    def objection(self, ask: Ask) -> Sentence | None:
        if ask.question:
            return None
        return Sentence(
            en="the contract gives answers to questions, and never rows",
            da="kontrakten giver svar på spørgsmål og aldrig rækker",
        )

    def words(self) -> Sentence:
        return Sentence(
            en="Only answers to questions are given, with noise and within a budget; no rows.",
            da="Der gives kun svar på spørgsmål, med støj og inden for et budget; ingen rækker.",
        )


@dataclass(frozen=True, slots=True)
class Columns:
    """Only these columns are shown; the others are in no file that the consumer can fetch."""

    kind: ClassVar[str] = "columns"
    names: tuple[str, ...]

    def objection(self, ask: Ask) -> Sentence | None:
        beyond = tuple(name for name in ask.columns or () if name not in self.names)
        if not beyond:
            return None
        said, shown = listed(beyond), listed(self.names)
        return Sentence(
            en=f"column {said.en} is not shared under this contract, which shows {shown.en}",
            da=f"kolonnen {said.da} deles ikke efter kontrakten, som viser {shown.da}",
        )

    def words(self) -> Sentence:
        # All of them: what a sentence leaves out would be agreed to unread.
        shown = listed(self.names, len(self.names))
        return Sentence(
            en=f"Only these columns are shared: {shown.en}.",
            da=f"Kun disse kolonner deles: {shown.da}.",
        )


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Only rows that pass are shown. It never objects: other rows are simply not there."""

    kind: ClassVar[str] = "row-filter"
    filter: Filter

    def objection(self, ask: Ask) -> Sentence | None:  # noqa: ARG002 - the face of every clause
        return None

    def words(self) -> Sentence:
        return Sentence(
            en=f"Only rows where {filters.words(self.filter, 'en')} are shared.",
            da=f"Kun rækker hvor {filters.words(self.filter, 'da')} deles.",
        )


@dataclass(frozen=True, slots=True)
class RowsPerDay:
    """At most so many rows are delivered in one day of the place."""

    kind: ClassVar[str] = "rows-per-day"
    rows: int

    def objection(self, ask: Ask) -> Sentence | None:
        if ask.rows_today + ask.rows <= self.rows:
            return None
        wanted, used, limit = count(ask.rows), count(ask.rows_today), count(self.rows)
        return Sentence(
            en=f"{wanted.en} rows are asked for, and of {limit.en} a day {used.en} are used",
            da=f"der bedes om {wanted.da} rækker, og af {limit.da} pr. døgn er {used.da} brugt",
        )

    def words(self) -> Sentence:
        limit = count(self.rows)
        return Sentence(
            en=f"At most {limit.en} rows may be read per day.",
            da=f"Der må højst læses {limit.da} rækker pr. døgn.",
        )


@dataclass(frozen=True, slots=True)
class RequestsPerMinute:
    """At most so many requests are answered in one minute of the clock."""

    kind: ClassVar[str] = "requests-per-minute"
    requests: int

    def objection(self, ask: Ask) -> Sentence | None:
        if ask.requests_this_minute + ask.requests <= self.requests:
            return None
        made, limit = count(ask.requests_this_minute), count(self.requests)
        return Sentence(
            en=f"{made.en} requests were made this minute, and {limit.en} are allowed",
            da=f"der er sendt {made.da} forespørgsler i dette minut, og {limit.da} er tilladt",
        )

    def words(self) -> Sentence:
        limit = count(self.requests)
        return Sentence(
            en=f"At most {limit.en} requests may be made per minute.",
            da=f"Der må højst sendes {limit.da} forespørgsler pr. minut.",
        )


@dataclass(frozen=True, slots=True)
class Regions:
    """The consumer must be at home in one of these: ISO 3166 codes, EU, EEA or NORDIC."""

    kind: ClassVar[str] = "regions"
    codes: tuple[str, ...]

    def objection(self, ask: Ask) -> Sentence | None:
        if any(regions.is_within(ask.region, code) for code in self.codes):
            return None
        home, allowed = ask.region or "?", listed(self.codes)
        return Sentence(
            en=f"the reader is at home in {home}, and only {allowed.en} is allowed",
            da=f"læseren hører hjemme i {home}, og kun {allowed.da} er tilladt",
        )

    def words(self) -> Sentence:
        allowed = listed(self.codes, len(self.codes))
        return Sentence(
            en=f"Only parties at home in {allowed.en} may read the data.",
            da=f"Kun parter hjemmehørende i {allowed.da} må læse data.",
        )


@dataclass(frozen=True, slots=True)
class Attribution:
    """Whoever shows the data names its source in these words."""

    kind: ClassVar[str] = "attribution"
    text: str

    def objection(self, ask: Ask) -> Sentence | None:  # noqa: ARG002 - the face of every clause
        return None

    def words(self) -> Sentence:
        # A text that is a sentence has its own full stop.
        end = "" if self.text.endswith((".", "!", "?")) else "."
        return Sentence(
            en=f"Name the source wherever the data is shown: “{self.text}”{end}",
            da=f"Angiv kilden, hvor data vises: “{self.text}”{end}",
        )


@dataclass(frozen=True, slots=True)
class NoOnwardSharing:
    """The data is not passed on."""

    kind: ClassVar[str] = "no-onward-sharing"

    def objection(self, ask: Ask) -> Sentence | None:  # noqa: ARG002 - the face of every clause
        return None

    def words(self) -> Sentence:
        return Sentence(
            en="The data must not be passed on to anyone else.",
            da="Data må ikke gives videre til andre.",
        )


@dataclass(frozen=True, slots=True)
class NoReidentification:
    """No attempt is made to find out whom a row is about."""

    kind: ClassVar[str] = "no-reidentification"

    def objection(self, ask: Ask) -> Sentence | None:  # noqa: ARG002 - the face of every clause
        return None

    def words(self) -> Sentence:
        return Sentence(
            en="No attempt may be made to find out whom the data is about.",
            da="Det må ikke forsøges at finde ud af, hvem data handler om.",
        )


class Returned(StrEnum):
    """What a consumer gives back for the data."""

    DATASET = "dataset"
    RESULTS = "results"


@dataclass(frozen=True, slots=True)
class GiveBack:
    """In return the consumer gives a dataset or its results, within so many days of agreement.

    It objects only when that is overdue (docs/decisions/0196).
    """

    kind: ClassVar[str] = "give-back"
    what: Returned
    days: int
    text: str

    def objection(self, ask: Ask) -> Sentence | None:
        return _overdue(
            ask,
            self.kind,
            self.days,
            Sentence(
                en=f"{_RETURNED[self.what].en} that was to be given back",
                da=f"{_RETURNED[self.what].da}, der skulle gives igen",
            ),
        )

    def words(self) -> Sentence:
        said = _RETURNED[self.what]
        return Sentence(
            en=f"In return, {said.en} is given back within {self.days} days: “{self.text}”. "
            "When that is overdue, reads are refused.",
            da=f"Til gengæld gives {said.da} igen inden {self.days} dage: “{self.text}”. "
            "Er det forfaldent, afvises læsninger.",
        )


_RETURNED = {
    Returned.DATASET: Sentence(en="a dataset", da="et datasæt"),
    Returned.RESULTS: Sentence(en="what came of it", da="resultatet"),
}


@dataclass(frozen=True, slots=True)
class StateBenefit:
    """The consumer states what its use was good for, within so many days of agreement.

    It objects only when that is overdue.
    """

    kind: ClassVar[str] = "state-benefit"
    days: int

    def objection(self, ask: Ask) -> Sentence | None:
        owed = Sentence(
            en="the statement of what the use was good for",
            da="oplysningen om, hvad brugen gavnede",
        )
        return _overdue(ask, self.kind, self.days, owed)

    def words(self) -> Sentence:
        return Sentence(
            en=f"What the use was good for is stated here within {self.days} days. "
            "When that is overdue, reads are refused.",
            da=f"Hvad brugen gavnede, oplyses her inden {self.days} dage. "
            "Er det forfaldent, afvises læsninger.",
        )


@dataclass(frozen=True, slots=True)
class Thanks:
    """Whoever shows what came of the data thanks the provider in these words, and says so here."""

    kind: ClassVar[str] = "thanks"
    text: str

    def objection(self, ask: Ask) -> Sentence | None:  # noqa: ARG002 - the face of every clause
        return None

    def words(self) -> Sentence:
        return Sentence(
            en=f"Thank the provider where the result is shown: “{self.text}”.",
            da=f"Tak udbyderen, hvor resultatet vises: “{self.text}”.",
        )


def _overdue(ask: Ask, kind: str, days: int, owed: Sentence) -> Sentence | None:
    """Object where the duty of `kind` is not done and its `days` are over."""
    since = dict(ask.duties).get(kind)
    if since is None or ask.at < (due := since + timedelta(days=days)):
        return None
    said = moment(due)
    return Sentence(
        en=f"{owed.en} was due at {said.en} and is not there",
        da=f"{owed.da} skulle foreligge {said.da} og mangler",
    )


Clause: TypeAlias = (
    Purposes
    | Validity
    | Answers
    | Columns
    | RowFilter
    | RowsPerDay
    | RequestsPerMinute
    | Regions
    | Attribution
    | NoOnwardSharing
    | NoReidentification
    | GiveBack
    | StateBenefit
    | Thanks
)

CLAUSES: tuple[type[Clause], ...] = (
    Purposes,
    Validity,
    Answers,
    Columns,
    RowFilter,
    RowsPerDay,
    RequestsPerMinute,
    Regions,
    Attribution,
    NoOnwardSharing,
    NoReidentification,
    GiveBack,
    StateBenefit,
    Thanks,
)
"""Every kind of clause, in the order in which terms are shown."""

LIMITS = (RowsPerDay, RequestsPerMinute)
"""The clauses that judge by what was used before."""

DUTIES = (GiveBack, StateBenefit, Thanks)
"""The clauses that are done once, and are open until then."""
