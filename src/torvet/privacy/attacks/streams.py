"""Attacks on streams: a home is followed through new pseudonyms, a traveller known by points."""

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from torvet.kit.sql import identifier

from .outcome import Outcome, judged, percent

TARGETS_MAX = 4_000
"""Homes that are followed; a comparison costs the square of it."""

LEAST_SHOWN = 2
"""From how many people on a point is no longer somebody's own."""


def linkability(before: np.ndarray, after: np.ndarray, *, seed: int = 0) -> Outcome:
    """Find each unit of one period among those of the next by its nearest neighbour.

    Args:
        before: what was released of each unit in one period, of shape (units, values).
        after: the same units in the same order in the next period, under new pseudonyms.
        seed: chooses the targets where there are more than `TARGETS_MAX`.

    Success is the share of units whose nearest neighbour is themselves; the control is chance.
    Re-linking of meters: arXiv 2404.03948.
    """
    chosen = sampled(len(before), TARGETS_MAX, seed)
    early, late = _shaped(before[chosen], after[chosen])
    nearest = _nearest(early, late)
    units = len(chosen)
    found = int((nearest == np.arange(units)).sum())
    return judged(
        "linkability",
        successes=found,
        attempts=units,
        control=1 / units if units else 0.0,
        words=f"{found:,} of {units:,} pseudonyms were followed into the next period by what they "
        f"used; chance would follow {percent(1 / max(units, 1))}.",
        figures={"values": float(before.shape[1])},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Readings of units over time: which columns of the source say who, when and how much.

    `grain_hours` is how fine the release is, `rotation_hours` how long a pseudonym lasts in it.
    """

    unit: str
    time: str
    value: str
    grain_hours: int
    rotation_hours: int


def periods(source: pa.Table, stream: Stream, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What is released of the same units under two pseudonyms, one after the other.

    Returns two tables of (units, values). Units that are not in both periods are left out.
    """
    name, at, much = (identifier(each) for each in (stream.unit, stream.time, stream.value))
    with duckdb.connect() as engine:
        engine.register("given", source)
        rows = engine.execute(
            f"SELECT dense_rank() OVER (ORDER BY {name}) - 1 AS unit, "
            f"cast(date_diff('hour', (SELECT min({at}) FROM given), {at}) AS bigint) AS hour, "
            f"cast({much} AS double) AS much FROM given WHERE {much} IS NOT NULL"
        ).fetchnumpy()
    slots = max(stream.rotation_hours // stream.grain_hours, 1)
    slot = np.asarray(rows["hour"]) // stream.grain_hours
    kept = slot < 2 * slots
    units = int(np.asarray(rows["unit"]).max(initial=-1)) + 1
    cell = np.asarray(rows["unit"])[kept] * 2 * slots + slot[kept]
    sums = np.bincount(cell, weights=np.asarray(rows["much"])[kept], minlength=units * 2 * slots)
    there = np.bincount(cell, minlength=units * 2 * slots).reshape(units, 2, slots)
    both = np.flatnonzero((there.sum(axis=2) > 0).all(axis=1))
    chosen = both[sampled(len(both), TARGETS_MAX, seed)]
    shaped = sums.reshape(units, 2, slots)[chosen]
    return shaped[:, 0], shaped[:, 1]


def coarsened(hourly: np.ndarray, hours: int) -> np.ndarray:
    """Sums over so many hours: (units, n) to (units, n ÷ hours)."""
    units, slots = hourly.shape
    whole = hourly[:, : slots - slots % hours]
    return np.asarray(whole.reshape(units, -1, hours).sum(axis=2))


def unicity(
    trace: pa.Table, *, user: str, points: tuple[str, ...], known: int = 4, seed: int = 0
) -> Outcome:
    """Draw `known` of a user's points and count whom else they fit.

    Success is the share of users whom that many of their own points fit alone. The control is
    nobody: a release that follows no one has no such column. de Montjoye et al.: Unique in the
    Crowd (doi 10.1038/srep01376).
    """
    rng = np.random.default_rng(seed)
    who, where = _visits(trace, user, points)
    starts = np.searchsorted(who, np.arange(who[-1] + 2 if len(who) else 1))
    visitors = _visitors(who, where)
    users = sampled(len(starts) - 1, TARGETS_MAX, seed)
    alone = 0
    for each in users:
        own = where[starts[each] : starts[each + 1]]
        drawn = rng.choice(own, min(known, len(own)), replace=False)
        alone += _fits_alone(drawn, visitors)
    return judged(
        "unicity",
        successes=alone,
        attempts=len(users),
        control=0.0,
        words=f"{known} points fit one user alone for {alone:,} of {len(users):,} users.",
        figures={"points": float(known)},
    )


def sampled(count: int, most: int, seed: int) -> np.ndarray:
    """Which of `count` are tried: all, or `most` of them drawn by `seed`."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


def _shaped(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms, so that a large home is not told by its size alone; each column on one scale."""
    early, late = np.log1p(np.maximum(before, 0.0)), np.log1p(np.maximum(after, 0.0))
    middle, spread = early.mean(axis=0), early.std(axis=0)
    spread[spread == 0] = 1.0
    return (early - middle) / spread, (late - late.mean(axis=0)) / spread


def _nearest(early: np.ndarray, late: np.ndarray) -> np.ndarray:
    distance = (late**2).sum(axis=1)[None, :] - 2 * early @ late.T
    return np.asarray(distance.argmin(axis=1)) if distance.size else np.zeros(0, dtype=int)


def _visits(trace: pa.Table, user: str, points: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Distinct (user, point) pairs as codes, sorted by user."""
    who = _codes(trace[user])
    where = np.zeros(trace.num_rows, dtype=np.int64)
    for column in points:
        here = _codes(trace[column])
        where = where * (int(here.max(initial=0)) + 1) + here
        where = np.unique(where, return_inverse=True)[1]
    pairs = np.unique(np.stack([who, where], axis=1), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    return np.asarray(encoded.indices.fill_null(len(encoded.dictionary)), dtype=np.int64)


def _visitors(who: np.ndarray, where: np.ndarray) -> list[np.ndarray]:
    order = np.argsort(where, kind="stable")
    bounds = np.searchsorted(where[order], np.arange(int(where.max(initial=-1)) + 2))
    return np.split(who[order], bounds[1:-1])


def _fits_alone(drawn: np.ndarray, visitors: list[np.ndarray]) -> bool:
    fits = visitors[drawn[0]]
    for point in drawn[1:]:
        fits = np.intersect1d(fits, visitors[point], assume_unique=True)
    return len(fits) < LEAST_SHOWN
