"""What may be asked: count, sum, mean, histogram and quantile, over public keys. Nothing else.

A question is a value; `fitted` checks it against what the provider allows and gives the vectors of
whole numbers that it takes. Two questions that ask the same in other words take equal vectors.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from itertools import pairwise
from typing import Any, TypeAlias

from torvet.kit.canonical import canonical as canonical_json
from torvet.privacy.errors import QuestionInvalid

from .spec import AnswerSpec, Bounds, KeyValue

MEASURES_MAX = 10
EDGES_MAX = 1_000
GRID = 64
"""Into so many parts of equal width are bounds cut to find a quantile."""
CELLS_MAX = 100_000
"""Noisy numbers in one answer: some 10 µs are spent on each."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows: one for each unit and slot."""


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of a column whose values are within bounds."""

    column: str


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of the values that are there."""

    column: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values are below the first edge, from each edge to the next, and from the last."""

    column: str
    edges: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Quantile:
    """The value below which the share `q` of the values is."""

    column: str
    q: Decimal


Measure: TypeAlias = Count | Sum | Mean | Histogram | Quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Measures of the rows that fit `where`, for every combination of the keys in `group_by`.

    `where` names the public values of a key that are wanted; a key that is not named is not
    looked at.
    """

    measures: tuple[Measure, ...]
    where: Mapping[str, tuple[KeyValue, ...]] = field(default_factory=dict)
    group_by: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Return every column that is named, for a contract to judge."""
        measured = [m.column for m in self.measures if not isinstance(m, Count)]
        return tuple(dict.fromkeys((*measured, *self.where, *self.group_by)))

    def to_json(self) -> dict[str, Any]:
        """Return its JSON form, fit for canonical JSON."""
        return {
            "measures": [_measure_to_json(measure) for measure in self.measures],
            "where": {key: list(values) for key, values in self.where.items()},
            "group_by": list(self.group_by),
        }

    @classmethod
    def from_json(cls, data: object) -> "Question":
        """Read the JSON form; raise QuestionInvalid where it is none."""
        match data:
            case {"measures": [*measures], **more} if set(more) <= {"where", "group_by"}:
                return cls(
                    measures=tuple(_measure_from_json(measure) for measure in measures),
                    where=_where_from_json(more.get("where")),
                    group_by=_names(more.get("group_by")),
                )
            case _:
                raise QuestionInvalid("it is no object of measures, where and group_by")


class Kind(StrEnum):
    """What a vector holds for each cell."""

    ROWS = "rows"
    VALUES = "values"
    """Rows whose column has a value."""
    SUM = "sum"
    CENTRED = "centred"
    """Sum of the distances from the middle of the bounds."""
    BINS = "bins"
    """Rows by where their value lies among `cuts`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """Whole numbers, one or several for each cell: what is summed, hidden, charged and kept.

    `where` holds only keys that leave values out, by their places among the public values;
    `group_by` only keys that are left with several. So equal vectors are written equally.
    """

    kind: Kind
    column: str = ""
    cuts: tuple[int, ...] = ()
    where: tuple[tuple[str, tuple[int, ...]], ...] = ()
    group_by: tuple[str, ...] = ()

    @property
    def form(self) -> dict[str, Any]:
        """Return the one JSON form of it."""
        return {
            "kind": self.kind.value,
            "column": self.column,
            "cuts": list(self.cuts),
            "where": [[name, list(places)] for name, places in self.where],
            "group_by": list(self.group_by),
        }

    @property
    def key(self) -> str:
        """Return the SHA-256 of its form."""
        return hashlib.sha256(canonical_json(self.form)).hexdigest()

    def kept(self, spec: AnswerSpec, name: str) -> tuple[int, ...]:
        """Return the places of the values of key `name` that fit."""
        return dict(self.where).get(name) or tuple(range(len(spec.keys[name])))

    def shape(self, spec: AnswerSpec) -> tuple[int, ...]:
        """Return its axes: the kept values of each key, and the bins where there are any."""
        axes = tuple(len(self.kept(spec, name)) for name in self.group_by)
        return (*axes, len(self.cuts) + 1) if self.kind is Kind.BINS else axes

    def size(self, spec: AnswerSpec) -> int:
        """Return how many numbers it holds."""
        return math.prod(self.shape(spec))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A question that may be asked, and what it takes: the vectors of each measure."""

    question: Question
    kept: Mapping[str, tuple[KeyValue, ...]]
    """The public values of each grouping key that are in the answer, in the policy's order."""
    needs: tuple[tuple[Vector, ...], ...]

    @property
    def vectors(self) -> tuple[Vector, ...]:
        """Return each vector once."""
        return tuple(dict.fromkeys(vector for needed in self.needs for vector in needed))

    @property
    def cells(self) -> int:
        """Return for how many combinations of keys there is an answer, always."""
        return math.prod(len(values) for values in self.kept.values())

    def canonical(self) -> bytes:
        """Return the one byte string of everything that asks the same."""
        return canonical_json(sorted((v.form for v in self.vectors), key=canonical_json))

    @property
    def key(self) -> str:
        """Return the SHA-256 of the canonical form."""
        return hashlib.sha256(self.canonical()).hexdigest()


