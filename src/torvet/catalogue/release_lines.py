"""The last releases of many datasets as lists show them, in one statement."""

from collections.abc import Sequence

from sqlalchemy import Connection, Integer, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from .search_model import ReleaseLine
from .tables import releases


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
