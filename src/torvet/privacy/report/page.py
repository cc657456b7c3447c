"""The report as one HTML file: figures in words, the surface, each column before and after."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torvet.privacy.costs import lines_of
from torvet.privacy.errors import TooManyNodes
from torvet.privacy.proposals import KS
from torvet.privacy.recoding.hierarchies import spelled
from torvet.privacy.recoding.result import Result
from torvet.privacy.sources import Source, opened

from .pictures import Bar, Curve, curves, paired_bars

BARS_MAX = 24
SUPPRESSION_SHOWN = 0.2
"""Nobody publishes where more than a fifth is left out: curves end there."""
NO_VALUE = "(no value)"


def written(result: Result, source: Any, *, title: str, limit: float) -> str:
    """Return the report on `result`, which was made of `source`, as HTML.

    `limit` is the share of rows that was allowed to be left out. The surface is left out where
    the lattice has too many nodes to be drawn.
    """
    try:
        surface = result.surface(KS)
    except TooManyNodes:
        surface = None
    chosen = (result.suppressed / result.rows, result.utility.loss)
    release = result.table if result.table is not None else str(result.path)
    with opened(source) as before, opened(release) as after:
        columns = [
            {"name": name, "picture": _column(name, before, after)}
            for name in result.quasi_identifiers
        ]
    return _PAGES.get_template("report.html").render(
        title=title,
        result=result,
        limit=limit,
        lost=chosen[1],
        left_out=chosen[0],
        costs=[]
        if surface is None
        else lines_of(surface, KS, result.rows, suppression_limit=limit),
        surface=None if surface is None else _surface(surface, result, chosen, limit),
        columns=columns,
    )


def _surface(surface: pa.Table, result: Result, chosen: tuple[float, float], limit: float) -> str:
    shown = max(2 * limit, 1.25 * chosen[0], 0.01)
    lines = []
    for k in KS:
        of_k = surface.filter(pc.field("k") == k)
        points = _frontier(
            of_k["suppressed"].to_numpy() / result.rows,
            of_k["loss"].to_numpy(),
            min(shown, max(SUPPRESSION_SHOWN, limit)),
        )
        lines.append(Curve(name=f"k = {k}", points=points))
    title = "Detail lost over rows suppressed, a curve for each k"
    return curves(lines, chosen=chosen, limit=limit, title=title)


def _frontier(
    suppressed: np.ndarray[Any, Any], loss: np.ndarray[Any, Any], shown: float
) -> tuple[tuple[float, float], ...]:
    """Return the points that no other beats in both, by rising suppression."""
    points: list[tuple[float, float]] = []
    for place in np.lexsort((loss, suppressed)):
        x, y = float(suppressed[place]), float(loss[place])
        if x > shown:
            break
        if not points or y < points[-1][1]:
            points.append((x, y))
    if points:
        points.append((shown, points[-1][1]))
    return tuple(points)


def _column(name: str, before: Source, after: Source) -> str:
    counted = [_counted(source, name) for source in (before, after)]
    title = f"{name}: shares of rows by value, before and after"
    return paired_bars(_bars(counted[0]), _bars(counted[1]), title=title)


def _counted(source: Source, name: str) -> Counter[Any]:
    counts: Counter[Any] = Counter()
    for batch in source.batches([name]):
        for pair in pc.value_counts(batch.column(0)).to_pylist():
            counts[pair["values"]] += pair["counts"]
    return counts


def _bars(counts: Mapping[Any, int]) -> list[Bar]:
    """Return bars of single values; of ranges where numbers are many; of the most frequent else."""
    rows = sum(counts.values()) or 1
    numbers = [it for it in counts if isinstance(it, int | float) and math.isfinite(it)]
    if len(numbers) > BARS_MAX:
        return _ranges(counts, numbers, rows)
    ordered = sorted(counts, key=lambda it: (it is None, *_natural(it)))
    if len(ordered) > BARS_MAX:
        kept = sorted(counts, key=lambda it: -counts[it])[: BARS_MAX - 1]
        rest = rows - sum(counts[it] for it in kept)
        ordered = [it for it in ordered if it in set(kept)]
        others = [Bar(label=f"{len(counts) - len(kept):,} others", share=rest / rows)]
    else:
        others = []
    return [Bar(label=_label(it), share=counts[it] / rows) for it in ordered] + others


def _ranges(counts: Mapping[Any, int], numbers: Sequence[float], rows: int) -> list[Bar]:
    low, high = min(numbers), max(numbers)
    step = _round_step((high - low) / (BARS_MAX - 1))
    first = math.floor(low / step) * step
    bins = int((high - first) // step) + 1
    edges = first + step * np.arange(bins + 1)
    weights = [counts[it] for it in numbers]
    heights, _ = np.histogram(np.asarray(numbers, dtype=float), bins=edges, weights=weights)
    bars = [
        Bar(label=f"from {start:,.6g}", share=float(height) / rows)
        for start, height in zip(edges[:-1], heights, strict=True)
    ]
    missing = rows - sum(weights)
    return [*bars, Bar(label=NO_VALUE, share=missing / rows)] if missing else bars


def _round_step(least: float) -> float:
    """Return the least of 1, 2, 2.5 and 5 times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(it * power for it in (1, 2, 2.5, 5, 10) if it * power >= least * (1 - 1e-9))


def _natural(value: Any) -> tuple[int, float, str]:
    """Order numbers as numbers, and ranges such as `[20, 25[` by where they begin."""
    text = _label(value)
    digits = text.lstrip("[(>=< ").split(",")[0].split("-")[0].split(" ")[0]
    try:
        return (0, float(digits), text)
    except ValueError:
        return (1, 0.0, text)


def _label(value: Any) -> str:
    return NO_VALUE if value is None else str(spelled(value))


_PAGES = jinja2.Environment(
    loader=jinja2.PackageLoader("torvet.privacy.report", "."),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
