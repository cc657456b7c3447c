"""Attacks on what a release tells beside its values: its edges, its reasons, its predecessors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy.special import gammaln

from torvet.privacy.recoding.hierarchies import Hierarchy

from .matching import CELLS_MAX, Classes, bounds, drawn, fitting, without_suppressed
from .outcome import Outcome, judged, percent
from .records import Said, said

CLASSES_MIN, CLASSES_MAX = 50, 1_000
VALUES_MIN = 3
"""A range of two values has no inside."""


def repeated(
    earlier: Classes,
    later: Classes,
    known: Classes,
    *,
    hierarchies: Mapping[str, Hierarchy],
    newcomers: Classes | None = None,
    targets_max: int,
    seed: int,
) -> Outcome:
    """Lay two releases of one dataset over each other; succeed where one sensitive value remains.

    Whoever is in both has a value that both show for them; whoever is in the second only
    (`newcomers`) has a value that is there more often than before. The last column of all four is
    the sensitive one. The control is what either release alone makes certain. Xiao, Tao:
    m-Invariance (doi 10.1145/1247480.1247556).
    """
    first, second = _numbered_alike(earlier, later)
    found = _in_both(
        said(first, known, hierarchies, targets := drawn(known, first, targets_max, seed)),
        said(second, known, hierarchies, targets),
    )
    if newcomers is not None and len(newcomers):
        targets = drawn(newcomers, second, targets_max, seed)
        found += _new(
            said(first, newcomers, hierarchies, targets),
            said(second, newcomers, hierarchies, targets),
        )
    certain, alone, people = (int(each) for each in found)
    column = known.columns[-1]
    control = alone / max(people, 1)
    return judged(
        f"repeated release of {column}",
        successes=certain,
        attempts=people,
        control=control,
        words=f"Two releases together made {column} certain for {certain:,} of {people:,} people; "
        f"one alone for {percent(control)}.",
    )


def _in_both(first: Said, second: Said) -> np.ndarray:
    """People whose value is certain from both, from one alone, and all."""
    both = (first.counts > 0) & (second.counts > 0)
    certain = _certain(both, second.own)
    alone = _certain(first.counts > 0, second.own) | _certain(second.counts > 0, second.own)
    people = second.people
    return np.array([people[certain | alone].sum(), people[alone].sum(), people.sum()])


def _new(first: Said, second: Said) -> np.ndarray:
    """The same of people who are in the second only, and whose class has only grown."""
    more = second.counts - first.counts
    grown = (more >= 0).all(axis=1)
    alone = _certain(second.counts > 0, second.own)
    certain = alone | (grown & _certain(more > 0, second.own))
    people = second.people
    return np.array([people[certain].sum(), people[alone].sum(), people.sum()])


def _certain(shown: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Whose own value is the only one shown."""
    return np.asarray((shown.sum(axis=1) == 1) & shown[np.arange(len(own)), own])


def _numbered_alike(earlier: Classes, later: Classes) -> tuple[Classes, Classes]:
    """Both tables with one numbering of their sensitive values."""
    place: dict[str, int] = {}
    for text in (*earlier.values[-1], *later.values[-1]):
        place.setdefault(text, len(place))
    values = np.array(list(place), dtype=object)
    first, second = (
        replace(
            table,
            values=(*table.values[:-1], values),
            codes=np.column_stack(
                [
                    table.codes[:, :-1],
                    np.array([place[text] for text in table.values[-1]])[table.codes[:, -1]],
                ]
            ),
        )
        for table in (earlier, later)
    )
    return first, second


