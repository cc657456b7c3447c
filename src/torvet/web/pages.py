"""Pages: one Jinja environment over the frame's and every slice's templates."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from torvet.kit.moments import PLACE_ZONE

from .parts import parts_of

_PACKAGE = Path(__file__).parent.parent
STATIC = Path(__file__).parent / "static"
_KILO = 1000


@cache
def _environment() -> Environment:
    folders = sorted(_PACKAGE.glob("*/templates"))
    env = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(count=count, size=size, words=words, ago=ago)
    env.filters.update(day=day, last_day=last_day, month=month, moment=moment)
    return env


def render(
    request: Request, template: str, *, http_status: int = 200, **values: object
) -> HTMLResponse:
    """Return the page `template` with `values`, and what every page knows besides."""
    parts = parts_of(request)
    caller = getattr(request.state, "caller", None)
    known = {
        "request": request,
        "settings": parts.settings,
        "now": parts.clock.now(),
        "caller": caller,
    }
    page = _environment().get_template(template).render({**known, **values})
    return HTMLResponse(page, http_status)


def wants_page(accept: str) -> bool:
    """Say whether an Accept header comes from a browser that would show a page."""
    return "text/html" in accept


def count(number: float | None) -> str:
    """Write a count as amounts are written: `44,288`."""
    return "–" if number is None else f"{number:,}"


def size(octets: float) -> str:
    """Write a number of bytes in the unit that reads best: `1.3 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if octets < _KILO:
            return f"{octets:.0f} {unit}" if unit == "B" else f"{octets:.1f} {unit}"
        octets /= _KILO
    return f"{octets:.1f} TB"


def words(text: Mapping[str, str] | str | None, language: str = "en") -> str:
    """Return a text in `language`, or in the first language that it has."""
    if isinstance(text, Mapping):
        return text.get(language) or next(iter(text.values()), "")
    return text or ""


def day(at: date) -> str:
    """Write a day, or that of an instant where the exchange stands: `22 November 2026`."""
    there = at.astimezone(PLACE_ZONE) if isinstance(at, datetime) else at
    return f"{there.day} {there:%B %Y}"


def last_day(end: datetime) -> str:
    """Write the last day before `end`, with which something is over."""
    return day(end - timedelta(microseconds=1))


def month(text: str) -> str:
    """Write a month such as `2026-11`: `November 2026`."""
    return f"{date.fromisoformat(f'{text}-01'):%B %Y}"


def moment(at: datetime) -> str:
    """Write an instant where the exchange stands: `22 November 2026, 14:05`."""
    return f"{day(at)}, {at.astimezone(PLACE_ZONE):%H:%M}"


def ago(at: datetime, now: datetime) -> str:
    """Write how long ago `at` was: `3 hours ago`."""
    seconds = max(0, int((now - at.astimezone(UTC)).total_seconds()))
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            number = seconds // length
            return f"{number} {unit}{'' if number == 1 else 's'} ago"
    return "just now"
