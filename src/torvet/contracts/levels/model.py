"""What a provider promises of its service, and what it gives back where it breaks that. Pure.

A promise is a bound on something that the exchange measures itself, month by month. Numbers are
whole: hundredths of a percent, hours, points of a score.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from torvet.kit.errors import ExchangeError, Kind

PERCENT_MAX = 100
WHOLE = 10_000
"""All of a month, in hundredths of a percent."""
HOURS_MAX = 24 * 366 * 10
SCORE_MAX = 100
STEPS_MAX = 10
NOTICE_HOURS_MAX = 24 * 90
MAINTENANCE_HOURS_MAX = 24 * 7
AS_STATED = "as-stated"
"""Said instead of hours: as often as the dataset says that it is brought up to date."""

_DECIMALS = 2
_SHOWN_MAX = 80


class Measure(StrEnum):
    """What is promised, in the order in which it is said."""

    AVAILABILITY = "availability"
    """Hundredths of a percent of the month's slots in which a read succeeded."""
    FRESHNESS = "freshness"
    """Hours that the newest release became old at most."""
    QUALITY = "quality"
    """Points of 100 of the worst release."""
    SUPPORT = "support"
    """Working hours until the first answer to a question."""

    @property
    def is_least(self) -> bool:
        """Say whether more is better: then the promise is the least, and else the most."""
        return self in {Measure.AVAILABILITY, Measure.QUALITY}


@dataclass(frozen=True, slots=True)
class Step:
    """What is given back where a measurement is past `past`: percent of the month's charges."""

    past: int
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """Planned work that is not held against availability, if announced so long before."""

    notice_hours: int
    hours_a_month: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One promise. `steps` go from the promise on to what is worse, each giving back more."""

    measure: Measure
    promised: int
    steps: tuple[Step, ...] = ()
    maintenance: Maintenance | None = None

    def is_kept(self, measured: int) -> bool:
        """Say whether a measurement keeps the promise. Equal keeps it."""
        return not self._is_past(measured, self.promised)

    def gives_back(self, measured: int) -> int:
        """Return how many percent of the month's charges a measurement gives back."""
        reached = [step.percent for step in self.steps if self._is_past(measured, step.past)]
        return max(reached, default=0)

    def _is_past(self, measured: int, bound: int) -> bool:
        return measured < bound if self.measure.is_least else measured > bound


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevels:
    """All that is promised, and the most that a month's breaches give back together."""

    levels: tuple[Level, ...] = ()
    most_percent: int = PERCENT_MAX

    def __bool__(self) -> bool:
        return bool(self.levels)

    @property
    def gives(self) -> bool:
        """Say whether any breach gives something back."""
        return any(level.steps for level in self.levels)

    def level(self, measure: Measure) -> Level | None:
        """Return what is promised of `measure`."""
        return next((level for level in self.levels if level.measure is measure), None)

    def gives_back(self, measured: Mapping[Measure, int]) -> int:
        """Return how many percent of the month's charges are given back for all breaches."""
        found = sum(
            level.gives_back(measured[level.measure])
            for level in self.levels
            if level.measure in measured
        )
        return min(found, self.most_percent)


NO_LEVELS = ServiceLevels()
"""Of an offer that promises nothing."""


@dataclass(eq=False)
class LevelsInvalid(ExchangeError):
    """What should be promised cannot be measured, or says too little."""

    kind, code = Kind.INVALID, "service-levels-invalid"
    advice = (
        "Write them like {'levels': [{'level': 'availability', 'promised': '99.5', 'back': "
        "[{'past': '99.5', 'percent': 10}]}], 'most_percent': 50}; all that is wrong is named."
    )
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"The service levels cannot be promised: {'; '.join(self.reasons)}."


def to_json(promised: ServiceLevels) -> dict[str, Any]:
    """Return the stored form. Keys never change their meaning: contracts live for years."""
    return {
        "levels": [_level_json(level) for level in promised.levels],
        "most_percent": promised.most_percent,
    }


def _level_json(level: Level) -> dict[str, Any]:
    written: dict[str, Any] = {
        "level": level.measure.value,
        "promised": _number(level.measure, level.promised),
        "back": [
            {"past": _number(level.measure, step.past), "percent": step.percent}
            for step in level.steps
        ],
    }
    if level.maintenance is not None:
        written["maintenance"] = {
            "notice_hours": level.maintenance.notice_hours,
            "hours_a_month": level.maintenance.hours_a_month,
        }
    return written


def _number(measure: Measure, value: int) -> str | int:
    return percent_text(value) if measure is Measure.AVAILABILITY else value


def percent_text(hundredths: int) -> str:
    """Write hundredths of a percent as `99.5`."""
    whole, behind = divmod(hundredths, 10**_DECIMALS)
    return f"{whole}.{behind:02}".rstrip("0").rstrip(".")


