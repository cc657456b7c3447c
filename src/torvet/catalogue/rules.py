"""Who may see what, and what may be appended to what: decided from values alone."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from torvet.ingest.model import Column, ColumnType
from torvet.kit.filters import FilterInvalid

from .checks import rule_from_text
from .findings import ColumnProfile, Dimension, Finding, Profile, QualityReport
from .model import PREVIEW_ROWS_MAX, ColumnNote, Dataset, Preview, Visibility
from .vocabulary import FREQUENCIES, HIGH_VALUE, THEMES, high_value

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
SLUG_CHARACTERS_MAX = 80
CIRCLE_MAX = 200

_WIDER: Mapping[ColumnType, frozenset[ColumnType]] = {
    ColumnType.INTEGER: frozenset({ColumnType.NUMBER, ColumnType.TEXT}),
    ColumnType.NUMBER: frozenset({ColumnType.TEXT}),
    ColumnType.DECIMAL: frozenset({ColumnType.NUMBER, ColumnType.TEXT}),
    ColumnType.DATE: frozenset({ColumnType.TIMESTAMP, ColumnType.TEXT}),
    ColumnType.TIME: frozenset({ColumnType.TEXT}),
    ColumnType.BOOLEAN: frozenset({ColumnType.TEXT}),
}
"""What a type may become without losing anything."""


def may_see(dataset: Dataset, party: str | None) -> bool:
    """Say whether `party` (None for anyone) may know of `dataset`."""
    if party is not None and party == dataset.provider:
        return True
    if dataset.withdrawn_at is not None:
        return False
    match dataset.visibility:
        case Visibility.PUBLIC | Visibility.METADATA:
            return True
        case Visibility.CIRCLE:
            return party in dataset.circle
        case Visibility.HIDDEN:
            return False


def shown(dataset: Dataset, party: str | None) -> Preview:
    """Return the values that `party` may see of `dataset` without a contract."""
    if party is not None and party == dataset.provider:
        return Preview(columns=None, rows=PREVIEW_ROWS_MAX)
    if not may_see(dataset, party) or dataset.visibility is Visibility.METADATA:
        return Preview(columns=(), rows=0)
    return dataset.preview


def pruned_profile(profile: Profile, preview: Preview) -> Profile:
    """Return `profile` with the values of those columns alone that `preview` shows."""
    return replace(
        profile,
        columns=tuple(
            column if preview.shows(column.name) else _without_values(column)
            for column in profile.columns
        ),
    )


def _without_values(column: ColumnProfile) -> ColumnProfile:
    return ColumnProfile(
        name=column.name,
        type=column.type,
        unit=column.unit,
        title=column.title,
        description=column.description,
        rows=column.rows,
        nulls=column.nulls,
        withheld=True,
    )


def pruned_quality(report: QualityReport, preview: Preview) -> QualityReport:
    """Return `report` without details that quote values which `preview` does not show."""
    return replace(report, dimensions=tuple(_pruned(one, preview) for one in report.dimensions))


def _pruned(dimension: Dimension, preview: Preview) -> Dimension:
    findings = tuple(
        finding if all(map(preview.shows, finding.shows)) else _without_detail(finding)
        for finding in dimension.findings
    )
    return replace(dimension, findings=findings)


def _without_detail(finding: Finding) -> Finding:
    return replace(finding, detail="", shows=())


def noted(columns: Iterable[Column], notes: Iterable[ColumnNote]) -> tuple[Column, ...]:
    """Return `columns` with what the provider says about them."""
    said = {note.name: note for note in notes}
    return tuple(_noted(column, said.get(column.name)) for column in columns)


def _noted(column: Column, note: ColumnNote | None) -> Column:
    if note is None:
        return column
    return replace(
        column,
        title=note.title or column.title,
        unit=note.unit or column.unit,
        description=note.description or column.description,
    )


def differences(held: Sequence[Column], arriving: Sequence[Column]) -> tuple[str, ...]:
    """Name everything that keeps `arriving` rows from being appended to `held` ones.

    Columns may come in another order, and in a narrower type (integers where there are
    numbers). A column that is missing, new, or of another type keeps them out.
    """
    there, here = _by_name(held), _by_name(arriving)
    missing = [f"column {name!r} is missing" for name in there if name not in here]
    new = [f"column {name!r} is new" for name in here if name not in there]
    other = [
        f"column {name!r} is {_words(here[name])} and was {_words(column)}"
        for name, column in there.items()
        if name in here and not _fits(here[name], column)
    ]
    return (*missing, *new, *other)


def same_form(held: Sequence[Column], arriving: Sequence[Column]) -> bool:
    """Say whether files with `arriving` columns can stand beside those with `held`, unchanged."""
    return [_form(column) for column in held] == [_form(column) for column in arriving]


def _form(column: Column) -> tuple[object, ...]:
    return (column.name, column.type, column.precision, column.scale)


def _by_name(columns: Sequence[Column]) -> dict[str, Column]:
    return {column.name: column for column in columns}


def _fits(narrow: Column, wide: Column) -> bool:
    if narrow.type is ColumnType.DECIMAL and wide.type is ColumnType.DECIMAL:
        return _digits(narrow) <= _digits(wide) and (narrow.scale or 0) <= (wide.scale or 0)
    return narrow.type is wide.type or wide.type in _WIDER.get(narrow.type, frozenset())


def _digits(column: Column) -> int:
    return (column.precision or 18) - (column.scale or 0)


def _words(column: Column) -> str:
    if column.type is ColumnType.DECIMAL:
        return f"decimal({column.precision}, {column.scale})"
    return column.type.value


def faults(dataset: Dataset) -> tuple[str, ...]:
    """Name everything that keeps `dataset` from being described so."""
    return tuple(
        fault
        for fault in (
            _slug_fault(dataset.slug),
            None if any(text.strip() for text in dataset.title.values()) else "it has no title",
            _term_fault("theme", dataset.theme, THEMES),
            _term_fault("frequency", dataset.frequency, FREQUENCIES),
            _hvd_fault(dataset.hvd_category),
            _circle_fault(dataset),
            _period_fault(dataset),
            _place_fault(dataset),
            _key_fault(dataset),
            *(_check_fault(check.rule) for check in dataset.checks),
        )
        if fault
    )


def _slug_fault(slug: str) -> str | None:
    if SLUG.fullmatch(slug) and len(slug) <= SLUG_CHARACTERS_MAX:
        return None
    return f"{slug!r} is no slug: lower-case letters and digits, joined by hyphens"


def _term_fault(what: str, code: str, known: Mapping[str, object]) -> str | None:
    if not code or code in known:
        return None
    return f"its {what} {code!r} is none of {', '.join(known)}"


def _hvd_fault(category: str) -> str | None:
    if not category or high_value(category):
        return None
    known = ", ".join(term.code for term in HIGH_VALUE.values())
    return f"{category!r} is no category of high-value datasets: {known}"


def _circle_fault(dataset: Dataset) -> str | None:
    if dataset.visibility is Visibility.CIRCLE and not dataset.circle:
        return "it is for a circle, and nobody is in it"
    return None


def _period_fault(dataset: Dataset) -> str | None:
    period = dataset.period
    if period and period.start and period.end and period.end < period.start:
        return f"its period ends on {period.end} before it starts on {period.start}"
    return None


def _place_fault(dataset: Dataset) -> str | None:
    box = dataset.place.bbox if dataset.place else None
    if box and (box.south > box.north or box.west > box.east):
        return "its place has a corner on the wrong side: west ≤ east and south ≤ north"
    return None


def _key_fault(dataset: Dataset) -> str | None:
    return "its key names a column twice" if len(set(dataset.key)) < len(dataset.key) else None


def _check_fault(rule: str) -> str | None:
    try:
        rule_from_text(rule)
    except FilterInvalid as error:
        return f"check {rule!r}: {error}"
    return None


def stated_interval(dataset: Dataset) -> timedelta | None:
    """Return how often a dataset says that it is brought up to date; None where nobody can say."""
    frequency = FREQUENCIES.get(dataset.frequency)
    return frequency.interval if frequency else None
