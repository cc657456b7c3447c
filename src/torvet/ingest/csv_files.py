"""CSV: sniffed on a sample, read in one pass where every value fits, else row by row."""

import csv
from pathlib import Path

import duckdb

from torvet.ports.sql import literal

from .bench import Bench, CellWriter, Staged
from .dialect import records, sniff
from .encoding import TextFacts, as_utf8, examine
from .errors import FileUnreadable, NoRows, TooManyColumns
from .limits import (
    LINE_BYTES_MAX,
    SAMPLE_BYTES,
    SAMPLE_ROWS,
    SLICE_BYTES,
    SLICES,
)
from .options import given_delimiter
from .readings import INFERRED
from .splitting import Fault, Row, split

_SAID = {"utf-8": "UTF-8", "utf-16": "UTF-16", "iso-8859-1": "ISO-8859-1"}


class CsvFile:
    """One CSV file, examined: UTF-8 text, its dialect, and a sample of its rows."""

    def __init__(self, bench: Bench, path: Path) -> None:
        """Examine the file at `path`; raise an ExchangeError where it is no table."""
        self._bench = bench
        facts = examine(path, file_name=bench.file_name, wanted=bench.options.encoding)
        if facts.encoding != "utf-8":
            bench.note(f"Encoding: {_SAID.get(facts.encoding, facts.encoding)}, turned to UTF-8.")
        self.path = as_utf8(path, bench.folder / "utf8.csv", facts, file_name=bench.file_name)
        self._size = self.path.stat().st_size
        self.plain = not facts.mixed_lines
        head = _head(self.path)
        wanted = bench.options.delimiter
        self.dialect = sniff(
            head,
            whole=len(head.encode()) >= self._size,
            delimiter=None if wanted is None else given_delimiter(wanted),
            header=bench.options.header,
        )
        self._check_names()
        self.sample, self.sample_is_whole = self._sample(head, facts)
        bench.note(*self.dialect.notes)

    def _check_names(self) -> None:
        width, most = len(self.dialect.names), self._bench.settings.columns_max
        if width > most:
            raise TooManyColumns(self._bench.file_name, width, most)
        if not width:
            raise NoRows(self._bench.file_name, 0)

    def _sample(self, head: str, facts: TextFacts) -> tuple[str, bool]:
        """Return rows from the head and, where no field can span lines, from all over, as SQL.

        With it comes whether these are all rows that there are.
        """
        dialect, width = self.dialect, len(self.dialect.names)
        whole = len(head.encode()) >= self._size
        skipped = "".join(head.splitlines(keepends=True)[dialect.skip :])
        rows = [row for _, row in records(skipped, dialect.delimiter, whole=whole)]
        complete = whole and len(rows) <= SAMPLE_ROWS
        rows = rows[:SAMPLE_ROWS]
        if not whole and not facts.quotes:
            rows += _slices(self.path, self._size, dialect.delimiter)
        sample = self._bench.folder / "sample.csv"
        with sample.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerows(row for row in rows if len(row) == width)
        return _relation(sample, width, skip=0, delimiter=","), complete

    @property
    def relation(self) -> str:
        """The file as an SQL relation of texts `c0`, `c1` …; it fails where a row is broken."""
        dialect = self.dialect
        return _relation(
            self.path, len(dialect.names), skip=dialect.skip, delimiter=dialect.delimiter
        )

    def stage(self) -> Staged:
        """Return the whole file as rows of text, with what is no row beside them."""
        return (self._staged_at_once() if self.plain else None) or self._staged_by_row()

    def _staged_at_once(self) -> Staged | None:
        cells = self._bench.folder / "cells.parquet"
        try:
            done = self._bench.run.execute(
                f"COPY (SELECT * FROM {self.relation}) TO {literal(str(cells))}"
                " (FORMAT parquet, COMPRESSION lz4)"
            ).fetchone()
        except duckdb.InvalidInputException:
            cells.unlink(missing_ok=True)
            return None
        rows = int(done[0]) if done else 0
        parquet = f"read_parquet({literal(str(cells))}, file_row_number = true)"
        return Staged(
            relation=f"(SELECT *, file_row_number + 1 AS n FROM {parquet})",
            names=self.dialect.names,
            readings=tuple(INFERRED for _ in self.dialect.names),
            rows=rows,
        )

    def _staged_by_row(self) -> Staged:
        names = self.dialect.names
        with (
            CellWriter(self._bench, names) as writer,
            self.path.open(encoding="utf-8", newline="") as lines,
        ):
            for _ in range(self.dialect.skip):
                next(lines, None)
            rows = split(lines, delimiter=self.dialect.delimiter, width=len(names))
            for number, row in enumerate(rows, start=1):
                _take(writer, number, row)
            return writer.finish()


def _relation(path: Path, width: int, *, skip: int, delimiter: str) -> str:
    columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(width))
    return (
        f"read_csv({literal(str(path))}, columns = {{{columns}}}, auto_detect = false,"
        f" header = false, skip = {skip}, delim = {literal(delimiter)},"
        " quote = '\"', escape = '\"', strict_mode = true, null_padding = false,"
        f" max_line_size = {LINE_BYTES_MAX})"
    )


def _take(writer: CellWriter, number: int, row: Row | Fault) -> None:
    match row:
        case Fault(text, reason):
            writer.fault(number, text, reason)
        case _:
            writer.row(number, row)


def _head(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(SAMPLE_BYTES)
    if not content.strip():
        raise FileUnreadable(path.name, "it is empty")
    # A letter may be cut in two at the end.
    return content.decode("utf-8", "ignore")


def _slices(path: Path, size: int, delimiter: str) -> list[list[str]]:
    """Return rows from places spread over the file, each slice without its torn ends."""
    rows: list[list[str]] = []
    with path.open("rb") as file:
        for number in range(1, SLICES + 1):
            file.seek(max(0, size * number // SLICES - SLICE_BYTES))
            lines = file.read(SLICE_BYTES).decode("utf-8", "ignore").split("\n")[1:-1]
            rows += [line.rstrip("\r").split(delimiter) for line in lines if line.strip("\r")]
    return rows
