"""The last releases of many datasets as lists show them, in one statement."""

from collections.abc import Sequence

from sqlalchemy import Connection, Integer, any_, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from torvet.catalogue.errors import ReleaseNotFound
from torvet.catalogue.tables import releases
from torvet.ports.question import Question

from .model import ReleaseLine


def newest_releases(tx: Connection, ids: Sequence[str]) -> dict[str, ReleaseLine]:
    """Return the newest release of each dataset in `ids` that has one."""
    return {dataset: lines[0] for dataset, lines in last_releases(tx, ids, limit=1).items()}


def last_releases(
    tx: Connection, ids: Sequence[str], *, limit: int
) -> dict[str, list[ReleaseLine]]:
    """Return the last `limit` releases of each dataset in `ids`, newest first."""
    if not ids:
        return {}
    rows = tx.execute(_LAST_RELEASES, {"ids": list(ids), "most": limit})
    found: dict[str, list[ReleaseLine]] = {}
    for dataset, number, count, size, published_at, note, quality, _ in rows:
        line = ReleaseLine(
            number=number,
            rows=count,
            bytes=size,
            published_at=published_at,
            note=note,
            quality=quality,
        )
        found.setdefault(dataset, []).append(line)
    return found


def release_number(tx: Connection, dataset: str, number: int | None = None) -> int:
    """Return `number` where there is such a release, the newest where None.

    Raises ReleaseNotFound.
    """
    if number is None:
        found = _NEWEST.ask(tx, dataset=dataset)
    else:
        found = _NUMBER.ask(tx, dataset=dataset, number=number)
    if found is None:
        raise ReleaseNotFound(dataset, number)
    return int(found["number"])


# Asked with every read: built once, and answered from the index alone.
_NEWEST = Question(
    select(releases.c.number)
    .where(releases.c.dataset == bindparam("dataset"))
    .order_by(releases.c.number.desc())
    .limit(literal_column("1"))
)
_NUMBER = Question(
    select(releases.c.number).where(
        releases.c.dataset == bindparam("dataset"), releases.c.number == bindparam("number")
    )
)

_LINE = ("number", "rows", "bytes", "published_at", "note", "quality")
_AGED = (
    select(
        releases.c.dataset,
        *(releases.c[name] for name in _LINE),
        func.row_number()
        .over(partition_by=releases.c.dataset, order_by=releases.c.number.desc())
        .label("age"),
    )
    .where(releases.c.dataset == any_(bindparam("ids", type_=ARRAY(Text))))
    .subquery()
)
_LAST_RELEASES = (
    select(_AGED)
    .where(_AGED.c.age <= bindparam("most", type_=Integer))
    .order_by(_AGED.c.dataset, _AGED.c.number.desc())
)
