"""Hierarchies: how a value becomes coarser, step by step, until nothing is left of it.

A hierarchy is a tree. Level 0 is the value itself, the last level is one root, `*`. A value is
known by its text (`spelled`), so that a hierarchy read from a file fits numbers and dates alike.
No value (null, NaN) is a value of its own: it stays itself on every level and joins the others
under the root.
"""

import csv
import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Self

from torvet.privacy.errors import HierarchyMissesValue, HierarchyNotATree, HierarchyUneven

ROOT = "*"
ENUMERATED_MAX = 1_000_000
H3_TEXT_CHARACTERS = 15
MONTHS_IN_QUARTER = 3
YEARS_IN_DECADE = 10

Steps = tuple[str, ...]
"""What a value becomes on levels 1, 2, … up to the root."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hierarchy:
    """A generalisation hierarchy of `levels` levels, the values and the root included.

    Either all its values are known (`paths`), or a rule makes the steps of any value it is
    given. The rule raises ValueError for a value that it cannot place.
    """

    levels: int
    name: str = "hierarchy"
    paths: Mapping[str, Steps] = field(default_factory=dict, repr=False)
    rule: Callable[[str], Steps] | None = field(default=None, repr=False)

    @property
    def leaves(self) -> tuple[str, ...]:
        """Return the values it knows beforehand: none where a rule makes the steps."""
        return tuple(self.paths)

    def steps(self, leaf: str | None) -> tuple[str | None, ...]:
        """Return what `leaf` becomes on levels 1 to the root; raise HierarchyMissesValue."""
        if leaf is None:
            return (None,) * (self.levels - 2) + (ROOT,)
        known = self.paths.get(leaf)
        if known is not None:
            return known
        if self.rule is None:
            raise HierarchyMissesValue(self.name, leaf)
        try:
            return self.rule(leaf)
        except ValueError as error:
            raise HierarchyMissesValue(self.name, leaf) from error

    def value(self, leaf: object, level: int) -> str | None:
        """Return what `leaf` becomes on `level`; raise HierarchyMissesValue."""
        if not 0 <= level < self.levels:
            raise IndexError(level)
        text = spelled(leaf)
        return text if level == 0 else self.steps(text)[level - 1]

    @classmethod
    def from_paths(cls, rows: Iterable[Sequence[str]], *, name: str = "hierarchy") -> Self:
        """Make one of rows `value, step, …, root`; raise HierarchyUneven or HierarchyNotATree."""
        paths: dict[str, Steps] = {}
        width = None
        for row in rows:
            leaf, *steps = row
            width = len(row) if width is None else width
            if len(row) != width:
                raise HierarchyUneven(name, leaf, len(row), width)
            if paths.setdefault(leaf, tuple(steps)) != tuple(steps):
                raise HierarchyNotATree(name, f"{leaf!r} stands in it twice, with different steps")
        if not paths or width is None:
            raise HierarchyNotATree(name, "it holds no value")
        if width == 1:
            raise HierarchyUneven(name, next(iter(paths)), 1, 2)
        _one_tree(name, paths)
        return cls(levels=width, name=name, paths=paths)

    @classmethod
    def from_csv(cls, path: Path | str, sep: str = ";") -> Self:
        """Read a file in ARX's form: a line for each value, from the value to the root."""
        with Path(path).open(encoding="utf-8-sig", newline="") as lines:
            rows = [row for row in csv.reader(lines, delimiter=sep) if row]
        return cls.from_paths(rows, name=Path(path).name)

    @classmethod
    def intervals(cls, low: float, high: float, widths: Sequence[float] = (5, 10, 20)) -> Self:
        """Numbers in [low, high) to intervals of each width, counted from `low`.

        Whole bounds and widths make a hierarchy of the whole numbers (`0-4`); any other makes
        half-open intervals (`[0.0, 2.5)`). Each width is a multiple of the one before it.
        """
        name = f"intervals of {low} to {high}"
        if not low < high or any(not width > 0 for width in widths):
            raise HierarchyNotATree(name, "the bounds or widths are empty")
        if any(math.fmod(wide, narrow) != 0 for narrow, wide in pairwise(widths)):
            raise HierarchyNotATree(name, "a width is no multiple of the one before it")
        whole = all(float(each).is_integer() for each in (low, high, *widths))
        rule = _Intervals(low=low, high=high, widths=tuple(widths), whole=whole)
        if whole and high - low <= ENUMERATED_MAX:
            paths = {str(leaf): rule(str(leaf)) for leaf in range(int(low), int(high))}
            return cls(levels=len(widths) + 2, name=name, paths=paths)
        return cls(levels=len(widths) + 2, name=name, rule=rule)

    @classmethod
    def prefix(cls, of: int | Iterable[str]) -> Self:
        """Texts that lose one character after the other from the end: `2100`, `210*`, … `*`.

        `of` is the number of characters, or the values, all of which are then known.
        """
        values = () if isinstance(of, int) else tuple(of)
        length = of if isinstance(of, int) else max(map(len, values), default=0)
        name = f"prefixes of {length} characters"
        if length < 1:
            raise HierarchyNotATree(name, "there is no character to take away")
        rule = _Prefixes(length=length)
        paths = {value: rule(value) for value in values}
        return cls(levels=length + 1, name=name, paths=paths, rule=None if values else rule)

    @classmethod
    def calendar(cls, steps: Sequence[str] = ("month", "quarter", "year")) -> Self:
        """Dates and times in ISO form to `steps`: hour, day, week, month, quarter, year, decade.

        Steps that do not nest (week and month) are found out with the first value that shows it.
        """
        unknown = [step for step in steps if step not in _CALENDAR]
        if unknown:
            raise HierarchyNotATree("calendar", f"there is no step {unknown[0]!r}")
        return cls(levels=len(steps) + 2, name="calendar", rule=_Calendar(steps=tuple(steps)))

    @classmethod
    def geo(
        cls,
        resolutions: Sequence[int] = (8, 7, 6, 5),
        *,
        areas: Mapping[str, Sequence[str]] | None = None,
    ) -> Self:
        """H3 cells to their parents at `resolutions`, or administrative areas to larger ones.

        `areas` names for each area those it lies in: `{"0101": ("Region Hovedstaden",)}`.
        """
        if areas is not None:
            return cls.from_paths(
                ((area, *within, ROOT) for area, within in areas.items()), name="areas"
            )
        if any(not fine > coarse for fine, coarse in pairwise(resolutions)):
            raise HierarchyNotATree("H3 cells", "resolutions go from fine to coarse")
        rule = _Cells(resolutions=tuple(resolutions))
        return cls(levels=len(resolutions) + 2, name="H3 cells", rule=rule)