def refinement(
    released: Classes, known: Classes, *, hierarchies: Mapping[str, Hierarchy], seed: int
) -> Outcome:
    """Narrow the ranges of a release from the release alone.

    Ranges that were drawn as tightly as the rows allow have somebody on each edge, so that the
    attacker claims: one of this class has exactly that value. The control is how likely that is
    for so many people drawn from all whose value lies in the range. The linear programme over the
    counts within a class has a closed form here: its only bindings are the class's size and one
    row at least on each edge, so that a whole person is pinned where one column alone is a range.
    Chhillar et al.: Combinatorial Refinement Attacks (arXiv 2509.03350).
    """
    shown = without_suppressed(released)
    most = max(CLASSES_MIN, min(CLASSES_MAX, CELLS_MAX // max(len(known), 1)))
    chosen = shown.where(np.random.default_rng(seed).permutation(len(shown))[:most])
    members = fitting(chosen, known, hierarchies, np.arange(len(known))).T.tocsr()
    spreads = [_Spread.of(known, place) for place in range(len(known.columns))]
    claimed, single = [], 0
    for row in range(len(chosen)):
        own = members.indices[members.indptr[row] : members.indptr[row + 1]]
        claims = list(_claims(chosen, row, known, own, spreads))
        single += len(claims) == 1
        claimed += claims
    true, expected = np.array(claimed, dtype=float).reshape(-1, 2).sum(axis=0)
    claims_made = 2 * len(claimed)
    chance = float(expected) / max(claims_made, 1)
    return judged(
        "refinement",
        successes=float(true),
        attempts=claims_made,
        control=chance,
        words=f"Of {claims_made:,} claims that somebody stands on the edge of a range, "
        f"{int(true):,} were true; of so many people by chance, {percent(chance)}.",
        figures={"classes_of_one_range": float(single), "classes": float(len(chosen))},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spread:
    """The numbers of one column: of each distinct value, and how many people have each, rising."""

    of_value: np.ndarray
    rising: np.ndarray
    people: np.ndarray

    @classmethod
    def of(cls, known: Classes, place: int) -> Self:
        numbers = _numbers(known.values[place])
        held = numbers[known.codes[:, place]]
        there = ~np.isnan(held)
        rising, inverse = np.unique(held[there], return_inverse=True)
        return cls(
            of_value=numbers,
            rising=rising,
            people=np.bincount(inverse, weights=known.sizes[there], minlength=len(rising)),
        )


def _claims(
    released: Classes, row: int, known: Classes, members: np.ndarray, spreads: list[_Spread]
) -> Iterator[tuple[int, float]]:
    """Say of each range of a class on how many of its two edges somebody stands, and by chance."""
    size = int(known.sizes[members].sum())
    for place, (column, spread) in enumerate(zip(known.columns, spreads, strict=True)):
        there = released.columns.index(column)
        low, high = bounds(released.values[there][released.codes[row, there]])
        inside = (spread.rising >= low) & (spread.rising <= high)
        if np.isfinite([low, high]).all() and inside.sum() >= VALUES_MIN:
            share = spread.people[inside] / spread.people[inside].sum()
            held = spread.of_value[known.codes[members, place]]
            edges = spread.rising[inside][[0, -1]]
            stands = sum(bool((held == edge).any()) for edge in edges)
            yield stands, float((1 - (1 - share[[0, -1]]) ** size).sum())


def _numbers(values: np.ndarray) -> np.ndarray:
    def number(text: str) -> float:
        try:
            return float(text)
        except ValueError:
            return float("nan")

    return np.array([number(text) for text in values])


def minimality(
    released: np.ndarray,
    finer: np.ndarray,
    secret: np.ndarray,
    *,
    k: int,
    protected: Sequence[int] | None = None,
) -> Outcome:
    """Conclude from a split that was not made why it was not made.

    Where k alone would have let a class be split, and the anonymiser splits whatever it may, one
    part must have held one sensitive value only. Wong et al.: Minimality Attack (VLDB 2007).

    Args:
        released: the class of each row, as released.
        finer: the part of its class that each row would have come to, had k alone counted; the
            attacker knows it from the quasi-identifiers.
        secret: the sensitive value of each row, as codes.
        k: rows that a class has at least.
        protected: the codes of which no part may be made alone; all where they are not named.

    Success draws a value by what the missing split tells, the control by the class alone.
    """
    hit = base = 0.0
    tried = 0
    order = np.argsort(released, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(released[order])) + 1):
        parts, place = np.unique(finer[rows], return_inverse=True)
        if len(parts) < 2 or np.bincount(place).min() < k:  # noqa: PLR2004 - a split makes two
            continue
        told = _told_by_not_splitting(place, secret[rows], protected)
        held = np.bincount(secret[rows])
        hit += float(told.sum())
        base += float((held[secret[rows]] / len(rows)).sum())
        tried += len(rows)
    return judged(
        "minimality",
        successes=hit,
        attempts=tried,
        control=base / tried if tried else 0.0,
        words=f"{tried:,} people stand in classes that k alone would have split; that they were "
        f"not tells {percent(hit / max(tried, 1))} of their values, the classes alone "
        f"{percent(base / max(tried, 1))}.",
    )


def _told_by_not_splitting(
    part: np.ndarray, secret: np.ndarray, protected: Sequence[int] | None
) -> np.ndarray:
    """For each row, how likely its true value is, given that some part is all of one value.

    Each (part, value) is as likely as drawing so many of that value without putting back; that
    two hold at once is left out.
    """
    rows, held, sizes = len(secret), np.bincount(secret), np.bincount(part)
    left = held[None, :] - sizes[:, None]
    possible = left >= 0
    if protected is not None:
        possible &= np.isin(np.arange(len(held)), protected)
    if not possible.any():
        return np.asarray(held[secret] / rows)
    ways = gammaln(held + 1)[None, :] - gammaln(np.maximum(left, 0) + 1)
    draws = gammaln(rows + 1) - gammaln(rows - sizes + 1)
    weight = np.where(possible, np.exp(ways - draws[:, None]), 0.0)
    weight /= weight.sum()
    rest = np.maximum(rows - sizes, 1)
    other = np.arange(len(sizes))[None, :] != part[:, None]
    drawn_there = held[secret][:, None] * weight.sum(axis=1) - (weight[:, secret].T * sizes)
    return np.asarray(weight[part, secret] + (other * drawn_there / rest).sum(axis=1))