def from_json(written: object, *, stated_hours: int | None = None) -> ServiceLevels:
    """Read what `to_json` wrote, or a provider.

    `stated_hours` is how often the dataset says that it is brought up to date, for AS_STATED.
    Raises LevelsInvalid with everything that is wrong.
    """
    pen = _Pen(stated_hours)
    found = pen.keyed(written, "the service levels", {"levels", "most_percent"})
    levels = [
        pen.level(each, f"level {n}") for n, each in enumerate(pen.listed(found, "levels"), 1)
    ]
    most = pen.whole(found.get("most_percent", PERCENT_MAX), "most_percent", 1, PERCENT_MAX)
    known = tuple(level for level in levels if level is not None)
    measures = [level.measure for level in known]
    for twice in sorted({each for each in measures if measures.count(each) > 1}):
        pen.faults.append(f"{twice} is promised twice")
    if not measures and not pen.faults:
        pen.faults.append("no level is promised: leave them out")
    if pen.faults:
        raise LevelsInvalid(tuple(pen.faults))
    order = list(Measure)
    return ServiceLevels(
        levels=tuple(sorted(known, key=lambda level: order.index(level.measure))),
        most_percent=most,
    )


class _Pen:
    """Reads piece by piece and notes what is wrong, so that all of it is told at once."""

    def __init__(self, stated_hours: int | None) -> None:
        self.faults: list[str] = []
        self._stated_hours = stated_hours

    def keyed(self, written: object, where: str, keys: set[str]) -> Mapping[str, Any]:
        if not isinstance(written, Mapping):
            self.faults.append(f"{where} is no object")
            return {}
        for unknown in sorted(set(map(str, written)) - keys):
            self.faults.append(f"{where} has {unknown[:_SHOWN_MAX]!r}, which means nothing here")
        return written

    def listed(self, found: Mapping[str, Any], key: str) -> list[object]:
        items = found.get(key, [])
        if not isinstance(items, list) or len(items) > STEPS_MAX:
            self.faults.append(f"{key} is no list of at most {STEPS_MAX}")
            return []
        return items

    def whole(self, value: object, where: str, least: int, most: int) -> int:
        if type(value) is not int or not least <= value <= most:
            self.faults.append(f"{where} is no whole number from {least} to {most:,}")
            return least
        return value

    def level(self, written: object, where: str) -> Level | None:
        found = self.keyed(written, where, {"level", "promised", "back", "maintenance"})
        try:
            measure = Measure(str(found.get("level")))
        except ValueError:
            self.faults.append(f"{where} is none of {', '.join(Measure)}")
            return None
        promised = self._measured(measure, found.get("promised"), f"{where}, promised,")
        steps = [
            self._step(measure, promised, each, f"{where}, step {n}")
            for n, each in enumerate(self.listed(found, "back"), 1)
        ]
        self._check_order(measure, promised, steps, where)
        maintenance = self._maintenance(measure, found.get("maintenance"), where)
        return Level(
            measure=measure, promised=promised, steps=tuple(steps), maintenance=maintenance
        )

    def _measured(self, measure: Measure, value: object, where: str) -> int:
        match measure:
            case Measure.AVAILABILITY:
                return self._percent(value, where)
            case Measure.QUALITY:
                return self.whole(value, where, 1, SCORE_MAX)
            case Measure.FRESHNESS if value == AS_STATED:
                if self._stated_hours is None:
                    self.faults.append(f"{where} is as the dataset states, and it states nothing")
                return self._stated_hours or 1
            case _:
                return self.whole(value, where, 1, HOURS_MAX)

    def _percent(self, value: object, where: str) -> int:
        """Read 99.5 or "99.5" as hundredths of a percent."""
        try:
            exact = Decimal(str(value)) if isinstance(value, int | float | str) else None
            hundredths = None if exact is None else exact.scaleb(_DECIMALS)
            if hundredths is not None and hundredths == int(hundredths) and 0 < hundredths <= WHOLE:
                return int(hundredths)
        except (InvalidOperation, ValueError, OverflowError):
            pass
        self.faults.append(f"{where} is no percentage above 0, to 100, with two decimals at most")
        return WHOLE

    def _step(self, measure: Measure, promised: int, written: object, where: str) -> Step:
        found = self.keyed(written, where, {"past", "percent"})
        past = found.get("past")
        return Step(
            promised if past is None else self._measured(measure, past, f"{where}, past,"),
            self.whole(found.get("percent"), f"{where}, percent,", 1, PERCENT_MAX),
        )

    def _check_order(self, measure: Measure, promised: int, steps: list[Step], where: str) -> None:
        if self.faults:
            return
        bounds = [promised, *(step.past for step in steps)]
        if measure.is_least:
            bounds = [-bound for bound in bounds]
        worse = bounds[1:] == sorted(set(bounds[1:])) and (not steps or bounds[1] >= bounds[0])
        more = [step.percent for step in steps]
        if not worse or more != sorted(set(more)):
            self.faults.append(
                f"{where} has steps that do not go from what is promised to what is worse, "
                "each giving back more"
            )

    def _maintenance(self, measure: Measure, written: object, where: str) -> Maintenance | None:
        if written is None:
            return None
        if measure is not Measure.AVAILABILITY:
            self.faults.append(f"{where} has maintenance, which is for availability alone")
        found = self.keyed(written, f"{where}, maintenance,", {"notice_hours", "hours_a_month"})
        notice, hours = found.get("notice_hours"), found.get("hours_a_month")
        return Maintenance(
            notice_hours=self.whole(notice, f"{where}, notice_hours,", 1, NOTICE_HOURS_MAX),
            hours_a_month=self.whole(hours, f"{where}, hours_a_month,", 1, MAINTENANCE_HOURS_MAX),
        )
