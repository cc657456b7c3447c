"""All attacks that fit a release, run on it in about a second: what a certificate reports."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from torvet.kit.sql import identifier
from torvet.privacy.errors import AttacksInvalid
from torvet.privacy.recoding.hierarchies import Hierarchy
from torvet.privacy.sources import opened

from . import cells as sums
from .cells import Cells, Margins
from .matching import Classes, classes, covers, drawn, quantiles
from .outcome import AttackReport, Outcome
from .records import homogeneity, inference, linkage, said, singling_out
from .streams import Stream, linkability, periods, unicity
from .versions import refinement, repeated

SEED = 2016
TARGETS_MAX = 20_000
PARTS = 20
"""A sensitive number is found where the part of twenty that it lies in is found."""

SUITES = ("default", "quick")
QUICK_TARGETS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A release that follows people: its column of pseudonyms, and what makes a point."""

    user: str
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """The release before, what it was made of, and the column of both sources that names people."""

    release: Any
    source: Any
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    release: Any
    source: Any
    hierarchies: Mapping[str, Hierarchy]
    known: tuple[str, ...]
    sensitive: tuple[str, ...]
    k: int
    known_max: int | None
    targets: int
    seed: int
    edges: dict[str, Any] = field(default_factory=dict)


def run(
    release: Any,
    source: Any,
    *,
    quasi_identifiers: Mapping[str, Hierarchy] | Sequence[str] = (),
    sensitive: Sequence[str] = (),
    k: int = 2,
    known_max: int | None = None,
    stream: Stream | None = None,
    trace: Trace | None = None,
    cells: Cells | None = None,
    margins: Margins | None = None,
    previous: Previous | None = None,
    suite: str = "default",
    seed: int = SEED,
    limit_rows: int = TARGETS_MAX,
) -> AttackReport:
    """Attack `release` with all that somebody who holds `source` could know; say what came of it.

    Args:
        release: what would be published: whatever `sources.opened` takes.
        source: what it was made of.
        quasi_identifiers: what an attacker may know of a person; names alone, or each with the
            hierarchy by which it was made coarser. Columns that the release leaves out tell
            nothing and are left out.
        sensitive: what nobody may learn of a person.
        k: what the policy promises: whom fewer released rows than this fit is found.
        known_max: how many quasi-identifiers an attacker knows at once; all where it is not said.
        stream: for readings of units under pseudonyms that rotate.
        trace: for a release that follows people from point to point.
        cells: for a release of sums.
        margins: the same sums with their totals, where these are released too.
        previous: the release that consumers already have.
        suite: `default`, or `quick` with a tenth of the targets.
        seed: equal seeds give equal reports.
        limit_rows: people who are attacked at most; a draw of them where there are more.

    Raises:
        AttacksInvalid: the suite is unknown, or a column is in neither table.
    """
    if suite not in SUITES:
        raise AttacksInvalid(f"there is no suite {suite!r}; there are {', '.join(SUITES)}")
    released, given = _columns(release), _columns(source)
    if missing := sorted({*quasi_identifiers, *sensitive} - set(given)):
        raise AttacksInvalid(f"the source has no column {missing[0]!r}")
    plan = _Plan(
        release=release,
        source=source,
        hierarchies=quasi_identifiers if isinstance(quasi_identifiers, Mapping) else {},
        known=tuple(column for column in quasi_identifiers if column in released),
        sensitive=tuple(column for column in sensitive if column in released),
        k=max(k, 2),
        known_max=known_max,
        targets=min(limit_rows, QUICK_TARGETS) if suite == "quick" else limit_rows,
        seed=seed,
    )
    outcomes = [*_on_rows(plan), *_on_people(plan, stream, trace), *_on_sums(plan, cells, margins)]
    if previous is not None:
        outcomes += _on_versions(plan, previous)
    return AttackReport(suite=suite, seed=seed, outcomes=tuple(outcomes))


def _columns(source: Any) -> tuple[str, ...]:
    with opened(source) as held:
        return tuple(held.schema.names)


