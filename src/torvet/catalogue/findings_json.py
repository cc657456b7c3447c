"""Profiles and quality reports as JSON, for the database."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from torvet.ingest.model import ColumnType
from torvet.kit import moments

from .findings import (
    Aspect,
    Bin,
    ColumnProfile,
    Dimension,
    Finding,
    Profile,
    QualityReport,
    TopValue,
)


def profile_to_json(profile: Profile) -> dict[str, Any]:
    """Return `profile` as JSON."""
    return {**asdict(profile), "made_at": moments.to_text(profile.made_at)}


def profile_from_json(written: Mapping[str, Any]) -> Profile:
    """Read what `profile_to_json` wrote."""
    return Profile(
        rows=written["rows"],
        columns=tuple(_column(column) for column in written["columns"]),
        made_at=moments.from_text(written["made_at"]),
    )


def _column(written: Mapping[str, Any]) -> ColumnProfile:
    lists = {
        "type": ColumnType(written["type"]),
        "histogram": tuple(Bin(**one) for one in written["histogram"]),
        "top": tuple(TopValue(**one) for one in written["top"]),
        "examples": tuple(written["examples"]),
    }
    return ColumnProfile(**{**written, **lists})


def quality_to_json(report: QualityReport) -> dict[str, Any]:
    """Return `report` as JSON."""
    return {**asdict(report), "made_at": moments.to_text(report.made_at)}


def quality_from_json(written: Mapping[str, Any]) -> QualityReport:
    """Read what `quality_to_json` wrote."""
    return QualityReport(
        score=written["score"],
        sentence=written["sentence"],
        dimensions=tuple(_dimension(one) for one in written["dimensions"]),
        made_at=moments.from_text(written["made_at"]),
    )


def _dimension(written: Mapping[str, Any]) -> Dimension:
    findings = tuple(
        Finding(**{**finding, "shows": tuple(finding["shows"])}) for finding in written["findings"]
    )
    return Dimension(**{**written, "aspect": Aspect(written["aspect"]), "findings": findings})