def canonical(question: Question, spec: AnswerSpec) -> bytes:
    """Return the bytes that all questions share which ask the same as `question`."""
    return fitted(question, spec).canonical()


def fitted(question: Question, spec: AnswerSpec) -> Fitted:
    """Check `question` against `spec`; raise QuestionInvalid where it asks for anything else."""
    if not 0 < len(question.measures) <= MEASURES_MAX:
        raise QuestionInvalid(f"it has {len(question.measures)} measures, not 1 to {MEASURES_MAX}")
    for name in (*question.where, *question.group_by):
        if name not in spec.keys:
            raise QuestionInvalid(f"{name[:80]!r} is no public key")
    if len(set(question.group_by)) != len(question.group_by):
        raise QuestionInvalid("it groups by a key twice")
    places = {name: _places(spec, name, values) for name, values in question.where.items()}
    where = tuple((n, p) for n, p in sorted(places.items()) if len(p) < len(spec.keys[n]))
    several = [n for n in question.group_by if len(places.get(n, spec.keys[n])) > 1]
    cells = Vector(kind=Kind.ROWS, where=where, group_by=tuple(sorted(several)))
    found = Fitted(
        question=question,
        kept={n: tuple(spec.keys[n][p] for p in cells.kept(spec, n)) for n in question.group_by},
        needs=tuple(_needed(measure, spec, cells) for measure in question.measures),
    )
    size = sum(vector.size(spec) for vector in found.vectors)
    if size > CELLS_MAX:
        raise QuestionInvalid(f"it takes {size:,} noisy numbers, and {CELLS_MAX:,} are the most")
    return found


def _places(spec: AnswerSpec, name: str, values: Sequence[KeyValue]) -> tuple[int, ...]:
    codes = spec.codes(name)
    try:
        places = {codes[type(value), value] for value in values}
    except KeyError as unknown:
        raise QuestionInvalid(f"{unknown.args[0][1]!r} is no public value of {name!r}") from None
    if not places:
        raise QuestionInvalid(f"no public value of {name!r} fits, so there is nothing to count")
    return tuple(sorted(places))


def _needed(measure: Measure, spec: AnswerSpec, cells: Vector) -> tuple[Vector, ...]:
    def over(kind: Kind, column: str = "", cuts: tuple[int, ...] = ()) -> Vector:
        return Vector(
            kind=kind, column=column, cuts=cuts, where=cells.where, group_by=cells.group_by
        )

    match measure:
        case Count():
            return (cells,)
        case Sum(column):
            _bounds(spec, column)
            return (over(Kind.SUM, column),)
        case Mean(column):
            _bounds(spec, column)
            return over(Kind.CENTRED, column), over(Kind.VALUES, column)
        case Histogram(column, edges):
            return (over(Kind.BINS, column, _cuts(_bounds(spec, column), column, edges)),)
        case Quantile(column, q):
            if not 0 < q < 1:
                raise QuestionInvalid(f"the quantile {q} is not between 0 and 1")
            return (over(Kind.BINS, column, grid(_bounds(spec, column))),)


