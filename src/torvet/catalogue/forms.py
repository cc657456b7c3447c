"""What the catalogue is sent over HTTP, and how it becomes values."""

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from torvet.ingest import Column, ColumnType, FileFormat, ReadOptions, columns_from_json

from .checks import CHECKS_MAX
from .model import (
    PREVIEW_ROWS_MAX,
    BoundingBox,
    Check,
    ColumnNote,
    Contact,
    Mode,
    Period,
    Place,
    Preview,
    Visibility,
)
from .rules import CIRCLE_MAX, SLUG_CHARACTERS_MAX

LINE_MAX = 300
TEXT_MAX = 20_000
NAME_MAX = 255
LIST_MAX = 100
COLUMNS_MAX = 2000
LANGUAGES_MAX = 30
RULE_MAX = 2000

_NO_NUL = r"^[^\x00]*$"
_LINK = r"^(https?://[^\s<>\"\x00]+)?$"
_MAIL = r"^([^\s<>@,;\x00]+@[^\s<>@,;\x00]+)?$"

Line = Annotated[str, StringConstraints(max_length=LINE_MAX, pattern=_NO_NUL)]
Paragraphs = Annotated[str, StringConstraints(max_length=TEXT_MAX, pattern=_NO_NUL)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=NAME_MAX, pattern=_NO_NUL)]
Rule = Annotated[str, StringConstraints(min_length=1, max_length=RULE_MAX, pattern=_NO_NUL)]
Link = Annotated[str, StringConstraints(max_length=2000, pattern=_LINK)]
Mail = Annotated[str, StringConstraints(max_length=254, pattern=_MAIL)]
Code = Annotated[str, StringConstraints(max_length=60, pattern=r"^[A-Za-z0-9_-]*$")]
Slug = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=SLUG_CHARACTERS_MAX, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$"
    ),
]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]


class Form(BaseModel):
    """What is not known is refused, so that a slip of the pen is seen."""

    model_config = ConfigDict(extra="forbid")


class BoundingBoxForm(Form):
    """A rectangle in degrees, WGS 84."""

    west: float = Field(ge=-180, le=180)
    south: float = Field(ge=-90, le=90)
    east: float = Field(ge=-180, le=180)
    north: float = Field(ge=-90, le=90)


class PlaceForm(Form):
    """What the dataset is about, on the map."""

    label: Line = ""
    uri: Link = ""
    bbox: BoundingBoxForm | None = None


class PeriodForm(Form):
    """The time that the dataset covers."""

    start: date | None = None
    end: date | None = None


class ContactForm(Form):
    """Whom to ask."""

    name: Name
    email: Mail = ""
    url: Link = ""


class ColumnNoteForm(Form):
    """What is to be known of one column."""

    name: Name
    title: Line | None = None
    unit: Line | None = None
    description: Line | None = None


class CheckForm(Form):
    """A rule that every row should keep, such as `occupied <= capacity` or `speed >= 0`."""

    rule: Rule
    title: Line = ""


class PreviewForm(Form):
    """The values that anyone who sees the dataset may see, in preview and profile alike."""

    columns: list[Name] | None = Field(
        None, max_length=COLUMNS_MAX, description="These columns alone; null: all of them."
    )
    rows: int = Field(10, ge=0, le=PREVIEW_ROWS_MAX, description="0: no value is shown at all.")


