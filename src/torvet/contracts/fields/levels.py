"""Service levels as fields of a form: `contracts/level_fields.html` shows them; read here."""

import re
from typing import Any

from torvet.contracts.levels.model import (
    AS_STATED,
    NO_LEVELS,
    PERCENT_MAX,
    Level,
    LevelsInvalid,
    Measure,
    ServiceLevels,
    Step,
    from_json,
    percent_text,
)
from torvet.kit.entered import Entered, whole_number

from .clauses import Fields

_NAMES = {
    Measure.AVAILABILITY: "availability",
    Measure.FRESHNESS: "freshness",
    Measure.QUALITY: "quality",
    Measure.SUPPORT: "the first answer",
}
_PERCENT = re.compile(r"([0-9]{1,9})\s*%?")
_WHERE = re.compile(r"level ([0-9]+)")


def levels_entered(entered: Entered, *, stated_hours: int | None = None) -> ServiceLevels:
    """Read what was entered as service levels; raise LevelsInvalid with everything that is wrong.

    Nothing entered promises nothing. `stated_hours` is how often the dataset says that it is
    brought up to date, None where it says nothing.
    """
    measures = [measure for measure in Measure if _is_used(entered, measure)]
    if not measures:
        return NO_LEVELS
    written: dict[str, Any] = {"levels": [_level(entered, measure) for measure in measures]}
    if entered.has("levels_most_percent"):
        written["most_percent"] = _percent(entered.line("levels_most_percent"))
    try:
        return from_json(written, stated_hours=stated_hours)
    except LevelsInvalid as wrong:
        names = [_NAMES[measure] for measure in measures]
        told = [_WHERE.sub(lambda it: names[int(it[1]) - 1], said) for said in wrong.reasons]
        raise LevelsInvalid(tuple(_in_words(said) for said in told)) from wrong


def level_fields(promised: ServiceLevels) -> Fields:
    """Return the fields in which `promised` stands, for a form that begins with it."""
    fields: Fields = {}
    for level in promised.levels:
        fields |= _fields(level)
    if promised and promised.most_percent < PERCENT_MAX:
        fields["levels_most_percent"] = (str(promised.most_percent),)
    return fields


def _is_used(entered: Entered, measure: Measure) -> bool:
    # The names of two fields may begin alike only where they are of one measure.
    return entered.says_anything(f"levels_{measure}")


def _level(entered: Entered, measure: Measure) -> dict[str, Any]:
    begin = f"levels_{measure}"
    level: dict[str, Any] = {
        "level": measure.value,
        "promised": _number(measure, entered.line(begin)),
        "back": [_step(measure, line) for line in entered.lines(f"{begin}_back")],
    }
    if measure is Measure.FRESHNESS and entered.has(f"{begin}_as_stated"):
        typed = entered.line(begin)
        level["promised"] = f"{typed} and as stated" if typed else AS_STATED
    notice, hours = (entered.line(f"{begin}_{name}") for name in ("notice", "hours"))
    if measure is Measure.AVAILABILITY and (notice or hours):
        level["maintenance"] = {
            "notice_hours": whole_number(notice),
            "hours_a_month": whole_number(hours),
        }
    return level


def _step(measure: Measure, line: str) -> dict[str, Any]:
    past, colon, percent = (part.strip() for part in line.rpartition(":"))
    step: dict[str, Any] = {"percent": _percent(percent)}
    if colon:
        step["past"] = _number(measure, past)
    return step


def _number(measure: Measure, said: str) -> int | str:
    if measure is Measure.AVAILABILITY:
        return said.removesuffix("%").strip().replace(",", ".")
    number = whole_number(said)
    return said if number is None else number


def _percent(said: str) -> int | None:
    found = _PERCENT.fullmatch(said)
    return None if found is None else int(found[1])


def _in_words(said: str) -> str:
    for key, words in (
        ("notice_hours", "hours of notice"),
        ("hours_a_month", "hours a month"),
        ("most_percent", "the most that is given back"),
    ):
        said = said.replace(key, words)
    return said


def _fields(level: Level) -> Fields:
    begin = f"levels_{level.measure}"
    fields: Fields = {
        begin: (_said(level.measure, level.promised),),
        f"{begin}_back": ("\n".join(_step_line(level.measure, step) for step in level.steps),),
    }
    if level.maintenance is not None:
        fields[f"{begin}_notice"] = (str(level.maintenance.notice_hours),)
        fields[f"{begin}_hours"] = (str(level.maintenance.hours_a_month),)
    return fields


def _step_line(measure: Measure, step: Step) -> str:
    return f"{_said(measure, step.past)}: {step.percent}"


def _said(measure: Measure, value: int) -> str:
    return percent_text(value) if measure is Measure.AVAILABILITY else str(value)
