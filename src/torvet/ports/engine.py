"""The engine: one SQL text over Parquet files, run by DuckDB or by Spark Connect.

A statement is written in the subset that both share, names its inputs as tables, and binds
nothing but names that the caller has quoted with `identifier` and values with `literal`
(both in `torvet.ports.sql`).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """One Parquet file that the engine wrote: where, how large, and what is in it.

    `path` is relative to the table's folder. `minimum`, `maximum` (as Delta statistics write
    them) and `nulls` are by column name; a column without statistics is left out.
    """

    path: str
    size_bytes: int
    rows: int
    minimum: Mapping[str, object] = field(default_factory=dict)
    maximum: Mapping[str, object] = field(default_factory=dict)
    nulls: Mapping[str, int] = field(default_factory=dict)


class QueryEngine(Protocol):
    """Runs portable SQL over sets of Parquet files."""

    name: str

    def stream(
        self, sql: str, inputs: Mapping[str, Sequence[str]], *, batch_rows: int = 65_536
    ) -> AbstractContextManager[Iterator[pa.RecordBatch]]:
        """Run `sql` over `inputs` (table name → absolute file URIs); never hold it all at once."""

    def rows(self, sql: str, inputs: Mapping[str, Sequence[str]]) -> list[dict[str, object]]:
        """Run `sql` and return its few rows: for aggregates."""

    def sample(self, uris: Sequence[str], rows: int) -> pa.Table:
        """Return about `rows` random rows of Parquet files, each as likely as the others.

        All of them where there are no more. The same files give the same rows every time.
        """

    def write(
        self, sql: str, inputs: Mapping[str, Sequence[str]], folder: str, *, prefix: str
    ) -> list[WrittenFile]:
        """Write the rows of `sql` as zstd Parquet files `{prefix}….parquet` into `folder`."""

    def check(self) -> str:
        """Try the engine; return one line about it, or raise what is wrong."""
