"""Clauses as JSON, and what makes a set of them fit to be offered.

A tag is never used again and a field never changes its meaning: contracts live for years.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from torvet.kit import filters
from torvet.kit.canonical import canonical
from torvet.kit.moments import from_text, to_text

from . import purposes, regions
from .clauses import (
    CLAUSES,
    Answers,
    Attribution,
    Clause,
    Columns,
    GiveBack,
    NoOnwardSharing,
    NoReidentification,
    Purposes,
    Regions,
    RequestsPerMinute,
    Returned,
    RowFilter,
    RowsPerDay,
    StateBenefit,
    Thanks,
    Validity,
)
from .errors import ClauseInvalid, PurposeUnknown
from .levels import model as service_levels
from .levels.model import NO_LEVELS, LevelsInvalid, ServiceLevels
from .model import Approval, Contract, Offer
from .prices import terms as price_terms
from .prices.model import FREE, Price
from .sentences import Sentence

ROWS_PER_DAY_MAX = 10**12
REQUESTS_PER_MINUTE_MAX = 10**6
COLUMNS_MAX = 2_000
CODES_MAX = 50
ATTRIBUTION_MAX = 500
DUTY_DAYS_MAX = 3_660
NOTHING_MONTHLY = (
    "a part of the month's charges is to be given back, and the price is paid once, which belongs "
    "to no month: name a price by the month, the year or use, or give nothing back"
)


def to_json(clause: Clause) -> dict[str, Any]:  # noqa: C901, PLR0911 - a case a clause
    """Return the stored form of `clause`."""
    match clause:
        case Purposes(codes) | Regions(codes):
            return {"clause": clause.kind, "codes": list(codes)}
        case Validity(start, end):
            return {"clause": clause.kind, "start": _written(start), "end": _written(end)}
        case Columns(names):
            return {"clause": clause.kind, "names": list(names)}
        case RowFilter(condition):
            return {"clause": clause.kind, "filter": filters.to_json(condition)}
        case RowsPerDay(rows):
            return {"clause": clause.kind, "rows": rows}
        case RequestsPerMinute(requests):
            return {"clause": clause.kind, "requests": requests}
        case Attribution(text) | Thanks(text):
            return {"clause": clause.kind, "text": text}
        case GiveBack(what, days, text):
            return {"clause": clause.kind, "what": what.value, "days": days, "text": text}
        case StateBenefit(days):
            return {"clause": clause.kind, "days": days}
        case Answers() | NoOnwardSharing() | NoReidentification():
            return {"clause": clause.kind}


def from_json(data: Mapping[str, Any]) -> Clause:  # noqa: C901, PLR0911, PLR0912 - a case a clause
    """Read the stored form of a clause; raise ClauseInvalid where it is none."""
    match data:
        case {"clause": "purposes", "codes": [*codes]}:
            return Purposes(tuple(codes))
        case {"clause": "validity", "start": start, "end": end}:
            return Validity(_read(start), _read(end))
        case {"clause": "answers"}:
            return Answers()
        case {"clause": "columns", "names": [*names]}:
            return Columns(tuple(names))
        case {"clause": "row-filter", "filter": condition}:
            return RowFilter(filters.from_json(condition))
        case {"clause": "rows-per-day", "rows": int(rows)}:
            return RowsPerDay(rows)
        case {"clause": "requests-per-minute", "requests": int(requests)}:
            return RequestsPerMinute(requests)
        case {"clause": "regions", "codes": [*codes]}:
            return Regions(tuple(codes))
        case {"clause": "attribution", "text": str(text)}:
            return Attribution(text)
        case {"clause": "give-back", "what": str(what), "days": int(days), "text": str(text)} if (
            what in set(Returned)
        ):
            return GiveBack(Returned(what), days, text)
        case {"clause": "state-benefit", "days": int(days)}:
            return StateBenefit(days)
        case {"clause": "thanks", "text": str(text)}:
            return Thanks(text)
        case {"clause": "no-onward-sharing"}:
            return NoOnwardSharing()
        case {"clause": "no-reidentification"}:
            return NoReidentification()
        case _:
            raise ClauseInvalid(str(data.get("clause"))[:80], "it is no clause that is known here")


def digest_of(
    dataset: str,
    title: str,
    approval: Approval,
    clauses: tuple[Clause, ...],
    price: Price = FREE,
    *,
    levels: ServiceLevels = NO_LEVELS,
) -> str:
    """Return the SHA-256 of terms, price and levels: what a buyer saw, in one short text."""
    seen: dict[str, Any] = {
        "dataset": dataset,
        "title": title,
        "approval": approval.value,
        "clauses": [to_json(clause) for clause in clauses],
    }
    if price != FREE:
        seen["price"] = price_terms.to_json(price)
    if levels:
        seen["levels"] = service_levels.to_json(levels)
    return hashlib.sha256(canonical(seen)).hexdigest()


def digest_of_offer(offer: Offer) -> str:
    """Return the digest of all that an offer says."""
    return digest_of(
        offer.dataset,
        offer.title,
        offer.approval,
        offer.clauses,
        offer.price,
        levels=offer.levels,
    )


def fitted(clauses: tuple[Clause, ...], types: Mapping[str, str] | None) -> tuple[Clause, ...]:
    """Return `clauses` in the order of CLAUSES, each checked and in the columns' own types.

    `types` are the columns of the newest release, None where there is none yet. Raise
    ClauseInvalid, PurposeUnknown or FilterInvalid where a clause cannot be executed.
    """
    return tuple(_checked(clause, types) for clause in in_order(clauses))


def check_levels(promised: ServiceLevels, price: Price) -> None:
    """Raise LevelsInvalid where a breach would give back a part of charges that nobody ever has.

    What is given back is a part of what a month is charged, and what is paid once belongs to none.
    """
    paid = [case.tariff for case in price.cases if not case.tariff.is_free]
    if promised.gives and paid and all(tariff.is_once for tariff in paid):
        raise LevelsInvalid((NOTHING_MONTHLY,))


def in_order(clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
    """Return `clauses` in the order of CLAUSES; raise ClauseInvalid where a kind is there twice."""
    kinds = [clause.kind for clause in clauses]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise ClauseInvalid(kind, "it stands there twice, and terms say each thing once")
    if {Answers.kind, RowFilter.kind} <= set(kinds):
        raise ClauseInvalid(
            Answers.kind, "beside it no row is shared that a row filter could leave out"
        )
    order = [kind.kind for kind in CLAUSES]
    return tuple(sorted(clauses, key=lambda clause: order.index(clause.kind)))


def _checked(clause: Clause, types: Mapping[str, str] | None) -> Clause:  # noqa: C901, PLR0911 - a case a clause
    match clause:
        case Purposes(codes):
            return Purposes(_distinct(clause.kind, tuple(purpose_code(code) for code in codes)))
        case Regions(codes):
            return Regions(_distinct(clause.kind, tuple(_region(code) for code in codes)))
        case Validity(start, end):
            return _span(start, end)
        case Columns(names):
            return Columns(_columns(names, types))
        case RowFilter(condition):
            return RowFilter(filters.check(condition, _types(clause.kind, types)))
        case RowsPerDay(rows):
            return RowsPerDay(_within(clause.kind, rows, ROWS_PER_DAY_MAX))
        case RequestsPerMinute(requests):
            return RequestsPerMinute(_within(clause.kind, requests, REQUESTS_PER_MINUTE_MAX))
        case Attribution(text):
            return Attribution(_text(clause.kind, text))
        case Thanks(text):
            return Thanks(_text(clause.kind, text))
        case GiveBack(what, days, text):
            days = _within(clause.kind, days, DUTY_DAYS_MAX)
            return GiveBack(what, days, _text(clause.kind, text))
        case StateBenefit(days):
            return StateBenefit(_within(clause.kind, days, DUTY_DAYS_MAX))
        case Answers() | NoOnwardSharing() | NoReidentification():
            return clause


def purpose_code(text: str) -> str:
    """Return the DPV code of a purpose however it is written; raise PurposeUnknown."""
    code = purposes.code_of(text)
    if code is None:
        raise PurposeUnknown(text[:200])
    return code


def _region(code: str) -> str:
    if not regions.is_region(code):
        raise ClauseInvalid("regions", f"{code[:20]!r} is no ISO 3166 code, EU, EEA or NORDIC")
    return code


def _distinct(kind: str, codes: tuple[str, ...]) -> tuple[str, ...]:
    if not 0 < len(codes) <= CODES_MAX:
        raise ClauseInvalid(kind, f"it names {len(codes)} codes, and 1 to {CODES_MAX} are wanted")
    return tuple(dict.fromkeys(codes))


def _span(start: datetime | None, end: datetime | None) -> Validity:
    if start is None and end is None:
        raise ClauseInvalid("validity", "it has neither a start nor an end")
    if any(at is not None and at.tzinfo is None for at in (start, end)):
        raise ClauseInvalid("validity", "it names no time zone: end it with Z or an offset")
    try:
        span = Validity(*(None if at is None else at.astimezone(UTC) for at in (start, end)))
    except OverflowError as wrong:
        raise ClauseInvalid("validity", "it lies beyond the calendar") from wrong
    if span.start is not None and span.end is not None and span.start >= span.end:
        raise ClauseInvalid("validity", "it ends before it begins")
    return span


def _columns(names: tuple[str, ...], types: Mapping[str, str] | None) -> tuple[str, ...]:
    known = _types("columns", types)
    if not 0 < len(names) <= COLUMNS_MAX:
        raise ClauseInvalid("columns", f"it names {len(names)}, and 1 to {COLUMNS_MAX} are wanted")
    missing = [name for name in names if name not in known]
    if missing:
        raise ClauseInvalid(
            "columns", f"the dataset has no column {', '.join(name[:60] for name in missing[:10])}"
        )
    return tuple(dict.fromkeys(names))


def _types(kind: str, types: Mapping[str, str] | None) -> Mapping[str, str]:
    if types is None:
        raise ClauseInvalid(kind, "the dataset has no release yet, so no columns to name")
    return types


def _within(kind: str, number: int, most: int) -> int:
    if not 0 < number <= most:
        raise ClauseInvalid(kind, f"{number} is not between 1 and {most:,}")
    return number


def _text(kind: str, text: str) -> str:
    if not text.strip() or len(text) > ATTRIBUTION_MAX or "\0" in text:
        raise ClauseInvalid(kind, f"it has no text, or more than {ATTRIBUTION_MAX} characters")
    return text


def _written(at: datetime | None) -> str | None:
    return None if at is None else to_text(at)


def _read(text: str | None) -> datetime | None:
    return None if text is None else from_text(text)


def words(clauses: tuple[Clause, ...]) -> list[Sentence]:
    """Return terms in plain words: a sentence a clause, in both languages."""
    return [clause.words() for clause in clauses]


def said(agreed: Offer | Contract, language: str) -> list[str]:
    """Return the terms of an offer or contract in plain `da` or `en`."""
    return [sentence[language] for sentence in words(agreed.clauses)]
