"""Releases of the same people that were made in different ways, laid over each other.

Somebody who is in a class of one release and in a class of the other stands where the two meet:
with everybody who is in both classes, and with nobody else. That group is judged by the models
that the newer policy asks of any class. Cells that were added up in two ways, and cells beside
rows, are subtracted from each other: they are let out where they are not about the same rows.
Docs: decisions/0129.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from torvet import privacy
from torvet.kit.errors import ExchangeError
from torvet.kit.sql import identifier, literal

from .classification.model import Role
from .policies import Policy, Treatment
from .recoding.models import KAnonymity
from .sources import opened
from .specifications import hierarchies_of, hierarchy_of, models_of

Files = Sequence[str]
GROUP = "group of all"
"""The column that numbers the groups of those whom all releases show alike."""
NOBODY_LINKED = "No column names the same people in earlier releases, made in another way."
RANGES = (
    "release {} is about the same people, and local recoding draws ranges of its own: laid over"
    " each other they show more than either"
)
BROKEN = (
    "beside release {}, made by another policy of the same people, {:,} of {:,} stand in groups"
    " that this policy does not let out (the smallest has {:,}). Classes that are unions of the"
    " earlier ones show nothing more"
)
STAY_ALIKE = "Beside release {}, made in another way, at least {:,} people stay alike."
_NTH = "nth of all"
_LINK = "link of all {}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A release about people: how it was made, of which rows, and what it shows.

    `delivered` are Parquet files of one schema with the rows as they came, `released` those of
    the release; `sources` names where the rows came from: those of one source are the same rows.
    """

    number: int
    policy: Policy
    transformation: Mapping[str, int] = field(default_factory=dict)
    delivered: Files
    released: Files
    sources: frozenset[str] = frozenset()

    @property
    def treatment(self) -> Treatment:
        """Return what was done with the rows."""
        return self.policy.treatment

    @property
    def quasi(self) -> tuple[str, ...]:
        """Return the columns that were recoded."""
        asked = self.policy.anonymise
        return tuple(asked.hierarchies) if asked is not None else ()

    @property
    def local(self) -> bool:
        """Say whether every class drew its own ranges, which nobody can draw again."""
        asked = self.policy.anonymise
        return asked is not None and asked.recoding != "full-domain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlaid:
    """What stands against a release beside those before it, and what its reader is told."""

    objections: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def overlaid(new: Made, earlier: Sequence[Made]) -> Overlaid:
    """Judge `new` beside releases that were made in other ways, the newest of them first.

    Raises an ExchangeError where an earlier policy no longer fits the rows that it was made for.
    """
    rows = [it for it in earlier if it.treatment is Treatment.ANONYMISE]
    with duckdb.connect() as run:
        objections = tuple(
            why for it in earlier if (why := _subtracted(run, new, it)) and _same_rows(run, new, it)
        )
        if not rows or new.treatment is not Treatment.ANONYMISE:
            return Overlaid(objections=objections)
        met = _met(run, new, rows)
    return replace(met, objections=(*objections, *met.objections))


def _subtracted(run: duckdb.DuckDBPyConnection, new: Made, it: Made) -> str | None:
    """Say what the difference of two releases would tell, were they about the same rows."""
    match new.treatment, it.treatment:
        case Treatment.AGGREGATE, Treatment.AGGREGATE:
            (by, value), (was_by, was_value) = _cells(new), _cells(it)
            over, was_over = (totals_over(it.policy.aggregate) for it in (new, it))
            if value != was_value or (set(by) == set(was_by) and over == was_over):
                return None
            if set(by) == set(was_by):
                return (
                    f"release {it.number} has the same cells with totals over"
                    f" {_listed([*was_over]) or 'nothing'}, and these over"
                    f" {_listed([*over]) or 'nothing'}: what one keeps back may follow from the"
                    " other"
                )
            return (
                f"release {it.number} has sums of {value!r} by {_listed(was_by)}, and these are by"
                f" {_listed(by)}, of the same rows: the difference of two sums may be one"
                " household's own"
            )
        case Treatment.AGGREGATE, Treatment.ANONYMISE:
            return _beside_rows(run, new, it, f"the rows of release {it.number}")
        case Treatment.ANONYMISE, Treatment.AGGREGATE:
            return _beside_rows(run, it, new, f"the sums of release {it.number}")
        case _:
            return None


def _beside_rows(run: duckdb.DuckDBPyConnection, cells: Made, rows: Made, what: str) -> str | None:
    _, value = _cells(cells)
    if value in rows.quasi or value not in _names(run, rows.released):
        return None
    return (
        f"{value!r} is told exactly both in rows and in sums ({what} are of the same people): the"
        " difference is what the rows that were left out add up to, and they may be one"
    )


