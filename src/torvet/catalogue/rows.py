"""The catalogue's values as JSON, for the database. A field is never given another meaning."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from torvet.ingest.model import FileFormat, ReadOptions

from .model import BoundingBox, Check, ColumnNote, Contact, Dataset, Period, Place, Preview


def details_to_json(dataset: Dataset) -> dict[str, Any]:
    """Return all of `dataset` that has no column of its own in the database."""
    return {
        "title": dict(dataset.title),
        "description": dict(dataset.description),
        "keywords": list(dataset.keywords),
        "theme": dataset.theme,
        "licence": dataset.licence,
        "place": asdict(dataset.place) if dataset.place else None,
        "period": _period_to_json(dataset.period),
        "frequency": dataset.frequency,
        "contact": asdict(dataset.contact) if dataset.contact else None,
        "attribution": dataset.attribution,
        "key": list(dataset.key),
        "columns": [asdict(note) for note in dataset.columns],
        "checks": [asdict(check) for check in dataset.checks],
        "preview": {
            "columns": None if dataset.preview.columns is None else list(dataset.preview.columns),
            "rows": dataset.preview.rows,
        },
        "applicable_legislation": list(dataset.applicable_legislation),
        "hvd_category": dataset.hvd_category,
    }


def details_from_json(written: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a Dataset that `details_to_json` wrote."""
    return {
        "title": written["title"],
        "description": written["description"],
        "keywords": tuple(written["keywords"]),
        "theme": written["theme"],
        "licence": written["licence"],
        "place": _place(written["place"]),
        "period": _period(written["period"]),
        "frequency": written["frequency"],
        "contact": Contact(**written["contact"]) if written["contact"] else None,
        "attribution": written["attribution"],
        "key": tuple(written["key"]),
        "columns": tuple(ColumnNote(**note) for note in written["columns"]),
        "checks": tuple(Check(**check) for check in written["checks"]),
        "preview": _preview(written["preview"]),
        "applicable_legislation": tuple(written["applicable_legislation"]),
        "hvd_category": written["hvd_category"],
    }


def _place(written: Mapping[str, Any] | None) -> Place | None:
    if written is None:
        return None
    bbox = BoundingBox(**written["bbox"]) if written["bbox"] else None
    return Place(label=written["label"], uri=written["uri"], bbox=bbox)


def _period_to_json(period: Period | None) -> dict[str, str | None] | None:
    if period is None:
        return None
    return {
        "start": period.start.isoformat() if period.start else None,
        "end": period.end.isoformat() if period.end else None,
    }


def _period(written: Mapping[str, Any] | None) -> Period | None:
    if written is None:
        return None
    return Period(
        start=date.fromisoformat(written["start"]) if written["start"] else None,
        end=date.fromisoformat(written["end"]) if written["end"] else None,
    )


def _preview(written: Mapping[str, Any]) -> Preview:
    columns = written["columns"]
    return Preview(columns=None if columns is None else tuple(columns), rows=written["rows"])


def options_to_json(options: ReadOptions) -> dict[str, Any]:
    """Return `options` as JSON, without those that are left open."""
    return {name: value for name, value in asdict(options).items() if value not in {None, ()}}


def options_from_json(written: Mapping[str, Any]) -> ReadOptions:
    """Read what `options_to_json` wrote."""
    more: dict[str, Any] = {}
    if "format" in written:
        more["format"] = FileFormat(written["format"])
    if "null_texts" in written:
        more["null_texts"] = tuple(written["null_texts"])
    return ReadOptions(**{**written, **more})
