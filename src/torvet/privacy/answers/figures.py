"""What noisy numbers say: a value for every cell and measure, and how far off it may be.

Everything here is made of noisy numbers and public ones: it costs nothing more. An error bar
holds in 95 of 100 cases, over the noise; for a mean and a quantile it holds at least as often.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from .accounting import Calibrated, Z
from .question import Count, Fitted, Histogram, Mean, Measure, Quantile, Sum, Vector
from .spec import AnswerSpec, Bounds

Z_BOTH = 2.241403
"""The normal quantile of 0.9875, rounded up: two such hold together in 95 of 100 cases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noisy:
    """A vector as it may be told, and the noise that is in it."""

    numbers: NDArray[np.int64]
    how: Calibrated


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The values of one measure and the half-widths of their errors, in the answer's shape.

    The shape is that of the grouping keys in the order asked; a histogram has its bins behind
    them, and one half-width for all. Values are in the column's own unit.
    """

    name: str
    measure: Measure
    values: NDArray[np.float64]
    half_widths: NDArray[np.float64]


def figures(spec: AnswerSpec, asked: Fitted, noisy: Mapping[Vector, Noisy]) -> tuple[Figures, ...]:
    """Return what every measure of the question comes to."""
    made = []
    for place, (measure, needs) in enumerate(
        zip(asked.question.measures, asked.needs, strict=True)
    ):
        held = [noisy[vector] for vector in needs]
        values, half_widths = _measured(spec, measure, needs[0], held)
        made.append(
            Figures(
                name=name_of(asked.question.measures, place),
                measure=measure,
                values=_as_asked(asked, needs[0], values),
                half_widths=_as_asked(asked, needs[0], half_widths),
            )
        )
    return tuple(made)


def name_of(measures: tuple[Measure, ...], place: int) -> str:
    """Return the name under which a measure stands in the answer: `sum(wh)`.

    A second one of the same name (a histogram with other edges) has its place behind it.
    """
    name = _name(measures[place])
    taken = name in {_name(measure) for measure in measures[:place]}
    return f"{name} {place + 1}" if taken else name


def _name(measure: Measure) -> str:
    match measure:
        case Count():
            return "count"
        case Sum(column):
            return f"sum({column})"
        case Mean(column):
            return f"mean({column})"
        case Histogram(column, _):
            return f"histogram({column})"
        case Quantile(column, q):
            return f"quantile({column}, {q})"


def _measured(
    spec: AnswerSpec, measure: Measure, vector: Vector, held: list[Noisy]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    match measure:
        case Count() | Histogram():
            return _plain(held[0], Decimal(1))
        case Sum(column):
            return _plain(held[0], spec.bounds[column].step)
        case Mean(column):
            return _mean(held[0], held[1], spec.bounds[column])
        case Quantile(column, q):
            return _quantile(held[0], vector.cuts, float(q), spec.bounds[column])


def _plain(held: Noisy, step: Decimal) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values = held.numbers.astype(np.float64) * float(step)
    return values, np.full_like(values, held.how.half_width * float(step))


def _mean(
    total: Noisy, rows: Noisy, bounds: Bounds
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean, from noisy distances to the middle and a noisy number of values.

    With S and n exact, a and b the noise: (S + a)/(n + b) − S/n = (a − b·S/n)/(n + b). The mean
    distance |S/n| is at most the bounds' reach, and at most what was found plus the error itself.
    """
    off_total, off_rows = Z_BOTH * total.how.scale + 1, Z_BOTH * rows.how.scale + 1
    counted = np.maximum(rows.numbers.astype(np.float64), 1.0)
    found = total.numbers / counted
    known = np.where(rows.numbers > 0, (off_total + bounds.reach * off_rows) / counted, np.inf)
    sure = rows.numbers > off_rows
    finer = np.where(
        sure, (off_total + np.abs(found) * off_rows) / np.where(sure, counted - off_rows, 1), np.inf
    )
    mean = np.clip(bounds.middle + found, bounds.low, bounds.high)
    # A mean is within the bounds whatever was drawn: no error is larger than to the far edge.
    widest = np.maximum(mean - bounds.low, bounds.high - mean)
    error = np.minimum(np.minimum(known, finer), widest)
    return mean * float(bounds.step), error * float(bounds.step)