def _cells(made: Made) -> tuple[Sequence[str], str]:
    asked = made.policy.aggregate or {}
    return asked.get("by", ()), asked.get("value", "")


def totals_over(aggregate: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the hierarchies over which a policy's cells have totals."""
    return ((aggregate or {}).get("totals") or {}).get("hierarchies") or {}


def _same_rows(run: duckdb.DuckDBPyConnection, new: Made, it: Made) -> bool:
    """Say whether any row stands in both, by where it came from or by all that it says."""
    if new.sources & it.sources:
        return True
    before = _names(run, it.delivered)
    common = [name for name in _names(run, new.delivered) if name in before]
    if not common:
        return False
    said = ", ".join(f"CAST({identifier(name)} AS VARCHAR)" for name in common)
    found = run.execute(
        f"SELECT 1 FROM (SELECT {said} FROM {_read(new.delivered)} INTERSECT"
        f" SELECT {said} FROM {_read(it.delivered)}) LIMIT 1"
    )
    return bool(found.fetchall())


def _met(run: duckdb.DuckDBPyConnection, new: Made, earlier: Sequence[Made]) -> Overlaid:
    """Judge the groups of those whom `new` and all of `earlier` show alike."""
    link = _link(run, new, earlier)
    if link is None:
        return Overlaid(remarks=(NOBODY_LINKED,))
    numbers = " and ".join(str(it.number) for it in reversed(earlier))
    if new.local or any(it.local for it in earlier):
        there = _anybody(run, link, new, earlier)
        return Overlaid(objections=(RANGES.format(numbers),) if there else ())
    met = _groups(run, link, new, earlier)
    if not met.num_rows:
        return Overlaid()
    k, broken = _judged(met, new.policy)
    if broken:
        return Overlaid(objections=(BROKEN.format(numbers, broken, met.num_rows, k),))
    return Overlaid(remarks=(STAY_ALIKE.format(numbers, k),))


def _link(
    run: duckdb.DuckDBPyConnection, new: Made, earlier: Sequence[Made]
) -> tuple[str, ...] | None:
    """Return the columns by which the same person is known in all: a number, else all they share.

    Of several numbers it is the one that tells most of them apart.
    """
    there = set(_names(run, new.delivered))
    for it in earlier:
        there &= set(_names(run, it.delivered))
    named = [
        name
        for name in new.policy.named(Role.IDENTIFIER)
        if name in there and all(it.policy.roles.get(name) is Role.IDENTIFIER for it in earlier)
    ]
    if named:
        counted = ", ".join(f"count(DISTINCT {identifier(name)})" for name in named)
        many = run.execute(f"SELECT {counted} FROM {_read(new.delivered)}").fetchall()[0]
        return (named[many.index(max(many))],)
    known = {*new.quasi, *(name for it in earlier for name in it.quasi)}
    return tuple(sorted(known & there)) or None


def _anybody(
    run: duckdb.DuckDBPyConnection, link: Sequence[str], new: Made, earlier: Sequence[Made]
) -> bool:
    said = ", ".join(f"CAST({identifier(name)} AS VARCHAR)" for name in link)
    before = " UNION ALL ".join(f"SELECT {said} FROM {_read(it.delivered)}" for it in earlier)
    now = f"SELECT {said} FROM {_read(new.delivered)}"
    return bool(run.execute(f"SELECT 1 FROM ({now} INTERSECT ({before})) LIMIT 1").fetchall())


def _groups(
    run: duckdb.DuckDBPyConnection, link: Sequence[str], new: Made, earlier: Sequence[Made]
) -> pa.Table:
    """Return everybody who is in `new` and in any of `earlier`: their group, and what is secret.

    Releases by one recoding show somebody in one class, so that they count as one release; who is
    in none of them, or suppressed, is told of by `new` alone.
    """
    known = tuple(dict.fromkeys([*new.quasi, *(name for it in earlier for name in it.quasi)]))
    over = _Overlay(run=run, link=tuple(link), known=known)
    over.lay("now", [new])
    ways: dict[str, list[Made]] = {}
    for it in earlier:
        assert it.policy.anonymise is not None
        way = json.dumps(it.policy.anonymise.to_json()["hierarchies"], sort_keys=True)
        ways.setdefault(way, []).append(it)
    shown, joins = ["now.shown"], ""
    for place, made in enumerate(ways.values()):
        way = f"way_{place}"
        over.lay(way, made)
        joins += f" LEFT JOIN {way} ON {way}.who = now.who AND {way}.nth = now.nth"
        shown.append(f"{way}.shown")
    there = " OR ".join(f"way_{place}.who IS NOT NULL" for place in range(len(ways)))
    secret = "".join(
        f", now.secret_{at} AS {identifier(name)}"
        for at, name in enumerate(new.policy.named(Role.SENSITIVE))
    )
    return run.sql(
        f"SELECT dense_rank() OVER (ORDER BY {', '.join(shown)}) AS {identifier(GROUP)}{secret}"
        f" FROM now{joins} WHERE {there}"
    ).to_arrow_table()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Overlay:
    """Tables of who is in a release and how it shows them: by `link`, in the `known` columns."""

    run: duckdb.DuckDBPyConnection
    link: tuple[str, ...]
    known: tuple[str, ...]

    def lay(self, name: str, releases: Sequence[Made]) -> None:
        """Make the table `name`: `who` is in any of the releases, as the first of them shows it."""
        # The same person in several rows is paired by the order of the rows.
        rows = " UNION ALL BY NAME ".join(
            self._rows(f"{name}_{place}", place, made) for place, made in enumerate(releases)
        )
        numbered = (
            "SELECT * REPLACE (row_number() OVER (PARTITION BY who, place ORDER BY nth) AS nth)"
            f" FROM ({rows})"
        )
        self.run.execute(
            f"CREATE TABLE {name} AS SELECT * FROM ({numbered})"
            " QUALIFY row_number() OVER (PARTITION BY who, nth ORDER BY place) = 1"
        )

    def _rows(self, view: str, place: int, made: Made) -> str:
        self.run.register(view, _as_shown(made, self.link, self.known))
        there = _names(self.run, made.released)
        same = " AND ".join(
            f"CAST(e.{it} AS VARCHAR) IS NOT DISTINCT FROM CAST(s.{it} AS VARCHAR)"
            for it in map(identifier, made.quasi)
        )
        shown = ", ".join(
            f"CAST(s.{identifier(it)} AS VARCHAR)" if it in there else "NULL" for it in self.known
        )
        linked = [f"s.{identifier(_LINK.format(at))}" for at in range(len(self.link))]
        who = ", ".join(f"CAST({it} AS VARCHAR)" for it in linked)
        secret = "".join(
            f", s.{identifier(it)} AS secret_{at}"
            for at, it in enumerate(made.policy.named(Role.SENSITIVE))
        )
        # Whoever has no number is nobody that can be found again.
        known_by = f" WHERE {linked[0]} IS NOT NULL" if len(linked) == 1 else ""
        return (
            f"SELECT row({who}) AS who, row({shown}) AS shown, s.{identifier(_NTH)} AS nth,"
            f" {place} AS place{secret} FROM {view} s SEMI JOIN {_read(made.released)} e"
            f" ON {same}{known_by}"
        )


def _as_shown(made: Made, link: Sequence[str], known: Sequence[str]) -> pa.Table:
    """Return the delivered rows as the release shows them, nobody left out, and whose they are."""
    asked = made.policy.anonymise
    assert asked is not None
    wanted = dict.fromkeys([*link, *known, *made.policy.named(Role.SENSITIVE)])
    with opened(list(made.delivered)) as rows:
        names = [name for name in wanted if name in rows.schema.names]
        batches = list(rows.batches(names))
        held = pa.Table.from_batches(batches) if batches else rows.schema.empty_table()
    for place, name in enumerate(link):
        held = held.append_column(_LINK.format(place), held[name])
    held = held.append_column(_NTH, pa.array(np.arange(held.num_rows)))
    result = privacy.anonymise(
        held,
        quasi_identifiers=hierarchies_of(asked.hierarchies),
        models=[KAnonymity(1)],
        transformation=made.transformation,
    )
    assert result.table is not None
    return result.table


def _judged(met: pa.Table, policy: Policy) -> tuple[int, int]:
    """Return the size of the smallest group, and how many people are in those not let out."""
    asked, secret = policy.anonymise, policy.named(Role.SENSITIVE)
    assert asked is not None
    k = privacy.risk.report(met, [GROUP]).k
    try:
        left = privacy.anonymise(
            met,
            quasi_identifiers={GROUP: hierarchy_of(GROUP, {"kind": "flat"})},
            models=models_of(asked.models, hierarchies_of(asked.hierarchies)),
            sensitive=secret,
            suppression_limit=1.0,
            transformation={GROUP: 0},
        )
    except ExchangeError:  # more is asked of a group than all of them together have
        return k, met.num_rows
    return k, left.suppressed


def _names(run: duckdb.DuckDBPyConnection, files: Files) -> list[str]:
    return [name for (name, *_) in run.execute(f"DESCRIBE FROM {_read(files)}").fetchall()]


def _read(files: Files) -> str:
    return f"read_parquet([{', '.join(literal(str(file)) for file in files)}])"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
