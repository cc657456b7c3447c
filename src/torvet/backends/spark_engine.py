"""The engine elsewhere: a Spark Connect server (Apache Spark, Databricks, Sail).

The server reads and writes the tables itself, so they are where both can reach them: an object
store, or a folder that both mount.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from torvet.kit.errors import ExchangeError
from torvet.ports.dialect import to_spark
from torvet.ports.engine import WrittenFile

from .errors import EngineAway, storage_error
from .statistics import from_footer

RETRIES_MAX = 3  # about a second
SEED = 2007

_SESSION = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",
}


class SparkEngine:
    """Runs every call in one session; inputs are views under names of their own."""

    name = "Spark Connect"

    def __init__(self, url: str, *, files: Any) -> None:
        """Connect to `url` (`sc://host:15002`); `files` is the fsspec filesystem of the tables."""
        self._url = url
        self._files = files
        self._made: Any = None

    def close(self) -> None:
        """Leave the server."""
        if self._made is not None:
            self._made.stop()

    @contextmanager
    def stream(
        self, sql: str, inputs: Mapping[str, Sequence[str]], *, batch_rows: int = 65_536
    ) -> Iterator[Iterator[pa.RecordBatch]]:
        """Run `sql` over `inputs` and give its rows batch by batch."""
        with self._explained(), self._query(sql, inputs) as frame:
            yield _sliced(self._arriving(frame), batch_rows)

    def rows(self, sql: str, inputs: Mapping[str, Sequence[str]]) -> list[dict[str, object]]:
        """Run `sql` and return its few rows."""
        with self._explained(), self._query(sql, inputs) as frame:
            found: list[dict[str, object]] = frame.toArrow().to_pylist()
            return found

    def sample(self, uris: Sequence[str], rows: int) -> pa.Table:
        """Return about `rows` random rows of the files, the same ones every time."""
        inputs = {"sampled": uris}
        with self._explained(), self._query("SELECT * FROM sampled", inputs) as frame:
            held = frame.count()
            drawn: pa.Table = (frame.sample(rows / held, SEED) if rows < held else frame).toArrow()
            return drawn

    def write(
        self, sql: str, inputs: Mapping[str, Sequence[str]], folder: str, *, prefix: str
    ) -> list[WrittenFile]:
        """Write the rows of `sql` into a folder of its own under `folder`; none on failure."""
        target = f"{folder}/{prefix}spark.parquet"
        # What an attempt before left there must not become part of this one.
        self._remove(target)
        try:
            with self._explained(), self._query(sql, inputs) as frame:
                writer = frame.write.mode("append").option("compression", "zstd")
                writer.parquet(_uri(target))
                if not self._written(target):
                    self._write_empty(target, frame.limit(0).toArrow().schema)
            return [self._described(file, folder) for file in self._written(target)]
        except BaseException:
            self._remove(target)
            raise

    def check(self) -> str:
        """Run one query; return the server's version."""
        with self._explained():
            self.rows("SELECT 1 AS one", {})
            return f"Spark {self._session().version} at {self._url}"

    def _session(self) -> Any:
        if self._made is None:
            # The client is an extra: it is looked for only where it is asked for.
            session = import_module("pyspark.sql.connect.session").SparkSession(self._url)
            # By default it would wait ten minutes for a server that is not there.
            patience = import_module("pyspark.sql.connect.client.retries").DefaultPolicy
            session.client.set_retry_policies([patience(max_retries=RETRIES_MAX)])
            for name, value in _SESSION.items():
                session.conf.set(name, value)
            self._made = session
        return self._made

    @contextmanager
    def _query(self, sql: str, inputs: Mapping[str, Sequence[str]]) -> Iterator[Any]:
        views = {name: f"torvet_{uuid.uuid4().hex}" for name in inputs}
        statement = to_spark(sql, views)
        session = self._session()
        try:
            for name, view in views.items():
                read = session.read.option("mergeSchema", "true")
                frame = read.parquet(*(_uri(uri) for uri in inputs[name]))
                frame.createOrReplaceTempView(view)
            yield session.sql(statement)
        finally:
            for view in views.values():
                session.catalog.dropTempView(view)

    def _arriving(self, frame: Any) -> Iterator[pa.RecordBatch]:
        """Give batches as they arrive.

        The frame's own Arrow stream loses the zone of instants (pyspark 4.2), and `toArrow` holds
        everything at once; this is what both are made of.
        """
        client, plan = self._session().client, frame._plan  # noqa: SLF001 - see above
        for part in client.to_table_as_iterator(plan.to_proto(client), plan.observations):
            if isinstance(part, pa.Table):
                yield from part.to_batches()

    def _written(self, target: str) -> list[str]:
        found = self._files.find(_key(target)) if self._files.exists(_key(target)) else []
        return sorted(name for name in found if name.endswith(".parquet"))

    def _write_empty(self, target: str, schema: pa.Schema) -> None:
        self._files.makedirs(_key(target), exist_ok=True)
        with self._files.open(f"{_key(target)}/empty.parquet", "wb") as handle:
            pq.write_table(schema.empty_table(), handle, compression="zstd")

    def _described(self, file: str, folder: str) -> WrittenFile:
        with self._files.open(file, "rb") as handle:
            footer = pq.read_metadata(handle)
        path = file.removeprefix(_key(folder)).lstrip("/")
        return from_footer(path=path, size_bytes=self._files.size(file), footer=footer)

    def _remove(self, target: str) -> None:
        if self._files.exists(_key(target)):
            self._files.rm(_key(target), recursive=True)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except ExchangeError:
            raise
        except Exception as error:
            if (known := storage_error(error, self._url)) is not None:
                raise known from error
            if "UNAVAILABLE" in str(error) or type(error).__name__ == "RetriesExceeded":
                raise EngineAway(self._url) from error
            raise


def _sliced(reader: Iterator[pa.RecordBatch], most: int) -> Iterator[pa.RecordBatch]:
    for batch in reader:
        for start in range(0, batch.num_rows, most):
            yield batch.slice(start, most)


def _uri(path: str) -> str:
    return path if "://" in path else f"file://{path}"


def _key(path: str) -> str:
    return path.removeprefix("s3://").removeprefix("file://")
