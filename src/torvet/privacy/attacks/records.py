"""Attacks on a table of rows, by somebody who knows the quasi-identifiers of the people in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from math import comb

import numpy as np
from scipy.sparse import csr_array

from torvet.privacy.recoding.hierarchies import Hierarchy

from .matching import Classes, covers, drawn, fitting, without_suppressed
from .outcome import Outcome, judged, percent

PREDICATES = 1_000
SUBSETS_MAX = 128
"""Sets of known columns that are tried, where the attacker knows a few of many."""

WORK_MAX = 100_000_000
"""Comparisons of a predicate with a known combination, in all."""


def linkage(
    released: Classes,
    known: Classes,
    *,
    hierarchies: Mapping[str, Hierarchy],
    k: int,
    known_max: int | None = None,
    targets_max: int,
    seed: int,
) -> Outcome:
    """Find people's rows by what is known of them; succeed where fewer than `k` rows fit.

    All quasi-identifiers are known, or, with `known_max`, any so many of them. The control is 0: a
    policy that promises `k` promises it to everybody.
    """
    released = without_suppressed(released)
    rows, weights = [], []
    for columns in _known_columns(len(known.columns), known_max, seed):
        seen = known.known(columns)
        targets = drawn(seen, released, targets_max, seed)
        rows.append(fitting(released, seen, hierarchies, targets) @ released.sizes)
        weights.append(seen.sizes[targets])
    fits, people = np.concatenate(rows), np.concatenate(weights)
    least = int(fits[fits > 0].min(initial=released.rows))
    found = int(people[(fits > 0) & (fits < k)].sum())
    return judged(
        "linkage",
        successes=found,
        attempts=int(people.sum()),
        control=0.0,
        words=f"At least {least:,} released rows fit whoever was looked for: the right one is "
        f"picked with a chance of {percent(1 / max(least, 1))} at most; fewer than {k} fitted for "
        f"{found:,} people.",
        figures={
            "rows_fitting_min": least,
            "prosecutor_risk_max": 1 / max(least, 1),
            "k": k,
        },
    )


def _known_columns(count: int, most: int | None, seed: int) -> list[tuple[int, ...]]:
    """Knowing more never fits more rows, so that only the largest sets need trying."""
    size = min(count, most or count)
    if comb(count, size) <= SUBSETS_MAX:
        return list(combinations(range(count), size))
    rng = np.random.default_rng(seed)
    sets = {tuple(sorted(rng.choice(count, size, replace=False))) for _ in range(SUBSETS_MAX)}
    return sorted(sets)


def singling_out(
    released: Classes,
    known: Classes,
    *,
    hierarchies: Mapping[str, Hierarchy],
    attempts: int = PREDICATES,
    seed: int,
) -> Outcome:
    """Write predicates that hold for exactly one person of the source.

    Learned predicates take the values of one released class, rare ones as often as others, in all
    columns or some. The control takes each value from a class of its own: what somebody guesses
    who knows how common each value is. Sensitive columns are not part of a predicate: whoever may
    know one must declare it a quasi-identifier.
    """
    released = without_suppressed(released)
    attempts = int(max(50, min(attempts, WORK_MAX // max(len(known), 1))))
    rng = np.random.default_rng(seed)
    order = [released.columns.index(column) for column in known.columns]
    tables = [
        covers(released.values[there], known.values[place], hierarchies.get(column))
        for place, (column, there) in enumerate(zip(known.columns, order, strict=True))
    ]
    shown = released.codes[:, order]
    used = rng.random((attempts, len(order))) < rng.choice([0.5, 1.0], (attempts, 1))
    learned = shown[rng.integers(0, len(shown), attempts)]
    weights = released.sizes / max(released.rows, 1)
    guessed = np.stack(
        [shown[rng.choice(len(shown), attempts, p=weights), each] for each in range(len(order))],
        axis=1,
    )
    alone = _isolating(learned, used, tables, known)
    chance = _isolating(guessed, used, tables, known) / attempts
    return judged(
        "singling-out",
        successes=alone,
        attempts=attempts,
        control=chance,
        words=f"{alone:,} of {attempts:,} predicates learned from the release held for one person "
        f"alone; of predicates that were guessed, {percent(chance)}.",
    )


def _isolating(
    values: np.ndarray, used: np.ndarray, tables: list[np.ndarray], known: Classes
) -> int:
    """How many predicates hold for exactly one person."""
    found = 0
    holders = _Holders(tables=tables, known=known)
    for predicate, columns in zip(values, used, strict=True):
        places = np.flatnonzero(columns)
        if len(places):
            each = sorted(
                (holders.of(int(place), int(predicate[place])) for place in places), key=len
            )
            left = each[0]
            for place in places:
                left = left[tables[place][predicate[place]][known.codes[left, place]]]
            found += int(known.sizes[left].sum()) == 1
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holders:
    """Who has a value that a released one covers, looked for once for each released value."""

    tables: list[np.ndarray]
    known: Classes
    found: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)

    def of(self, place: int, value: int) -> np.ndarray:
        if (place, value) not in self.found:
            covered = self.tables[place][value][self.known.codes[:, place]]
            self.found[place, value] = np.flatnonzero(covered)
        return self.found[place, value]


def homogeneity(released: Classes, heard: "Said") -> Outcome:
    """Be certain of a sensitive value, because all rows that fit say the same.

    The last column of `released` is the sensitive one, and `heard` what fitting rows say of each
    target. The control is 0, or all where the whole release says the same. Machanavajjhala et
    al.: l-Diversity (doi 10.1145/1217299.1217302).
    """
    counts, own, people = heard.counts, heard.own, heard.people
    kinds = (counts > 0).sum(axis=1)
    right = counts[np.arange(len(own)), own] > 0
    certain = int(people[(kinds == 1) & right].sum())
    column = released.columns[-1]
    one_value = float(len(np.unique(released.codes[:, -1])) <= 1)
    least = int(kinds[kinds > 0].min(initial=counts.shape[1]))
    return judged(
        f"homogeneity of {column}",
        successes=certain,
        attempts=int(people.sum()),
        control=one_value,
        words=f"All rows that fitted said the same of {column} for {certain:,} of "
        f"{int(people.sum()):,} people; at least {least} values stood together.",
        figures={"values_min": least},
    )


def inference(released: Classes, heard: "Said") -> Outcome:
    """Guess a sensitive value by drawing one of the rows that fit.

    The control draws one of the *other* rows that fit: what the release tells of people like the
    target, who need not be in it. The difference is what being in the release costs, and it is
    computed exactly for each target. Where nothing fits, both draw from the whole release.
    """
    counts, own, people = heard.counts, heard.own, heard.people
    same = counts[np.arange(len(own)), own].astype(float)
    fit = counts.sum(axis=1).astype(float)
    overall = np.bincount(
        released.codes[:, -1], weights=released.sizes, minlength=counts.shape[1]
    ) / max(released.rows, 1)
    base = overall[np.minimum(own, len(overall) - 1)]
    hit = np.where(fit > 0, same / np.maximum(fit, 1), base)
    others = np.where(fit > 1, np.maximum(same - 1, 0) / np.maximum(fit - 1, 1), base)
    column, attempts = released.columns[-1], int(people.sum())
    control = float(people @ others / max(attempts, 1))
    return judged(
        f"inference of {column}",
        successes=float(people @ hit),
        attempts=attempts,
        control=control,
        words=f"A row that fits tells {column} of {percent(float(people @ hit) / max(attempts, 1))}"
        f" of people; the rows of others like them tell it of {percent(control)}.",
        figures={"without_release": float(people @ base / max(attempts, 1))},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What fitting rows say of each target.

    `counts` is (targets, values + 1), `own` (targets,) the place of their own value, `people`
    (targets,) how many share what is known and that value. A value that the release does not hold
    at all has the last column, of zeros.
    """

    counts: np.ndarray
    own: np.ndarray
    people: np.ndarray


