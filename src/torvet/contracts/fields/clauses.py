"""Clauses as fields of a form: `contracts/terms_fields.html` shows them, and here they are read.

Each kind of clause has fields of its own, so that nobody has to write JSON; the field `terms_json`
takes it for whoever would rather. Offers and the answers to data requests use the same fields.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from torvet.contracts import terms
from torvet.contracts.clauses import (
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
    RowFilter,
    RowsPerDay,
    StateBenefit,
    Thanks,
    Validity,
)
from torvet.contracts.errors import ClauseInvalid, TermsUnreadable
from torvet.contracts.forms import CLAUSES_MAX, ClauseForm
from torvet.kit import filters
from torvet.kit.entered import Entered, whole_number
from torvet.kit.errors import ExchangeError
from torvet.kit.moments import PLACE_ZONE, to_text

JSON_MAX = 100_000
_SHOWN_MAX = 60

_form = TypeAdapter[ClauseForm](ClauseForm)

Fields = dict[str, tuple[str, ...]]


def clauses_entered(entered: Entered) -> tuple[Clause, ...]:
    """Read what was entered as clauses; raise TermsUnreadable with everything that is wrong.

    They are read and not judged: `fitted` does that, against a dataset's columns.
    """
    found: list[Clause] = []
    faults: list[str] = []
    for reader in _READERS:
        try:
            written = reader(entered)
            if written is not None:
                found.append(_clause(written))
        except _Unreadable as wrong:
            faults.append(str(wrong))
        except ExchangeError as wrong:
            faults.append(str(wrong).rstrip("."))
    try:
        found.extend(_written_out(entered.text("terms_json")))
    except _Unreadable as wrong:
        faults.append(str(wrong))
    if faults:
        raise TermsUnreadable(tuple(faults))
    try:
        return terms.in_order(tuple(found))
    except ClauseInvalid as wrong:
        raise TermsUnreadable((str(wrong).rstrip("."),)) from wrong


def clause_fields(clauses: tuple[Clause, ...]) -> Fields:
    """Return the fields in which `clauses` stand, for a form that begins with them."""
    fields: Fields = {}
    for clause in clauses:
        fields |= _fields(clause)
    return fields


def moment_entered(text: str) -> datetime:
    """Read a day, a minute of the place's own time, or an instant with its zone.

    Raise ValueError where it is none of them.
    """
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo is not None else at.replace(tzinfo=PLACE_ZONE)).astimezone(UTC)


def moment_field(at: datetime | None) -> tuple[str, ...]:
    """Return how an instant stands in a field: in the place's own time, where that says it all."""
    if at is None:
        return ()
    local = at.astimezone(PLACE_ZONE).replace(tzinfo=None)
    said = local.isoformat(timespec="seconds" if local.second else "minutes")
    return (said if moment_entered(said) == at else to_text(at),)


class _Unreadable(ValueError):
    """A field says what cannot be read."""


def _clause(written: Mapping[str, Any]) -> Clause:
    try:
        return _form.validate_python(written).to_clause()
    except ValidationError as wrong:
        said = "; ".join(_fault(fault["loc"], fault["msg"]) for fault in wrong.errors())
        raise _Unreadable(f"{str(written.get('clause'))[:_SHOWN_MAX]!r}: {said}") from wrong


def _fault(place: tuple[int | str, ...], message: str) -> str:
    where = " ".join(str(step) for step in place[1:])
    return f"{where} {message[:1].lower()}{message[1:]}".strip()


def _written_out(text: str) -> list[Clause]:
    """Read clauses that were written as JSON, as the interface takes them."""
    if not text.strip():
        return []
    try:
        written = json.loads(text[:JSON_MAX])
    except (ValueError, RecursionError) as wrong:
        raise _Unreadable(f"the clauses as JSON are no JSON ({wrong})") from wrong
    if not isinstance(written, list) or len(written) > CLAUSES_MAX:
        raise _Unreadable(f"the clauses as JSON are no list of at most {CLAUSES_MAX}")
    if not all(isinstance(each, dict) for each in written):
        raise _Unreadable('a clause as JSON is an object such as {"clause": "no-onward-sharing"}')
    try:
        return [_clause(each) for each in written]
    except ExchangeError as wrong:
        raise _Unreadable(str(wrong).rstrip(".")) from wrong


def _purposes(entered: Entered) -> dict[str, Any] | None:
    codes = entered.each("terms_purposes")
    return {"clause": Purposes.kind, "codes": list(codes)} if codes else None


def _validity(entered: Entered) -> dict[str, Any] | None:
    span = {side: _moment(entered, side) for side in ("start", "end")}
    return {"clause": Validity.kind, **span} if any(span.values()) else None


