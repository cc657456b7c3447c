"""Files as somebody might send them, and what became of them."""

import gzip
from dataclasses import dataclass
from pathlib import Path

import pytest

from torvet.ingest import ReadOptions, Source, receive, rejected_rows

SHARED = Path(__file__).parents[3] / "shared" / "data"


@dataclass(frozen=True)
class Became:
    """A source, its rows in the order of the file, and what was set aside."""

    source: Source
    rows: list
    rejected: list

    @property
    def types(self):
        return {column.name: column.type.value for column in self.source.columns}

    @property
    def units(self):
        return {column.name: column.unit for column in self.source.columns if column.unit}

    def column(self, name):
        return [row[name] for row in self.rows]

    @property
    def said(self):
        return " ".join(self.source.notes)


@pytest.fixture
def read(parts, tmp_path):
    """Send a text, bytes or a path through `receive`."""

    def send(content, name="file.csv", schema=None, packed=False, limit=100, **options):
        path = tmp_path / "upload"
        if isinstance(content, Path):
            path = content
        else:
            raw = content.encode() if isinstance(content, str) else content
            path.write_bytes(gzip.compress(raw) if packed else raw)
        source = receive(
            parts,
            source_id=parts.new_id("src"),
            party="pa_test",
            path=path,
            file_name=name,
            schema=schema,
            options=ReadOptions(**options),
        )
        uris = parts.tables.file_uris(f"sources/{source.id}", 1)
        rows = parts.engine.rows(f"SELECT * FROM t LIMIT {limit}", {"t": uris})
        return Became(source, rows, rejected_rows(parts, source.id, limit=1000))

    return send


@pytest.fixture(scope="session")
def shared():
    """Real files, where they are."""
    if not SHARED.is_dir():
        pytest.skip("the shared data is not beside the repository")
    return SHARED