def _on_rows(plan: _Plan) -> Iterator[Outcome]:
    if not plan.known:
        return
    told = {
        column: tuple(classes(*each) for each in _with(plan, column)) for column in plan.sensitive
    }
    released, known = _without_sensitive(plan, told)
    if not len(released) or not len(known):
        return
    aim: dict[str, Any] = {"hierarchies": plan.hierarchies, "seed": plan.seed}
    yield linkage(
        released, known, k=plan.k, known_max=plan.known_max, targets_max=plan.targets, **aim
    )
    yield singling_out(released, known, **aim)
    local = any(
        (covers(values, known.values[place], plan.hierarchies.get(column)).sum(axis=0) > 1).any()
        for place, (column, values) in enumerate(zip(plan.known, released.values, strict=True))
    )
    if local:
        yield refinement(released, known, **aim)
    for shown, truth in told.values():
        targets = drawn(truth, shown, plan.targets, plan.seed)
        heard = said(shown, truth, plan.hierarchies, targets)
        yield homogeneity(shown, heard)
        yield inference(shown, heard)


def _without_sensitive(
    plan: _Plan, told: Mapping[str, tuple[Classes, ...]]
) -> tuple[Classes, Classes]:
    """The classes of release and source: what was counted with a sensitive column has them."""
    for shown, truth in told.values():
        columns = range(len(plan.known))
        return shown.known(columns), truth.known(columns)
    return classes(plan.release, plan.known), classes(plan.source, plan.known)


def _with(plan: _Plan, column: str) -> list[tuple[Any, tuple[str, ...], Any]]:
    """What to count of release and source, so that `column` stands last and in parts alike."""
    cut = quantiles(plan.release, column, PARTS, plan.seed)
    edges = {} if cut is None else {column: cut}
    return [(table, (*plan.known, column), edges) for table in (plan.release, plan.source)]


def _on_people(plan: _Plan, stream: Stream | None, trace: Trace | None) -> Iterator[Outcome]:
    if stream is not None:
        table = _table(plan.source, (stream.unit, stream.time, stream.value))
        yield linkability(*periods(table, stream, plan.seed), seed=plan.seed)
    if trace is not None:
        followed = _table(plan.release, (trace.user, *trace.points))
        yield unicity(followed, user=trace.user, points=trace.points, seed=plan.seed)


def _on_sums(plan: _Plan, cells: Cells | None, margins: Margins | None) -> Iterator[Outcome]:
    if margins is not None:
        yield sums.recomputed(margins)
    if cells is not None:
        published = _table(plan.release, (*cells.by, cells.value))
        given = _table(plan.source, (*cells.by, cells.unit, cells.value))
        yield sums.few(published, given, cells)
        yield sums.insider(published, given, cells)
        yield sums.keys_told(published, given, cells)


def _on_versions(plan: _Plan, previous: Previous) -> Iterator[Outcome]:
    columns = (previous.person, *plan.known, *plan.sensitive)
    now, before = (_table(each, columns) for each in (plan.source, previous.source))
    there = _people(now, before, previous.person, known=True)
    fresh = _people(now, before, previous.person, known=False)
    for column in plan.sensitive:
        (_release, names, edges), _source = _with(plan, column)
        yield repeated(
            classes(previous.release, names, edges),
            classes(plan.release, names, edges),
            classes(there, names, edges),
            newcomers=classes(fresh, names, edges),
            hierarchies=plan.hierarchies,
            targets_max=plan.targets,
            seed=plan.seed,
        )


def _people(now: pa.Table, before: pa.Table, person: str, *, known: bool) -> pa.Table:
    """The rows of people who were there before, or were not."""
    with duckdb.connect() as engine:
        engine.register("later", now)
        engine.register("earlier", before)
        return engine.sql(
            f"SELECT later.* FROM later {'SEMI' if known else 'ANTI'} JOIN earlier "
            f"USING ({identifier(person)})"
        ).to_arrow_table()


def _table(source: Any, columns: Sequence[str]) -> pa.Table:
    wanted = list(dict.fromkeys(columns))
    with opened(source) as held:
        missing = [column for column in wanted if column not in held.schema.names]
        if missing:
            raise AttacksInvalid(f"there is no column {missing[0]!r}")
        batches = list(held.batches(wanted))
        schema = pa.schema([held.schema.field(column) for column in wanted])
    return pa.Table.from_batches(batches) if batches else schema.empty_table()