def _moment(entered: Entered, side: str) -> datetime | None:
    said = entered.line(f"terms_{side}")
    if not said:
        return None
    try:
        return moment_entered(said)
    except (ValueError, OverflowError) as wrong:
        raise _Unreadable(f"{said[:_SHOWN_MAX]!r} is no day such as 2026-12-31") from wrong


def _answers(entered: Entered) -> dict[str, Any] | None:
    return {"clause": Answers.kind} if entered.has("terms_answers") else None


def _columns(entered: Entered) -> dict[str, Any] | None:
    names = (*entered.each("terms_columns"), *entered.lines("terms_columns_named"))
    return {"clause": Columns.kind, "names": list(names)} if names else None


def _row_filter(entered: Entered) -> dict[str, Any] | None:
    said = entered.line("terms_filter")
    return {"clause": RowFilter.kind, "filter": said} if said else None


def _rows_per_day(entered: Entered) -> dict[str, Any] | None:
    rows = _number(entered, "terms_rows_per_day", "rows per day")
    return None if rows is None else {"clause": RowsPerDay.kind, "rows": rows}


def _requests_per_minute(entered: Entered) -> dict[str, Any] | None:
    requests = _number(entered, "terms_requests_per_minute", "requests per minute")
    return None if requests is None else {"clause": RequestsPerMinute.kind, "requests": requests}


def _regions(entered: Entered) -> dict[str, Any] | None:
    codes = entered.line("terms_regions").replace(",", " ").upper().split()
    return {"clause": Regions.kind, "codes": codes} if codes else None


def _attribution(entered: Entered) -> dict[str, Any] | None:
    said = entered.line("terms_attribution")
    return {"clause": Attribution.kind, "text": said} if said else None


def _no_onward_sharing(entered: Entered) -> dict[str, Any] | None:
    ticked = entered.has("terms_no_onward_sharing")
    return {"clause": NoOnwardSharing.kind} if ticked else None


def _no_reidentification(entered: Entered) -> dict[str, Any] | None:
    ticked = entered.has("terms_no_reidentification")
    return {"clause": NoReidentification.kind} if ticked else None


def _give_back(entered: Entered) -> dict[str, Any] | None:
    what, text = entered.line("terms_give_back"), entered.line("terms_give_back_text")
    days = _number(entered, "terms_give_back_days", "days to give back")
    if not what and not text and days is None:
        return None
    if not what or not text or days is None:
        raise _Unreadable("what is given back needs all three: what, in how many days, in words")
    return {"clause": GiveBack.kind, "what": what, "days": days, "text": text}


def _state_benefit(entered: Entered) -> dict[str, Any] | None:
    days = _number(entered, "terms_state_benefit_days", "days to state the benefit")
    return None if days is None else {"clause": StateBenefit.kind, "days": days}


def _thanks(entered: Entered) -> dict[str, Any] | None:
    said = entered.line("terms_thanks")
    return {"clause": Thanks.kind, "text": said} if said else None


def _number(entered: Entered, name: str, words: str) -> int | None:
    said = entered.line(name)
    if not said:
        return None
    number = whole_number(said)
    if number is None:
        raise _Unreadable(f"{words}: {said[:_SHOWN_MAX]!r} is no whole number")
    return number


_READERS: tuple[Callable[[Entered], dict[str, Any] | None], ...] = (
    _purposes,
    _validity,
    _answers,
    _columns,
    _row_filter,
    _rows_per_day,
    _requests_per_minute,
    _regions,
    _attribution,
    _no_onward_sharing,
    _no_reidentification,
    _give_back,
    _state_benefit,
    _thanks,
)


def _fields(clause: Clause) -> Fields:  # noqa: C901, PLR0911 - a case a clause
    match clause:
        case Purposes(codes):
            return {"terms_purposes": codes}
        case Regions(codes):
            return {"terms_regions": (", ".join(codes),)}
        case Validity(start, end):
            return {"terms_start": moment_field(start), "terms_end": moment_field(end)}
        case Columns(names):
            return {"terms_columns": names}
        case RowFilter(condition):
            return {"terms_filter": (filters.to_text(condition),)}
        case RowsPerDay(rows):
            return {"terms_rows_per_day": (str(rows),)}
        case RequestsPerMinute(requests):
            return {"terms_requests_per_minute": (str(requests),)}
        case Attribution(text):
            return {"terms_attribution": (text,)}
        case Thanks(text):
            return {"terms_thanks": (text,)}
        case StateBenefit(days):
            return {"terms_state_benefit_days": (str(days),)}
        case GiveBack(what, days, text):
            return {
                "terms_give_back": (what.value,),
                "terms_give_back_days": (str(days),),
                "terms_give_back_text": (text,),
            }
        case Answers() | NoOnwardSharing() | NoReidentification():
            return {f"terms_{clause.kind.replace('-', '_')}": ("yes",)}