def _quantile(
    held: Noisy, cuts: tuple[int, ...], q: float, bounds: Bounds
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the value below which a share q of the values is, from a noisy histogram.

    Below the end of bin j, let D be the noisy number of values less q times that of all. Its
    noise has the variance σ²((1 − q)²·j + q²·(B − j)). The bin that holds the quantile is not
    before a bin whose D is surely below 0, nor after one whose D is surely above: inverting the
    two tests, each at 2.5 %, leaves the bins where it may be.
    """
    bins = len(cuts) + 1
    edges = np.array([bounds.low, *cuts, bounds.high], dtype=np.float64)
    counted = held.numbers.astype(np.float64)
    below = np.cumsum(counted, axis=-1)
    ahead = below - q * below[..., -1:]
    place = np.arange(1, bins + 1)
    off: NDArray[np.float64] = (
        Z * held.how.scale * np.sqrt((1 - q) ** 2 * place + q**2 * (bins - place)) + 1
    )
    reached = ahead >= -off
    not_yet = np.concatenate(
        [np.ones((*ahead.shape[:-1], 1), dtype=bool), (ahead <= off)[..., :-1]], axis=-1
    )
    possible = reached & not_yet
    any_left = possible.any(axis=-1)
    first = np.where(any_left, possible.argmax(axis=-1), 0)
    last = np.where(any_left, bins - 1 - possible[..., ::-1].argmax(axis=-1), bins - 1)
    low, high = edges[first], edges[last + 1]
    value = np.clip(_crossing(below, q, edges), low, high)
    error = np.maximum(value - low, high - value)
    return value * float(bounds.step), error * float(bounds.step)


def _crossing(
    below: NDArray[np.float64], q: float, edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    rising = np.maximum.accumulate(np.maximum(below, 0), axis=-1)
    wanted = q * np.maximum(below[..., -1:], 0)
    at = np.minimum((rising < wanted).sum(axis=-1), below.shape[-1] - 1)
    upper = np.take_along_axis(rising, at[..., None], axis=-1)[..., 0]
    before = np.take_along_axis(rising, np.maximum(at - 1, 0)[..., None], axis=-1)[..., 0]
    lower = np.where(at > 0, before, 0.0)
    inside = (wanted[..., 0] - lower) / np.where(upper > lower, upper - lower, 1.0)
    found: NDArray[np.float64] = edges[at] + np.clip(inside, 0, 1) * (edges[at + 1] - edges[at])
    return found


def _as_asked(asked: Fitted, vector: Vector, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `values` with the grouping keys in the order that they were asked in.

    Vectors have them sorted, without those that are left with one value.
    """
    order = [vector.group_by.index(n) for n in asked.question.group_by if n in vector.group_by]
    rest = list(range(len(order), values.ndim))
    turned = values.transpose([*order, *rest])
    keys = tuple(len(kept) for kept in asked.kept.values())
    return turned.reshape((*keys, *turned.shape[len(order) :]))


def expected(
    spec: AnswerSpec, measure: Measure, vector: Vector, hows: list[Calibrated]
) -> dict[str, str]:
    """Return how far off a measure will be, before anything is spent.

    A mean's error depends on how many values a cell has, and a quantile's on how they lie: theirs
    are told per value, and in ranks.
    """
    match measure:
        case Count() | Histogram():
            return {"half_width": str(hows[0].half_width)}
        case Sum(column):
            return {"half_width": _decimal(hows[0].half_width, spec.bounds[column])}
        case Mean(column):
            bounds = spec.bounds[column]
            off = Z_BOTH * hows[0].scale + 1 + bounds.reach * (Z_BOTH * hows[1].scale + 1)
            return {"half_width_times_values": _decimal(int(off) + 1, bounds)}
        case Quantile(column, q):
            bins = len(vector.cuts) + 1
            worst = max(1 - float(q), float(q)) * bins**0.5
            width = bounds_width(spec.bounds[column], vector.cuts)
            return {
                "half_width_ranks": str(int(Z * hows[0].scale * worst) + 2),
                "grid": str(width),
            }


def bounds_width(bounds: Bounds, cuts: tuple[int, ...]) -> Decimal:
    """Return how wide a part of the grid is, in the column's own unit."""
    return (cuts[0] - bounds.low if cuts else bounds.high - bounds.low) * bounds.step


def _decimal(steps: int, bounds: Bounds) -> str:
    return str(steps * bounds.step)
