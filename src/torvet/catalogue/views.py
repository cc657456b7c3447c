"""What the catalogue answers over HTTP: every number with its unit, every thing with its age."""

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, Field

from torvet.ingest import Column, ColumnType, RejectedRow, Source
from torvet.parties import Party

from .findings import ColumnProfile, Dimension, Profile, QualityReport, Value
from .forms import (
    CheckForm,
    ContactForm,
    PeriodForm,
    PlaceForm,
    PreviewForm,
)
from .model import Dataset, Delivery, Mode, Release, Stage, Visibility
from .rules import noted


class PartyView(BaseModel):
    """A party, as others see it."""

    slug: str
    name: str
    kind: str

    @classmethod
    def of(cls, party: Party) -> Self:
        return cls(slug=party.slug, name=party.name, kind=party.kind.value)


class ColumnView(BaseModel):
    """One column of a release."""

    name: str
    type: ColumnType
    title: str | None = None
    unit: str | None = None
    description: str | None = None
    precision: int | None = None
    scale: int | None = None

    @classmethod
    def of(cls, column: Column) -> Self:
        return cls(**{name: getattr(column, name) for name in cls.model_fields})


class ReleaseView(BaseModel):
    """One release."""

    number: int
    mode: Mode
    rows: int
    bytes: int = Field(description="Size of its files, in bytes.")
    published_at: datetime
    age_s: int = Field(description="Seconds since it was published.")
    note: str
    quality: int | None = Field(description="Quality score when it was published, 0 to 100.")
    columns: list[ColumnView]

    @classmethod
    def of(cls, release: Release, dataset: Dataset, now: datetime) -> Self:
        return cls(
            number=release.number,
            mode=release.mode,
            rows=release.rows,
            bytes=release.bytes,
            published_at=release.published_at,
            age_s=max(0, int((now - release.published_at).total_seconds())),
            note=release.note,
            quality=release.quality,
            columns=[ColumnView.of(column) for column in noted(release.columns, dataset.columns)],
        )


class ReleasesView(BaseModel):
    """The releases of a dataset, the newest first."""

    items: list[ReleaseView]


class DatasetView(BaseModel):
    """A dataset and its newest release. `release` is left out where there is none yet."""

    id: str
    slug: str
    provider: PartyView
    title: dict[str, str]
    description: dict[str, str]
    keywords: list[str]
    theme: str
    licence: str
    place: PlaceForm | None = None
    period: PeriodForm | None = None
    frequency: str
    contact: ContactForm | None = None
    attribution: str
    visibility: Visibility
    circle: list[str] | None = Field(None, description="Shown to its provider alone.")
    key: list[str]
    columns: list[ColumnView] = Field(description="Of the newest release, with what is known.")
    checks: list[CheckForm]
    preview: PreviewForm
    applicable_legislation: list[str]
    hvd_category: str
    version: int
    created_at: datetime
    modified_at: datetime
    yours: bool = Field(description="Whether you act for its provider.")
    release: ReleaseView | None = None

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        *,
        provider: Party,
        circle: list[str] | None,
        release: Release | None,
        now: datetime,
    ) -> Self:
        newest = ReleaseView.of(release, dataset, now) if release else None
        plain: dict[str, Any] = {name: getattr(dataset, name) for name in _PLAIN}
        return cls(
            **plain,
            provider=PartyView.of(provider),
            circle=circle,
            yours=circle is not None,
            columns=newest.columns if newest else [],
            place=_form(PlaceForm, dataset.place),
            period=_form(PeriodForm, dataset.period),
            contact=_form(ContactForm, dataset.contact),
            checks=[CheckForm(rule=check.rule, title=check.title) for check in dataset.checks],
            preview=PreviewForm(
                columns=None if (shown := dataset.preview.columns) is None else list(shown),
                rows=dataset.preview.rows,
            ),
            release=newest,
        )


_PLAIN = (
    "id", "slug", "title", "description", "keywords", "theme", "licence", "frequency",
    "attribution", "visibility", "key", "applicable_legislation", "hvd_category", "version",
    "created_at", "modified_at",
)  # fmt: skip


def _form(form: type[Any], value: object) -> Any:
    return None if value is None else form.model_validate(value, from_attributes=True)


class FailureView(BaseModel):
    """Why a delivery failed, and what to do next."""

    code: str
    error: str
    advice: str


class DeliveryView(BaseModel):
    """How far a delivery has come."""

    id: str
    dataset: str = Field(description="Short name of the dataset.")
    upload: str
    file_name: str
    mode: Mode
    stage: Stage
    step: str = Field(description="What is at work, in words.")
    progress: float = Field(ge=0, le=1, description="From 0 to 1.")
    error: str | None = None
    failure: FailureView | None = None
    release: int | None = Field(None, description="The number of its release, once it is there.")
    source: str
    rejected: int = Field(description="Rows that did not fit and were set aside.")
    note: str
    received_at: datetime
    finished_at: datetime | None = None

    @classmethod
    def of(cls, delivery: Delivery, slug: str) -> Self:
        same = {name: getattr(delivery, name) for name in cls.model_fields if name not in _OWN}
        failure = delivery.failure
        return cls(
            **same,
            dataset=slug,
            failure=_form(FailureView, failure),
            # A number is reserved before anything of the release can be seen.
            release=delivery.release if delivery.stage is Stage.PUBLISHED else None,
        )


