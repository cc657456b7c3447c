"""What may be asked of a dataset, as its provider decided: a policy's `answers`.

Everything here is public: key sets, bounds and budgets come from the policy, never from the data.
Changing the table can change no word of it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeAlias

from torvet.privacy.errors import AnswersInvalid

KeyValue: TypeAlias = str | int | bool

KEY_VALUES_MAX = 5_000
KEYS_MAX = 8
SLOTS_MAX = 8
BOUNDS_MAX = 20
BOUND_MAX = 10**10
"""Of a value, in steps: sums of half a milliard rows stay within 64 bits."""
SLOTS_PER_UNIT_MAX = 10**6
MICRO_RHO_MAX = 10**10
NAME_MAX = 200
DELTA_MAX = 1e-3


class Take(StrEnum):
    """What of a moment a derived column holds, in UTC."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    HOUR = "hour"
    DATE = "date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A column that is part of a moment: the hour, the day, the date."""

    of: str
    take: Take


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Where values of a column lie, in whole steps: what lies outside is moved to the edge.

    `step` is the size of a step in the column's own unit: 1 Wh, or 0.01 m³.
    """

    low: int
    high: int
    step: Decimal = Decimal(1)

    @property
    def furthest(self) -> int:
        """Return the largest distance of a value from nothing, in steps."""
        return max(abs(self.low), abs(self.high))

    @property
    def middle(self) -> int:
        """Return the value from which no other is further away than it need be, in steps."""
        return (self.low + self.high) // 2

    @property
    def reach(self) -> int:
        """Return the largest distance of a value from `middle`, in steps."""
        return max(self.high - self.middle, self.middle - self.low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may be learned, in micro-ρ of zero-concentrated differential privacy.

    Both hold at once: one consumer never gets more than `per_consumer`, and all of them together
    never more than `per_dataset`. They start anew after `refresh_days`; None is never.
    """

    per_consumer: int
    per_dataset: int
    refresh_days: int | None = None

    @property
    def refresh(self) -> timedelta | None:
        """Return how long a period is."""
        return None if self.refresh_days is None else timedelta(days=self.refresh_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSpec:
    """What may be asked. One row is kept for each `unit` and `slot`, at most `slots_per_unit`.

    `keys` are the public values that questions filter and group by; keys and bounds are sorted by
    name, and by that order the prepared table is laid out.
    """

    unit: str
    slot: tuple[str, ...]
    keys: Mapping[str, tuple[KeyValue, ...]]
    bounds: Mapping[str, Bounds]
    limits: Limits
    delta: float = 1e-6
    per_answer: int
    """What a question costs where it does not say, in micro-ρ."""
    slots_per_unit: int | None = None
    derive: Mapping[str, Derived] = field(default_factory=dict)

    @property
    def rows_per_unit(self) -> int:
        """Return the most rows that one unit has in the prepared table."""
        declared = self.slots_per_unit or SLOTS_PER_UNIT_MAX
        return min(declared, self.public_slots or declared)

    @property
    def public_slots(self) -> int | None:
        """Return how many slots there are, or None where a slot's values are not public."""
        if any(name not in self.keys for name in self.slot):
            return None
        return math.prod(len(self.keys[name]) for name in self.slot)

    def codes(self, key: str) -> dict[tuple[type, KeyValue], int]:
        """Return the place of each public value of `key`, by its type and value."""
        # True equals 1 in Python, and is another value here.
        return {(type(value), value): place for place, value in enumerate(self.keys[key])}

    def to_json(self) -> dict[str, Any]:
        """Return it as a policy writes it, fit for canonical JSON."""
        return {
            "unit": self.unit,
            "slot": list(self.slot),
            "keys": {name: list(values) for name, values in self.keys.items()},
            "bounds": {
                name: {"low": b.low, "high": b.high, "step": str(b.step)}
                for name, b in self.bounds.items()
            },
            "derive": {n: {"of": d.of, "take": d.take.value} for n, d in self.derive.items()},
            "slots_per_unit": self.slots_per_unit,
            "micro_rho_per_consumer": self.limits.per_consumer,
            "micro_rho_per_dataset": self.limits.per_dataset,
            "micro_rho_per_answer": self.per_answer,
            "refresh_days": self.limits.refresh_days,
            "delta": repr(self.delta),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "AnswerSpec":
        """Read a policy's `answers`; raise AnswersInvalid with everything that is wrong."""
        return _Reader(data).spec()


KNOWN = frozenset(
    {"unit", "slot", "keys", "bounds", "derive", "slots_per_unit", "delta", "refresh_days"}
    | {"micro_rho_per_consumer", "micro_rho_per_dataset", "micro_rho_per_answer"}
)


class _Reader:
    """Reads every field before it complains, so that a policy is put right in one go."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self._faults: list[str] = []

    def spec(self) -> AnswerSpec:
        data = self._data
        for name in sorted(set(data) - KNOWN):
            self._fault(f"{name!r} is no part of it")
        unit = self._name(data.get("unit"), "unit")
        keys = {n: self._values(n, v) for n, v in self._objects("keys", KEYS_MAX).items()}
        bounds = {n: self._bounds(n, v) for n, v in self._objects("bounds", BOUNDS_MAX).items()}
        derive = {n: self._derived(n, v) for n, v in self._objects("derive", KEYS_MAX).items()}
        slot = self._slot(data.get("slot"))
        if overlap := sorted(set(bounds) & ({unit, *slot, *keys, *derive})):
            self._fault(f"{', '.join(overlap)} is summed, so it is no key, slot or unit")
        if unit in keys or unit in slot:
            self._fault("the unit is no public key and no slot: it is whom the data is about")
        per_consumer = self._whole("micro_rho_per_consumer", MICRO_RHO_MAX)
        per_dataset = self._whole("micro_rho_per_dataset", MICRO_RHO_MAX)
        if per_consumer > per_dataset:
            self._fault("one consumer may learn more than all of them together")
        spec = AnswerSpec(
            unit=unit,
            slot=slot,
            keys=keys,
            bounds=bounds,
            derive=derive,
            slots_per_unit=self._whole_or_none("slots_per_unit", SLOTS_PER_UNIT_MAX),
            limits=Limits(
                per_consumer=per_consumer,
                per_dataset=per_dataset,
                refresh_days=self._whole_or_none("refresh_days", 36_500),
            ),
            per_answer=self._whole_or_none("micro_rho_per_answer", MICRO_RHO_MAX)
            or max(per_consumer // 100, 1),
            delta=self._delta(data.get("delta", 1e-6)),
        )
        if spec.slots_per_unit is None and spec.public_slots is None:
            self._fault("slots_per_unit is missing, and the slots' own values are not all public")
        if self._faults:
            raise AnswersInvalid(tuple(self._faults))
        return spec

    def _fault(self, words: str) -> None:
        self._faults.append(words)

    def _objects(self, field_name: str, most: int) -> Mapping[str, Any]:
        found = self._data.get(field_name, {})
        if not isinstance(found, Mapping) or len(found) > most:
            self._fault(f"{field_name} is no object of at most {most} columns")
            return {}
        for name in found:
            self._name(name, f"a name in {field_name}")
        # Sorted, since JSON says nothing of their order and tables are laid out by it.
        return {name: found[name] for name in sorted(found)}

    def _name(self, name: object, what: str) -> str:
        if not isinstance(name, str) or not 0 < len(name) <= NAME_MAX or "\0" in name:
            self._fault(f"{what} is no column")
            return ""
        return name

    def _slot(self, names: object) -> tuple[str, ...]:
        given = [names] if isinstance(names, str) else names
        if not isinstance(given, Sequence) or not 0 < len(given) <= SLOTS_MAX:
            self._fault(f"slot is no list of 1 to {SLOTS_MAX} columns")
            return ()
        return tuple(dict.fromkeys(self._name(name, "a slot") for name in given))

    def _values(self, key: str, given: object) -> tuple[KeyValue, ...]:
        match given:
            case {"first": int(first), "last": int(last), **more} if not more:
                values: list[Any] = list(range(first, min(last, first + KEY_VALUES_MAX) + 1))
            case [*values]:
                pass
            case _:
                values = []
        kinds = {type(value) for value in values}
        if not 0 < len(values) <= KEY_VALUES_MAX:
            self._fault(f"{key} does not list 1 to {KEY_VALUES_MAX:,} public values")
        elif len(kinds) > 1 or not kinds <= {str, int, bool}:
            self._fault(f"the public values of {key} are not all texts, whole numbers or truths")
        elif len(set(values)) != len(values):
            self._fault(f"{key} lists a public value twice")
        elif any(isinstance(v, str) and "\0" in v for v in values):
            self._fault(f"a public value of {key} holds a NUL")
        elif any(type(v) is int and abs(v) > 2**53 - 1 for v in values):
            self._fault(f"a public value of {key} is beyond 53 bits")
        return tuple(values)

    def _bounds(self, column: str, given: object) -> Bounds:
        match given:
            case [int(low), int(high)]:
                step: object = 1
            case {"low": int(low), "high": int(high), **more} if set(more) <= {"step"}:
                step = more.get("step", 1)
            case _:
                self._fault(f"the bounds of {column} are no two whole numbers of steps")
                return Bounds(low=0, high=1)
        try:
            size = Decimal(str(step))
        except InvalidOperation:
            size = Decimal(0)
        if not (size.is_finite() and size > 0):
            self._fault(f"the step of {column} is no positive number")
        if low >= high or max(abs(low), abs(high)) > BOUND_MAX:
            self._fault(f"the bounds of {column} are not rising within ±{BOUND_MAX:,} steps")
            return Bounds(low=0, high=1)
        return Bounds(low=low, high=high, step=size)

    def _derived(self, name: str, given: object) -> Derived:
        match given:
            case {"of": str(of), "take": str(take), **more} if not more and take in set(Take):
                return Derived(of=self._name(of, f"the moment of {name}"), take=Take(take))
            case _:
                said = ", ".join(Take)
                self._fault(f'{name} is not derived as {{"of": COLUMN, "take": {said}}}')
                return Derived(of="", take=Take.HOUR)

    def _whole(self, name: str, most: int) -> int:
        found = self._whole_or_none(name, most)
        if found is None:
            self._fault(f"{name} is missing")
        return found or 1

    def _whole_or_none(self, name: str, most: int) -> int | None:
        found = self._data.get(name)
        if found is None:
            return None
        if type(found) is not int or not 0 < found <= most:
            self._fault(f"{name} is no whole number of 1 to {most:,}")
            return 1
        return found

    def _delta(self, given: object) -> float:
        try:
            delta = float(str(given))
        except ValueError:
            delta = 1.0
        if not 0 < delta <= DELTA_MAX:
            self._fault("delta is no number above 0 and up to 0.001")
            return 1e-6
        return delta
