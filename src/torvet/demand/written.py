"""What is wanted, as JSON. A key never changes its meaning: requests are read for years."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from torvet.kit.moments import from_text, to_text
from torvet.kit.money import Money
from torvet.parties.model import PartyId

from .model import Wanted


def to_json(wanted: Wanted) -> dict[str, Any]:
    """Return the stored form of what is wanted."""
    return {
        "title": dict(wanted.title),
        "description": dict(wanted.description),
        "purpose": wanted.purpose,
        "theme": wanted.theme,
        "place": wanted.place,
        "period": [_day(wanted.period_start), _day(wanted.period_end)],
        "columns": list(wanted.columns),
        "goal": None if wanted.goal is None else wanted.goal.to_json(),
        "budget": None if wanted.budget is None else wanted.budget.to_json(),
        "deadline": to_text(wanted.deadline),
        "deliver_by": to_text(wanted.deliver_by),
        "circle": None if wanted.circle is None else list(wanted.circle),
    }


def from_json(written: Mapping[str, Any]) -> Wanted:
    """Read what `to_json` wrote."""
    start, end = written["period"]
    circle = written["circle"]
    return Wanted(
        title=written["title"],
        description=written["description"],
        purpose=written["purpose"],
        theme=written["theme"],
        place=written["place"],
        period_start=None if start is None else date.fromisoformat(start),
        period_end=None if end is None else date.fromisoformat(end),
        columns=tuple(written["columns"]),
        goal=None if written["goal"] is None else Money.from_json(written["goal"]),
        budget=None if written["budget"] is None else Money.from_json(written["budget"]),
        deadline=from_text(written["deadline"]),
        deliver_by=from_text(written["deliver_by"]),
        circle=None if circle is None else tuple(PartyId(one) for one in circle),
    )


def words_of(wanted: Wanted) -> str:
    """Return every word that a search looks in, case-folded."""
    said = (*wanted.title.values(), *wanted.description.values(), *wanted.columns)
    return "\n".join(said).casefold()


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