def spelled(value: object) -> str | None:
    """Return the text by which a hierarchy knows `value`: None for null and NaN alike."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if math.isnan(value):
            return None
        case float() if value.is_integer():
            return str(int(value))
        case dt.date():
            return value.isoformat()
        case _:
            return str(value)


def _one_tree(name: str, paths: Mapping[str, Steps]) -> None:
    """Raise HierarchyNotATree where a value has two parents, or where there are two roots."""
    parents: dict[tuple[int, str], str] = {}
    for steps in paths.values():
        for level, (child, parent) in enumerate(pairwise(steps), 1):
            if parents.setdefault((level, child), parent) != parent:
                raise HierarchyNotATree(
                    name,
                    f"{child!r} on level {level} belongs to {parents[level, child]!r} "
                    f"and to {parent!r}",
                )
    roots = sorted({steps[-1] for steps in paths.values()})
    if len(roots) > 1:
        raise HierarchyNotATree(name, f"the last level has several roots ({', '.join(roots[:3])})")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Intervals:
    low: float
    high: float
    widths: tuple[float, ...]
    whole: bool

    def __call__(self, leaf: str) -> Steps:
        try:
            number = float(Decimal(leaf))
        except InvalidOperation as error:
            raise ValueError(leaf) from error
        if not self.low <= number < self.high or (self.whole and not number.is_integer()):
            raise ValueError(leaf)
        return (*(self._label(number, width) for width in self.widths), ROOT)

    def _label(self, number: float, width: float) -> str:
        start = self.low + math.floor((number - self.low) / width) * width
        end = min(start + width, self.high)
        if self.whole:
            return f"{int(start)}-{int(end) - 1}"
        return f"[{start:.12g}, {end:.12g})"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prefixes:
    length: int

    def __call__(self, leaf: str) -> Steps:
        if len(leaf) > self.length:
            raise ValueError(leaf)
        kept = (leaf[:left].ljust(self.length, ROOT) for left in range(self.length - 1, 0, -1))
        return (*kept, ROOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Calendar:
    steps: tuple[str, ...]

    def __call__(self, leaf: str) -> Steps:
        moment = dt.datetime.fromisoformat(leaf)
        return (*(_CALENDAR[step](moment) for step in self.steps), ROOT)


_CALENDAR: dict[str, Callable[[dt.datetime], str]] = {
    "hour": lambda at: f"{at:%Y-%m-%dT%H}",
    "day": lambda at: f"{at:%Y-%m-%d}",
    "week": lambda at: "{}-W{:02}".format(*at.isocalendar()[:2]),
    "month": lambda at: f"{at:%Y-%m}",
    "quarter": lambda at: f"{at:%Y}-Q{(at.month - 1) // MONTHS_IN_QUARTER + 1}",
    "year": lambda at: f"{at:%Y}",
    "decade": lambda at: f"{at.year // YEARS_IN_DECADE * YEARS_IN_DECADE}s",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    resolutions: tuple[int, ...]

    def __call__(self, leaf: str) -> Steps:
        import h3  # noqa: PLC0415 - a server's start does not wait for it

        cell = h3.int_to_str(int(leaf)) if len(leaf) > H3_TEXT_CHARACTERS else leaf
        if not h3.is_valid_cell(cell) or h3.get_resolution(cell) <= self.resolutions[0]:
            raise ValueError(leaf)
        return (*(h3.cell_to_parent(cell, each) for each in self.resolutions), ROOT)
