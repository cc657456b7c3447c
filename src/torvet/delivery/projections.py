"""What is not allowed is not there: a table of its own for every distinct projection.

Its Delta versions are the release numbers. A version is made once, from the files that the
release added, under a lock in the database; a crash at any point leaves at most files that no
version names, and whoever comes next goes on from the last version that was committed.
"""

from dataclasses import dataclass

import structlog
from sqlalchemy.exc import OperationalError

from torvet.catalogue import Release, on_release, releases
from torvet.contracts import IDENTITY, Projection
from torvet.kit import filters
from torvet.kit.errors import ExchangeError, Kind
from torvet.kit.filters import FilterInvalid
from torvet.ports.engine import WrittenFile
from torvet.ports.parts import Parts
from torvet.ports.sql import identifier

from . import store
from .model import table_of
from .pruning import columns_in
from .schema import arrow_schema, comments
from .snapshots import actions

log = structlog.get_logger()


@dataclass(eq=False)
class ProjectionBeingMade(ExchangeError):
    """Another process is making the table right now."""

    kind, code = Kind.UNAVAILABLE, "projection-being-made"
    advice = "Try again in a few seconds; it is made once."
    dataset: str

    def __str__(self) -> str:
        return f"What your contract shows of {self.dataset} is being made."


def ensure(parts: Parts, dataset: str, projection: Projection, version: int) -> str:
    """Return the table that holds what `projection` shows, made up to `version` where it is not.

    Raises ProjectionBeingMade where another process has been at it for long.
    """
    table = table_of(dataset, projection)
    if _known(parts, table) >= version or projection.key == IDENTITY:
        return table
    try:
        with store.held(parts.db, table):
            with parts.db.begin() as tx:
                published = releases(tx, dataset)
            wanted = sorted(published, key=lambda each: each.number)[:version]
            _catch_up(parts, table, projection, wanted)
            with parts.db.begin() as tx:
                store.keep(tx, dataset, projection, release=version, at=parts.clock.now())
    except OperationalError as busy:
        if "lock timeout" in str(busy):
            raise ProjectionBeingMade(dataset) from busy
        raise
    _newest[parts.tables.root, table] = version
    return table


# The newest version known to be there. Versions only grow, so an old entry is never wrong.
_newest: dict[tuple[str, str], int] = {}


def _known(parts: Parts, table: str) -> int:
    return _newest.get((parts.tables.root, table), -1)


def _catch_up(parts: Parts, table: str, projection: Projection, wanted: list[Release]) -> None:
    there = parts.tables.version(table)
    if there is None:
        _create(parts, table, projection, wanted)
        there = 0
    for each in wanted:
        if each.number > there:
            _make(parts, table, projection, each)


def _create(parts: Parts, table: str, projection: Projection, wanted: list[Release]) -> None:
    source = wanted[0].table
    empty = parts.tables.snapshot(source, 0)
    schema_string = str(empty.metadata["schemaString"])
    shown = _shown(projection, arrow_schema(schema_string).names)
    parts.tables.create(
        table,
        arrow_schema(schema_string, shown),
        at=wanted[0].published_at,
        comments=comments(schema_string, shown),
    )


def _make(parts: Parts, table: str, projection: Projection, made: Release) -> None:
    """Commit release `made` to `table`: its new files, with what is withheld left out."""
    (commit,) = parts.tables.commits(made.table, made.number, made.number)
    after = parts.tables.snapshot(made.table, made.number)
    schema_string = str(after.metadata["schemaString"])
    columns = _shown(projection, arrow_schema(schema_string).names)
    added = actions(commit, "add")
    # A delivery may lack a column that the table has from an earlier one.
    there = frozenset[str]().union(*(columns_in(str(add.get("stats") or "")) for add in added))
    columns = [name for name in columns if name in there or not there]
    condition = _condition(projection, made)
    files: list[WrittenFile] = []
    if added and columns and condition is not None:
        folder = parts.tables.folder(made.table)
        uris = [f"{folder}/{add['path']}" for add in added]
        files = _filtered(parts, table, _select(columns, condition), uris)
    try:
        parts.tables.commit(
            table,
            files,
            version=made.number,
            replace=made.mode == "replace",
            schema=arrow_schema(schema_string, columns),
            at=made.published_at,
        )
    except ExchangeError as error:
        # The lock goes with its connection; whoever held it meanwhile made the same rows.
        if error.code != "version-taken":
            raise
        log.warning("projection was made twice", table=table, release=made.number)


def _shown(projection: Projection, names: list[str]) -> list[str]:
    return [name for name in names if projection.shows(name)]


def _select(columns: list[str], condition: str) -> str:
    names = ", ".join(identifier(name) for name in columns)
    return f"SELECT {names} FROM release WHERE {condition}"


def _filtered(parts: Parts, table: str, sql: str, uris: list[str]) -> list[WrittenFile]:
    # The name is never used twice: a writer that was given up may still be writing.
    prefix = f"{parts.new_id('part')}-"
    written = parts.engine.write(sql, {"release": uris}, parts.tables.folder(table), prefix=prefix)
    return [file for file in written if file.rows > 0]


def _condition(projection: Projection, made: Release) -> str | None:
    """Return the row filter as SQL, or None where it cannot be judged: then no row is shown."""
    if projection.filter is None:
        return "TRUE"
    types = {column.name: str(column.type) for column in made.columns}
    try:
        return filters.to_sql(filters.check(projection.filter, types))
    except FilterInvalid as unfit:
        log.warning("row filter does not fit", release=made.number, why=str(unfit))
        return None


@on_release
def keep_current(parts: Parts, dataset: str, number: int) -> None:
    """Bring every projection of `dataset` that somebody reads to release `number`."""
    with parts.db.begin() as tx:
        known = store.of_dataset(tx, dataset)
    for projection in known:
        ensure(parts, dataset, projection, number)
