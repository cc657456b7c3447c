"""CSV that a spreadsheet may open: no text in it begins as a formula does.

A spreadsheet runs a cell that begins with one of OWASP's characters ("CSV Injection"): such a text
gets an apostrophe in front. A text that is a plain number stays: a spreadsheet takes it for one.
"""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

_BEGINS = "^[=+\\-@\t\r\n＝＋－＠]"
_NUMBER = r"^[+-]?[0-9][0-9., ]*$"


def harmless(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield `batches`, of `harmless_names(schema)`, with texts that no spreadsheet runs."""
    names = harmless_names(schema)
    for batch in batches:
        columns = [_harmless(column) if _is_text(column.type) else column for column in batch]
        yield pa.RecordBatch.from_arrays(columns, names=names.names)


def harmless_names(schema: pa.Schema) -> pa.Schema:
    """Return `schema` with names that no spreadsheet runs."""
    found = _harmless(pa.array(schema.names, pa.string())).to_pylist()
    return pa.schema([field.with_name(name) for field, name in zip(schema, found, strict=True)])


def _harmless(texts: pa.Array) -> pa.Array:
    runs = pc.match_substring_regex(texts, _BEGINS)
    number = pc.match_substring_regex(texts, _NUMBER)
    told = pc.binary_join_element_wise(pa.scalar("'", texts.type), texts, pa.scalar("", texts.type))
    return pc.if_else(pc.and_not(runs, number), told, texts)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
