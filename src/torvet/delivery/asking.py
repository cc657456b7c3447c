"""What a reader of rows asks for. Values, no I/O."""

import hashlib
from dataclasses import dataclass

from torvet.kit import filters
from torvet.kit.filters import Filter

from .formats import RowFormat

PAGE_ROWS = 100
PAGE_ROWS_MAX = 10_000
"""A page is held in memory whole; whoever wants more streams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A column that rows are sorted by; nulls come last."""

    column: str
    descending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsAsk:
    """What a reader asks for. None is: all columns, all rows, no limit, the newest release."""

    columns: tuple[str, ...] | None = None
    filter: Filter | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    cursor: str | None = None
    release: int | None = None
    format: RowFormat = RowFormat.JSON
    csv_safe: bool = False

    @property
    def named(self) -> tuple[str, ...] | None:
        """Return every column that the request names, for the contract to judge."""
        looked_at = filters.columns(self.filter) if self.filter else ()
        sorted_by = tuple(each.column for each in self.order)
        names = (*(self.columns or ()), *looked_at, *sorted_by)
        return tuple(dict.fromkeys(names)) or None

    @property
    def is_page(self) -> bool:
        """Tell whether the answer is small enough to be made whole before it is sent."""
        return self.limit is not None and self.limit <= PAGE_ROWS_MAX

    def digest(self, contract: str) -> str:
        """Return what a cursor is bound to: the same question under the same contract."""
        condition = filters.to_text(self.filter) if self.filter else ""
        said = repr((contract, self.columns, condition, self.order))
        return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:20]
