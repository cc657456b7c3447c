"""Rows as bytes, batch by batch: nothing here ever holds more than one batch.

JSON keeps what JSON numbers can hold as numbers; a decimal is a string of its digits, so that
no reader rounds it; an instant ends in Z, a local timestamp in nothing; NaN and infinities are
null. Binary is base64.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from .errors import NotAcceptable
from .spreadsheets import harmless, harmless_names


class RowFormat(StrEnum):
    """The formats that rows are written in, by the name that `?format=` knows."""

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"


MEDIA_TYPES = {
    RowFormat.JSON: "application/json",
    RowFormat.NDJSON: "application/x-ndjson",
    RowFormat.CSV: "text/csv",
    RowFormat.PARQUET: "application/vnd.apache.parquet",
    RowFormat.ARROW: "application/vnd.apache.arrow.stream",
}
CONTENT_TYPES = {**MEDIA_TYPES, RowFormat.CSV: "text/csv; charset=utf-8; header=present"}
_ALSO = {
    "application/ndjson": RowFormat.NDJSON,
    "application/jsonl": RowFormat.NDJSON,
    "application/x-parquet": RowFormat.PARQUET,
}
_BY_MEDIA_TYPE = {media: form for form, media in MEDIA_TYPES.items()} | _ALSO
_LOCAL_TIMESTAMP = pa.timestamp("us")
_ACCEPT_CHARACTERS_MAX = 2_000

Writer = Callable[[pa.Schema, Iterable[pa.RecordBatch]], Iterator[bytes]]


def negotiate(accept: str | None, named: str | None) -> RowFormat:
    """Return the format that `?format=` names, or else the one that `Accept` likes best.

    Raises NotAcceptable where neither is one that rows can be written in.
    """
    if named is not None:
        if named not in set(RowFormat):
            raise NotAcceptable(named[:100])
        return RowFormat(named)
    if not accept or len(accept) > _ACCEPT_CHARACTERS_MAX:
        return RowFormat.JSON
    best: tuple[float, RowFormat] | None = None
    for given in accept.split(","):
        media, quality = _weighed(given)
        form = _matching(media)
        if form is not None and quality > (best[0] if best else 0.0):
            best = (quality, form)
    if best is None:
        raise NotAcceptable(accept[:100])
    return best[1]


def _weighed(given: str) -> tuple[str, float]:
    media, *parameters = (word.strip().lower() for word in given.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return media, float(value)
            except ValueError:
                return media, 0.0
    return media, 1.0


def _matching(media: str) -> RowFormat | None:
    if media in _BY_MEDIA_TYPE:
        return _BY_MEDIA_TYPE[media]
    if media in {"*/*", "application/*"}:
        return RowFormat.JSON
    return RowFormat.CSV if media == "text/*" else None


def write_json_page(
    head: dict[str, object], batches: Iterable[pa.RecordBatch], tail: dict[str, object]
) -> bytes:
    """Return one page as one JSON object: `head`, then `rows`, then `tail`."""
    rows = [row for batch in batches for row in _plain(batch)]
    return _encoder.encode({**head, "rows": rows, **tail})


def ndjson(_schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """Yield one JSON object a line."""
    for batch in batches:
        yield _encoder.encode_lines(_plain(batch))


def csv(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """Yield CSV (RFC 4180, UTF-8) with a header; null is an empty field, empty text is `""`."""
    yield _csv_text(schema.empty_table(), header=True)
    for batch in batches:
        yield _csv_text(batch, header=False)


def _csv_text(rows: pa.Table | pa.RecordBatch, *, header: bool) -> bytes:
    sink = io.BytesIO()
    pyarrow.csv.write_csv(
        rows, sink, pyarrow.csv.WriteOptions(include_header=header, quoting_style="needed")
    )
    return sink.getvalue()


def parquet(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """Yield one Parquet file (zstd), a row group for each batch."""
    sink = _Drain()
    with pq.ParquetWriter(
        pa.PythonFile(sink, mode="w"), schema, compression="zstd", store_schema=False
    ) as writer:
        for batch in batches:
            writer.write_batch(batch)
            yield sink.taken()
    yield sink.taken()


def arrow(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """Yield one Arrow IPC stream."""
    sink = _Drain()
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
            yield sink.taken()
    yield sink.taken()


WRITERS: dict[RowFormat, Writer] = {
    RowFormat.NDJSON: ndjson,
    RowFormat.CSV: csv,
    RowFormat.PARQUET: parquet,
    RowFormat.ARROW: arrow,
}


def write(
    form: RowFormat, schema: pa.Schema, batches: Iterable[pa.RecordBatch], *, csv_safe: bool
) -> Iterator[bytes]:
    """Yield rows as `form` writes them; with `csv_safe`, CSV holds no text that would be run."""
    if csv_safe and form is RowFormat.CSV:
        return csv(harmless_names(schema), harmless(schema, batches))
    return WRITERS[form](schema, batches)


@dataclass(slots=True)
class Tally:
    """Counts the rows of the batches that pass."""

    rows: int = 0

    def counted(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield `batches` as they are."""
        for batch in batches:
            self.rows += batch.num_rows
            yield batch


def _nothing_unknown(value: object) -> object:
    raise TypeError(f"{type(value).__name__} has no JSON form")


_encoder = msgspec.json.Encoder(enc_hook=_nothing_unknown)


def _plain(batch: pa.RecordBatch) -> list[dict[str, object]]:
    # Column by column takes half the time of row by row.
    names = batch.schema.names
    values = [_values(column) for column in batch.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def _values(column: pa.Array) -> list[object]:
    """Return what `to_pylist` returns, by way of NumPy where the two agree: a tenth of the time."""
    kind = column.type
    if column.null_count or not any(agrees(kind) for agrees in _AS_IN_NUMPY):
        return list(column.to_pylist())
    values: list[object] = column.to_numpy(zero_copy_only=False).tolist()
    if pa.types.is_timestamp(kind) and not all(type(value) is datetime for value in values):
        return list(column.to_pylist())  # a year that Python does not know
    return values


_AS_IN_NUMPY = (
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_string,
    lambda kind: kind == _LOCAL_TIMESTAMP,
)


class _Drain(io.RawIOBase):
    """A sink that forgets what was taken from it."""

    def __init__(self) -> None:
        super().__init__()
        self._held: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, chunk: object) -> int:
        held = bytes(memoryview(chunk))  # type: ignore[arg-type]  # any buffer that pyarrow hands over
        self._held.append(held)
        return len(held)

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        held, self._held = self._held, []
        return b"".join(held)