_OWN = frozenset({"dataset", "failure", "release"})


class DeliveriesView(BaseModel):
    """Deliveries to a dataset, the newest first; `next` continues the list."""

    items: list[DeliveryView]
    next: str | None = None


class RejectedRowView(BaseModel):
    """One value, or one row, that did not fit."""

    position: int
    row_number: int = Field(description="Of the file, the first after the header being 1.")
    column: str | None
    value: str | None
    reason: str

    @classmethod
    def of(cls, row: RejectedRow) -> Self:
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class RejectedView(BaseModel):
    """The rows that were set aside, in the order of the file; `next` continues the list."""

    items: list[RejectedRowView]
    total: int
    next: int | None = None


class BinView(BaseModel):
    """One bar of a histogram."""

    low: Value
    high: Value
    count: int


class TopValueView(BaseModel):
    """One of the most frequent values."""

    value: Value
    count: int


class ColumnProfileView(BaseModel):
    """What one column holds. Where values are `withheld` only counts of rows are shown."""

    name: str
    type: ColumnType
    unit: str | None
    title: str | None
    description: str | None
    rows: int
    nulls: int
    distinct: int | None
    distinct_exact: bool = Field(description="Counted, or estimated within about 2 %.")
    min: Value
    max: Value
    mean: float | None
    histogram: list[BinView]
    top: list[TopValueView]
    examples: list[Value]
    withheld: bool

    @classmethod
    def of(cls, column: ColumnProfile) -> Self:
        same = {name: getattr(column, name) for name in cls.model_fields if name not in _RENAMED}
        return cls.model_validate(
            {
                **same,
                "min": column.minimum,
                "max": column.maximum,
                "histogram": [_form(BinView, one) for one in column.histogram],
                "top": [_form(TopValueView, one) for one in column.top],
            }
        )


_RENAMED = frozenset({"min", "max", "histogram", "top"})


class ProfileView(BaseModel):
    """What a release holds, column by column."""

    dataset: str
    release: int
    rows: int
    made_at: datetime
    columns: list[ColumnProfileView]

    @classmethod
    def of(cls, profile: Profile, slug: str, number: int) -> Self:
        return cls(
            dataset=slug,
            release=number,
            rows=profile.rows,
            made_at=profile.made_at,
            columns=[ColumnProfileView.of(column) for column in profile.columns],
        )


class FindingView(BaseModel):
    """One measured thing: `failed` of `examined`."""

    sentence: str
    detail: str
    examined: int
    failed: int


class DimensionView(BaseModel):
    """One dimension of quality. `score` is null where nothing could be measured."""

    name: str
    score: int | None = Field(description="0 to 100.")
    weight: int = Field(description="Of 100, among the dimensions that were measured.")
    sentence: str
    findings: list[FindingView]

    @classmethod
    def of(cls, dimension: Dimension) -> Self:
        return cls(
            name=dimension.aspect.value,
            score=dimension.score,
            weight=dimension.weight,
            sentence=dimension.sentence,
            findings=[_form(FindingView, finding) for finding in dimension.findings],
        )


class QualityView(BaseModel):
    """How good a release is, and why. The age is judged now, all else when it was published."""

    dataset: str
    release: int
    score: int = Field(description="0 to 100.")
    sentence: str
    made_at: datetime
    dimensions: list[DimensionView]

    @classmethod
    def of(cls, report: QualityReport, slug: str, number: int) -> Self:
        return cls(
            dataset=slug,
            release=number,
            score=report.score,
            sentence=report.sentence,
            made_at=report.made_at,
            dimensions=[DimensionView.of(dimension) for dimension in report.dimensions],
        )


class PreviewView(BaseModel):
    """The first rows of a release, as far as its provider shows them."""

    dataset: str
    release: int
    columns: list[ColumnView]
    rows: list[dict[str, Value]]
    total_rows: int
    withheld: list[str] = Field(description="Columns that are there and not shown.")


class LineageSourceView(BaseModel):
    """One delivered file that rows of a release come from."""

    id: str
    file_name: str | None = Field(description="Shown to its provider alone.")
    format: str
    bytes: int
    sha256: str | None = Field(description="Shown to its provider alone.")
    rows: int
    rejected: int
    received_at: datetime
    release: int | None = Field(description="The release that it came in.")
    delivery: str | None = Field(description="Shown to its provider alone.")
    account: str | None = Field(description="Who delivered it. Shown to its provider alone.")
    notes: list[str] = Field(description="What was inferred. Shown to its provider alone.")

    @classmethod
    def of(cls, source: Source, delivery: Delivery | None, *, own: bool) -> Self:
        return cls(
            id=source.id,
            file_name=source.file_name if own else None,
            format=source.format.value,
            bytes=source.bytes,
            sha256=source.sha256 if own else None,
            rows=source.rows,
            rejected=source.rejected,
            received_at=source.received_at,
            release=delivery.release if delivery else None,
            delivery=delivery.id if delivery and own else None,
            account=delivery.account if delivery and own else None,
            notes=list(source.notes) if own else [],
        )


class LineageView(BaseModel):
    """Where a release comes from: uploads became sources, sources became releases."""

    dataset: str
    release: int
    mode: Mode
    note: str
    published_at: datetime
    provider: PartyView
    rows: int
    after: int | None = Field(description="The release that its rows were added to.")
    sources: list[LineageSourceView]