def _bounds(spec: AnswerSpec, column: str) -> Bounds:
    if column not in spec.bounds:
        raise QuestionInvalid(f"{column[:80]!r} has no declared bounds, so it is not summed")
    return spec.bounds[column]


def _cuts(bounds: Bounds, column: str, edges: tuple[Decimal, ...]) -> tuple[int, ...]:
    if not 0 < len(edges) <= EDGES_MAX:
        raise QuestionInvalid(f"a histogram has {len(edges)} edges, not 1 to {EDGES_MAX:,}")
    # A value is below an edge where its steps are below the edge's, rounded up.
    cuts = tuple(math.ceil(edge / bounds.step) for edge in edges)
    if any(later <= earlier for earlier, later in pairwise(cuts)):
        raise QuestionInvalid(f"the edges of {column!r} do not rise by a step of {bounds.step}")
    if cuts[0] <= bounds.low or cuts[-1] > bounds.high:
        low, high = bounds.low * bounds.step, bounds.high * bounds.step
        raise QuestionInvalid(f"the edges of {column!r} are not above {low} and up to {high}")
    return cuts


def grid(bounds: Bounds) -> tuple[int, ...]:
    """Return the cuts of `bounds` into at most GRID parts of equal width."""
    width = -(-(bounds.high - bounds.low + 1) // GRID)
    return tuple(range(bounds.low + width, bounds.high + 1, width))


def _measure_to_json(measure: Measure) -> dict[str, Any]:
    match measure:
        case Count():
            return {"kind": "count"}
        case Sum(column):
            return {"kind": "sum", "column": column}
        case Mean(column):
            return {"kind": "mean", "column": column}
        case Histogram(column, edges):
            return {"kind": "histogram", "column": column, "edges": [str(edge) for edge in edges]}
        case Quantile(column, q):
            return {"kind": "quantile", "column": column, "q": str(q)}


def _measure_from_json(data: object) -> Measure:
    match data:
        case {"kind": "count", **more} if not more:
            return Count()
        case {"kind": "sum", "column": str(column), **more} if not more:
            return Sum(column)
        case {"kind": "mean", "column": str(column), **more} if not more:
            return Mean(column)
        case {"kind": "histogram", "column": str(column), "edges": [*edges], **more} if not more:
            if len(edges) > EDGES_MAX:
                raise QuestionInvalid(f"a histogram has at most {EDGES_MAX:,} edges")
            return Histogram(column, tuple(number(edge) for edge in edges))
        case {"kind": "quantile", "column": str(column), "q": q, **more} if not more:
            return Quantile(column, number(q))
        case _:
            raise QuestionInvalid(f"{repr(data)[:80]} is no measure that is known here")


def number(given: object) -> Decimal:
    """Read a number or its decimal text; raise QuestionInvalid where it is none."""
    try:
        found = Decimal(str(given))
    except InvalidOperation:
        found = Decimal("nan")
    if isinstance(given, bool) or not found.is_finite() or abs(found) > Decimal(10) ** 15:
        raise QuestionInvalid(f"{str(given)[:40]!r} is no number that can be used")
    if len(found.as_tuple().digits) > 30 or found.adjusted() < -30:  # noqa: PLR2004 - of any use
        raise QuestionInvalid(f"{str(given)[:40]!r} has more digits than can be used")
    return found


def _where_from_json(data: object) -> dict[str, tuple[KeyValue, ...]]:
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise QuestionInvalid("where is no object of public keys and their values")
    return {str(key): _key_values(key, values) for key, values in data.items()}


def _key_values(key: object, given: object) -> tuple[KeyValue, ...]:
    values = given if isinstance(given, list) else [given]
    if not all(isinstance(value, str | int | bool) for value in values):
        raise QuestionInvalid(f"the values of {str(key)[:80]!r} are no texts, numbers or truths")
    return tuple(values)


def _names(data: object) -> tuple[str, ...]:
    if data is None:
        return ()
    if not isinstance(data, list) or not all(isinstance(name, str) for name in data):
        raise QuestionInvalid("group_by is no list of public keys")
    return tuple(data)