def said(
    released: Classes,
    known: Classes,
    hierarchies: Mapping[str, Hierarchy],
    targets: np.ndarray,
) -> Said:
    """Count for each target what the rows that fit say in the last column of both tables."""
    shown = without_suppressed(released.known(range(len(released.columns) - 1)))
    asked = known.seen_by(range(len(known.columns) - 1))
    fits = fitting(shown, asked, hierarchies, targets)
    values = {text: place for place, text in enumerate(released.values[-1])}
    own = np.array([values.get(text, len(values)) for text in known.values[-1]], dtype=np.int64)
    counts = np.asarray((fits @ _table(shown, released, len(values) + 1)).todense())
    return Said(counts=counts, own=own[known.codes[targets, -1]], people=known.sizes[targets])


def _table(shown: Classes, released: Classes, values: int) -> csr_array:
    """Rows of each class by what they say: (classes, values)."""
    place = {codes.tobytes(): row for row, codes in enumerate(np.ascontiguousarray(shown.codes))}
    keys = np.ascontiguousarray(released.codes[:, :-1])
    rows = np.array([place.get(codes.tobytes(), -1) for codes in keys], dtype=np.int64)
    kept = rows >= 0
    cells = (released.sizes[kept], (rows[kept], released.codes[kept, -1]))
    return csr_array(cells, shape=(len(shown), values))
