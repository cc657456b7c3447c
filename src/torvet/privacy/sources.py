"""Where rows come from: files, Delta tables and Arrow data, read in batches and more than once.

What can be read only once (a stream) is first written to a file of its own, so that memory does
not grow with the number of rows.
"""

import gzip
import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from .errors import ColumnsInvalid, SourceUnreadable

BATCH_ROWS = 1 << 20
CSV_BLOCK_BYTES = 16 * 1024 * 1024
LINE_BYTES_MAX = 1 << 20
AHEAD_BATCHES = 2
SEPARATORS = (";", "\t", "|", ",")


class Source(Protocol):
    """A table that can be read again and again."""

    @property
    def schema(self) -> pa.Schema:
        """Return the columns and their types."""
        ...

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Give the rows of `columns`, in order, in batches; texts may come as dictionaries."""
        ...

    def sha256(self) -> str:
        """Return the digest of the bytes it is read from."""
        ...


@contextmanager
def opened(source: Any) -> Iterator[Source]:
    """Open a CSV or Parquet path, a folder of a Delta table, Parquet files, or Arrow data.

    Arrow data is a table, a record batch, or whatever has `__arrow_c_stream__` (a reader, a data
    frame). Raises SourceUnreadable.
    """
    with ExitStack() as stack:
        with _told(_name(source)):
            found = _source(source, stack)
        yield found


def hold(source: Source, columns: Sequence[str], what: str) -> None:
    """Raise ColumnsInvalid where the source lacks one of the columns."""
    for name in columns:
        if name not in source.schema.names:
            raise ColumnsInvalid(f"there is no column {name!r} in the {what}")


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Say what could not be read; what goes wrong elsewhere (writing, say) is not touched."""
    try:
        yield
    except (pa.ArrowInvalid, OSError, DeltaError) as error:
        raise SourceUnreadable(name, str(error).splitlines()[0]) from error


def _name(source: Any) -> str:
    return str(source) if isinstance(source, str | Path) else f"a {type(source).__name__}"


def _source(source: Any, stack: ExitStack) -> Source:
    if isinstance(source, pa.Table):
        return Held(table=source)
    if isinstance(source, pa.RecordBatch):
        return Held(table=pa.Table.from_batches([source]))
    if isinstance(source, str | Path):
        return _of_path(Path(source))
    if isinstance(source, list | tuple):
        return _of_files([str(each) for each in source])
    if hasattr(source, "__arrow_c_stream__"):
        return stack.enter_context(_spooled(source))
    raise SourceUnreadable(_name(source), "it is no path, no list of files and no Arrow data")


def _of_path(path: Path) -> Source:
    if (path / "_delta_log").is_dir():
        return _of_files(DeltaTable(path).file_uris())
    if path.is_dir():
        return _of_files(sorted(str(each) for each in path.glob("*.parquet")))
    with path.open("rb") as start:
        parquet = start.read(4) == b"PAR1"
    return _of_files([str(path)]) if parquet else Csv(path=path, separator=_separator(path))


def _of_files(paths: Sequence[str]) -> Source:
    if not paths:
        raise pa.ArrowInvalid("there is no Parquet file")
    local = tuple(path.removeprefix("file://") for path in paths)
    return Parquet(paths=local, schema=pq.read_schema(local[0]).remove_metadata())


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A table in memory or in a mapped file."""

    table: pa.Table

    @property
    def schema(self) -> pa.Schema:
        return self.table.schema.remove_metadata()

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        yield from self.table.select(list(columns)).to_batches(max_chunksize=BATCH_ROWS)

    def sha256(self) -> str:
        digest = _Digest()
        with pa.ipc.new_stream(pa.PythonFile(digest, mode="w"), self.schema) as out:
            out.write_table(self.table.replace_schema_metadata())
        return digest.hash.hexdigest()


class _Digest:
    """A file that keeps nothing of what is written but the digest."""

    closed = False

    def __init__(self) -> None:
        self.hash = hashlib.sha256()

    def write(self, content: bytes) -> int:
        self.hash.update(content)
        return len(content)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Parquet:
    """Parquet files of this machine, of one schema."""

    paths: tuple[str, ...]
    schema: pa.Schema

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        texts = [
            field.name
            for field in self.schema
            if field.name in columns and pa.types.is_string(field.type)
        ]
        return _ahead(self._read(list(columns), texts))

    def _read(self, columns: list[str], texts: list[str]) -> Iterator[pa.RecordBatch]:
        for path in self.paths:
            with (
                _told(path),
                pq.ParquetFile(path, read_dictionary=texts, memory_map=True) as file,
            ):
                yield from file.iter_batches(BATCH_ROWS, columns=columns)

    def sha256(self) -> str:
        return _digest_of(self.paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Csv:
    """A file of lines, in types that its first block suggests."""

    path: Path
    separator: str

    @property
    def schema(self) -> pa.Schema:
        with _told(str(self.path)), self._reader(None) as reader:
            return reader.schema

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with _told(str(self.path)), self._reader(list(columns)) as reader:
            for batch in reader:
                yield batch.select(list(columns))

    def sha256(self) -> str:
        return _digest_of((str(self.path),))

    def _reader(self, columns: list[str] | None) -> pv.CSVStreamingReader:
        return pv.open_csv(
            self.path,
            read_options=pv.ReadOptions(block_size=CSV_BLOCK_BYTES),
            parse_options=pv.ParseOptions(delimiter=self.separator, newlines_in_values=True),
            convert_options=pv.ConvertOptions(include_columns=columns),
        )


@contextmanager
def _spooled(source: Any) -> Iterator[Source]:
    """Write a stream to a temporary Arrow file, and map that."""
    with tempfile.TemporaryDirectory(prefix="torvet-spool-") as folder:
        path = str(Path(folder) / "rows.arrow")
        reader = pa.RecordBatchReader.from_stream(source)
        with pa.OSFile(path, "wb") as out, pa.ipc.new_file(out, reader.schema) as file:
            for batch in reader:
                file.write_batch(batch)
        with pa.memory_map(path) as mapped:
            yield Held(table=pa.ipc.open_file(mapped).read_all())


def _ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Read the next batches in a thread while the last one is worked on."""
    waiting: Queue[pa.RecordBatch | BaseException | None] = Queue(AHEAD_BATCHES)
    wanted = [True]

    def read() -> None:
        try:
            for batch in batches:
                if not wanted[0]:
                    break
                waiting.put(batch)
            waiting.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again where the batches are used
            waiting.put(error)

    thread = Thread(target=read, name="reads ahead", daemon=True)
    thread.start()
    try:
        while (batch := waiting.get()) is not None:
            if isinstance(batch, BaseException):
                raise batch
            yield batch
    finally:
        wanted[0] = False
        while thread.is_alive():
            if not waiting.empty():
                waiting.get()
            thread.join(0.001)


def _separator(path: Path) -> str:
    """Return the separator that the first line has most of."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", errors="replace") as lines:
        first = lines.readline(LINE_BYTES_MAX)
    return max(SEPARATORS, key=first.count)


def _digest_of(paths: Sequence[str]) -> str:
    """Return the digest of a file, or of the digests of several, in order."""
    digests = []
    for path in paths:
        with Path(path).open("rb") as content:
            digests.append(hashlib.file_digest(content, "sha256").hexdigest())
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