class DescriptionForm(Form):
    """The description of a dataset; what is left out stays as it is."""

    title: dict[Language, Line] = Field(
        {}, max_length=LANGUAGES_MAX, description="By language.", examples=[{"en": "Parking"}]
    )
    description: dict[Language, Paragraphs] = Field({}, max_length=LANGUAGES_MAX)
    keywords: list[Line] = Field([], max_length=LIST_MAX)
    theme: Code = Field("", description="European data theme, such as `TRAN` or `ENER`.")
    licence: Link = Field("", description="Address of the licence.")
    place: PlaceForm | None = None
    period: PeriodForm | None = None
    frequency: Code = Field("", description="European frequency code, such as `HOURLY`.")
    contact: ContactForm | None = None
    attribution: Line = Field("", description="How to credit the source.")
    visibility: Visibility = Visibility.HIDDEN
    circle: list[Name] = Field(
        [], max_length=CIRCLE_MAX, description="Short names of the parties that may see it."
    )
    key: list[Name] = Field(
        [], max_length=20, description="Columns that together identify a row: place before time."
    )
    columns: list[ColumnNoteForm] = Field([], max_length=COLUMNS_MAX)
    checks: list[CheckForm] = Field([], max_length=CHECKS_MAX)
    preview: PreviewForm = Field(default=PreviewForm(columns=None, rows=10))
    applicable_legislation: list[Link] = Field([], max_length=LIST_MAX)
    hvd_category: Line = Field("", description="Category of high-value datasets: code or address.")

    def fields(self) -> dict[str, Any]:
        """Return what was sent, as fields of a Dataset."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        return {
            name: _VALUES[name](value) if name in _VALUES else value
            for name, value in sent.items()
            if name not in {"version", "preview_acknowledged"}
        }


class NewDataset(DescriptionForm):
    """A new dataset: a slug, a title, and whatever else is known of it."""

    slug: Slug = Field(description="Its short name in addresses, for good.")
    title: dict[Language, Line] = Field(min_length=1, max_length=LANGUAGES_MAX)


class DatasetChange(DescriptionForm):
    """What is to change. `version` is the one that was read; the header `If-Match` does too."""

    version: int | None = Field(None, ge=0, le=2**31 - 1)
    preview_acknowledged: bool = Field(
        default=False, description="The preview is meant to show what an open offer withholds."
    )


class ColumnForm(Form):
    """One column of the file, where it should not be inferred."""

    name: Name
    type: ColumnType
    nullable: bool = True
    unit: Line | None = None
    title: Line | None = None
    description: Line | None = None
    precision: int | None = Field(None, ge=1, le=38)
    scale: int | None = Field(None, ge=0, le=38)


class OptionsForm(Form):
    """How to read the file, where it should not be found out."""

    format: FileFormat | None = None
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] | None = None
    encoding: Name | None = None
    header: bool | None = None
    decimal: Annotated[str, StringConstraints(pattern=r"^[.,]$")] | None = None
    day_first: bool | None = None
    time_zone: Name | None = None
    sheet: Name | None = None
    null_texts: list[Line] = Field([], max_length=LIST_MAX)

    def options(self) -> ReadOptions:
        """Return the options as ingest takes them."""
        return ReadOptions(**{**dict(self), "null_texts": tuple(self.null_texts)})


class NewDelivery(Form):
    """An upload that is to become the next release."""

    model_config = ConfigDict(extra="forbid", validate_by_name=True, validate_by_alias=True)

    upload: Name = Field(description="Id of an upload of your party whose bytes are all here.")
    mode: Mode = Field("replace", description="Add to the newest release, or take its place.")
    columns: list[ColumnForm] | None = Field(
        None, alias="schema", min_length=1, max_length=COLUMNS_MAX, description="Typed schema."
    )
    options: OptionsForm = Field(default=OptionsForm(null_texts=[]))
    note: Line = Field("", description="What is new in this release.")

    def schema_given(self) -> tuple[Column, ...] | None:
        """Return the typed schema; raise SchemaInvalid where it makes no sense."""
        if self.columns is None:
            return None
        return columns_from_json(
            [column.model_dump(mode="json", exclude_none=True) for column in self.columns]
        )


def _place(form: PlaceForm | None) -> Place | None:
    if form is None:
        return None
    box = BoundingBox(**dict(form.bbox)) if form.bbox else None
    return Place(label=form.label, uri=form.uri, bbox=box)


_VALUES: dict[str, Any] = {
    "keywords": tuple,
    "place": _place,
    "period": lambda form: Period(**dict(form)) if form else None,
    "contact": lambda form: Contact(**dict(form)) if form else None,
    "circle": tuple,
    "key": tuple,
    "columns": lambda forms: tuple(ColumnNote(**dict(form)) for form in forms),
    "checks": lambda forms: tuple(Check(**dict(form)) for form in forms),
    "preview": lambda form: Preview(
        columns=None if form.columns is None else tuple(form.columns), rows=form.rows
    ),
    "applicable_legislation": tuple,
}
