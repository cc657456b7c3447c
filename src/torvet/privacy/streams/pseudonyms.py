"""Pseudonyms that change: one name per unit, consumer and period, from a key that stays here.

Pseudonymised is not anonymous (GDPR recital 26): of 5,139 households 73.4 % were found again
behind new pseudonyms, from their consumption alone (arXiv 2404.03948).
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from torvet.privacy.errors import ColumnsInvalid, KeyTooShort

from .periods import Period

KEY_BYTES_MIN = 32
PSEUDONYM_HEX = 32
"""128 bits: two of 2^40 units get the same pseudonym once in 2^48 times."""
LABEL = b"torvet.treatment"
PSEUDONYMISED = b"pseudonymised"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonymiser:
    """HMAC-SHA256 of unit, consumer and period under `key` (at least 32 secret bytes).

    Two consumers, or two periods of `rotation`, have nothing in common to join on. `rotation` is
    an ISO 8601 duration.
    """

    key: bytes = field(repr=False)
    rotation: str = "P7D"
    label = PSEUDONYMISED.decode()
    _period: Period = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.key) < KEY_BYTES_MIN:
            raise KeyTooShort(KEY_BYTES_MIN)
        object.__setattr__(self, "_period", Period.from_text(self.rotation))

    def pseudonym(self, unit: object, *, consumer: str, at: datetime) -> str:
        """Return what `unit` is called to `consumer` in the period of `at`: 32 hex digits."""
        return self._named(str(unit), consumer, self._period.number(at))

    def pseudonymise(self, table: pa.Table, column: str, *, consumer: str, at: str) -> pa.Table:
        """Return `table` with pseudonyms in `column`; column `at` has the instants.

        The schema is labelled `torvet.treatment: pseudonymised`. No unit stays no unit. Raises
        ColumnsInvalid where a column is missing or an instant is.
        """
        for name in (column, at):
            if name not in table.schema.names:
                raise ColumnsInvalid(f"there is no column {name!r}")
        if table[at].null_count:
            raise ColumnsInvalid(f"{at!r} has no instant in {table[at].null_count:,} rows")
        periods = [self._period.number(moment) for moment in _moments(table[at])]
        known: dict[tuple[Any, int], str] = {}
        named: list[str | None] = []
        for unit, period in zip(table[column].to_pylist(), periods, strict=True):
            if unit is None:
                named.append(None)
                continue
            if (unit, period) not in known:
                known[unit, period] = self._named(str(unit), consumer, period)
            named.append(known[unit, period])
        place = table.schema.get_field_index(column)
        changed = table.set_column(place, column, pa.array(named, pa.string()))
        return changed.replace_schema_metadata(
            {**(table.schema.metadata or {}), LABEL: PSEUDONYMISED}
        )

    def _named(self, unit: str, consumer: str, period: int) -> str:
        # Each part with its length before it: no two different triples have the same bytes.
        parts = [part.encode() for part in (consumer, str(period), unit)]
        framed = b"".join(len(part).to_bytes(8) + part for part in parts)
        return hmac.new(self.key, framed, hashlib.sha256).hexdigest()[:PSEUDONYM_HEX]


def _moments(column: pa.ChunkedArray) -> Iterable[datetime]:
    if not pa.types.is_timestamp(column.type):
        raise ColumnsInvalid(f"the instants are {column.type}, and no timestamps")
    moments: list[datetime] = column.cast(pa.timestamp("us", column.type.tz)).to_pylist()
    return moments
