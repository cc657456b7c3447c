"""What a request about terms may say. Fields are limited here; sense is judged in `terms`."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Discriminator, Field, RootModel, Tag

from torvet.kit import filters
from torvet.kit.money import MINOR_MAX, Currency, Money

from .clauses import (
    Answers,
    Attribution,
    Clause,
    Columns,
    GiveBack,
    NoOnwardSharing,
    NoReidentification,
    Purposes,
    Regions,
    RequestsPerMinute,
    Returned,
    RowFilter,
    RowsPerDay,
    StateBenefit,
    Thanks,
    Validity,
)
from .errors import CapInvalid, OrderInvalid
from .model import Approval
from .orders import PURCHASE_ORDER_MAX, Order
from .prices.model import FREE, Price
from .prices.terms import from_json as price_from_json
from .prices.terms import money_of
from .prices.text import TEXT_MAX as PRICE_TEXT_MAX
from .prices.text import from_text as price_from_text
from .service import AUDIENCE_MAX
from .terms import (
    ATTRIBUTION_MAX,
    CODES_MAX,
    COLUMNS_MAX,
    DUTY_DAYS_MAX,
    REQUESTS_PER_MINUTE_MAX,
    ROWS_PER_DAY_MAX,
)

CLAUSES_MAX = 20
TITLE_MAX = 200
NOTE_MAX = 2_000
REASON_MAX = 1_000
ROWS_MAX = 10**12

# One line of text: no control characters, and something other than spaces.
_LINE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
_NO_NUL = r"^[^\x00]*$"

Title = Annotated[str, Field(min_length=1, max_length=TITLE_MAX, pattern=_LINE)]
Note = Annotated[str, Field(max_length=NOTE_MAX, pattern=_NO_NUL)]
ColumnName = Annotated[str, Field(min_length=1, max_length=filters.NAME_MAX, pattern=_NO_NUL)]
FilterText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=filters.TEXT_MAX,
        pattern=_NO_NUL,
        examples=["garage = 'BRUUNS' and occupied > 10"],
    ),
]
PriceText = Annotated[str, Field(min_length=1, max_length=PRICE_TEXT_MAX, pattern=_NO_NUL)]
Digest = Annotated[
    str,
    Field(pattern=r"^[0-9a-f]{64}$", description="The digest of the terms that you read."),
]
Slug = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z0-9-]+$")]
PurposeText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=_LINE,
        description="A DPV purpose: ResearchAndDevelopment, dpv:…, or its address.",
        examples=["ImproveTransportMobility"],
    ),
]


class _Form(BaseModel):
    """A request: a field that it does not know is a mistake worth telling."""

    model_config = ConfigDict(extra="forbid")


class PurposesForm(_Form):
    """For what the data may be used; a narrower purpose is within a broader one."""

    clause: Literal["purposes"]
    codes: Annotated[list[PurposeText], Field(min_length=1, max_length=CODES_MAX)]

    def to_clause(self) -> Clause:
        return Purposes(tuple(self.codes))


class ValidityForm(_Form):
    """From when, and until just before when, reads are allowed."""

    clause: Literal["validity"]
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None

    def to_clause(self) -> Clause:
        return Validity(self.start, self.end)


class AnswersForm(_Form):
    """Answers to questions, with noise, and never rows: for datasets whose policy gives them."""

    clause: Literal["answers"]

    def to_clause(self) -> Clause:
        return Answers()


class ColumnsForm(_Form):
    """The only columns that are shared."""

    clause: Literal["columns"]
    names: Annotated[list[ColumnName], Field(min_length=1, max_length=COLUMNS_MAX)]

    def to_clause(self) -> Clause:
        return Columns(tuple(self.names))


class RowFilterForm(_Form):
    """The only rows that are shared, as a condition in text or as JSON."""

    clause: Literal["row-filter"]
    filter: FilterText | dict[str, Any]

    def to_clause(self) -> Clause:
        if isinstance(self.filter, str):
            return RowFilter(filters.from_text(self.filter))
        return RowFilter(filters.from_json(self.filter))


class RowsPerDayForm(_Form):
    """How many rows may be delivered in a day of the place."""

    clause: Literal["rows-per-day"]
    rows: Annotated[int, Field(ge=1, le=ROWS_PER_DAY_MAX)]

    def to_clause(self) -> Clause:
        return RowsPerDay(self.rows)


class RequestsPerMinuteForm(_Form):
    """How many requests are answered in a minute of the clock."""

    clause: Literal["requests-per-minute"]
    requests: Annotated[int, Field(ge=1, le=REQUESTS_PER_MINUTE_MAX)]

    def to_clause(self) -> Clause:
        return RequestsPerMinute(self.requests)


class RegionsForm(_Form):
    """Where the consumer is at home: ISO 3166 codes, EU, EEA or NORDIC."""

    clause: Literal["regions"]
    codes: Annotated[
        list[Annotated[str, Field(min_length=2, max_length=8)]],
        Field(min_length=1, max_length=CODES_MAX),
    ]

    def to_clause(self) -> Clause:
        return Regions(tuple(self.codes))


class AttributionForm(_Form):
    """How the source is named wherever the data is shown."""

    clause: Literal["attribution"]
    text: Annotated[str, Field(min_length=1, max_length=ATTRIBUTION_MAX, pattern=_NO_NUL)]

    def to_clause(self) -> Clause:
        return Attribution(self.text)


class NoOnwardSharingForm(_Form):
    """The data is not passed on."""

    clause: Literal["no-onward-sharing"]

    def to_clause(self) -> Clause:
        return NoOnwardSharing()


class NoReidentificationForm(_Form):
    """Nobody tries to find out whom the data is about."""

    clause: Literal["no-reidentification"]

    def to_clause(self) -> Clause:
        return NoReidentification()


class GiveBackForm(_Form):
    """What is given in return, and within how many days; when it is overdue, reads are refused."""

    clause: Literal["give-back"]
    what: Returned
    days: Annotated[int, Field(ge=1, le=DUTY_DAYS_MAX)]
    text: Annotated[str, Field(min_length=1, max_length=ATTRIBUTION_MAX, pattern=_NO_NUL)]

    def to_clause(self) -> Clause:
        return GiveBack(self.what, self.days, self.text)


class StateBenefitForm(_Form):
    """Within how many days it is stated what the use was good for."""

    clause: Literal["state-benefit"]
    days: Annotated[int, Field(ge=1, le=DUTY_DAYS_MAX)]

    def to_clause(self) -> Clause:
        return StateBenefit(self.days)


class ThanksForm(_Form):
    """How the provider is thanked wherever the result is shown."""

    clause: Literal["thanks"]
    text: Annotated[str, Field(min_length=1, max_length=ATTRIBUTION_MAX, pattern=_NO_NUL)]

    def to_clause(self) -> Clause:
        return Thanks(self.text)


ClauseForm: TypeAlias = Annotated[
    PurposesForm
    | ValidityForm
    | AnswersForm
    | ColumnsForm
    | RowFilterForm
    | RowsPerDayForm
    | RequestsPerMinuteForm
    | RegionsForm
    | AttributionForm
    | NoOnwardSharingForm
    | NoReidentificationForm
    | GiveBackForm
    | StateBenefitForm
    | ThanksForm,
    Field(discriminator="clause"),
]


class OfferForm(_Form):
    """Terms under which a dataset may be had."""

    title: Title
    clauses: Annotated[list[ClauseForm], Field(max_length=CLAUSES_MAX)] | dict[str, Any] = Field(
        default_factory=list,
        description="Clauses, or an ODRL policy; none: everything is allowed.",
    )
    approval: Approval = Approval.AT_ONCE
    audience: Annotated[list[Slug], Field(min_length=1, max_length=AUDIENCE_MAX)] | None = Field(
        None, description="Short names of the only parties that may accept; else everyone."
    )
    price: PriceText | dict[str, Any] | None = Field(
        None,
        description="What it costs, without VAT, as text or as JSON; else it is free.",
        examples=["500 DKK per month + 12.50 DKK per 1000 rows, first 10000 free"],
    )
    levels: dict[str, Any] | None = Field(
        None,
        description="What you promise of your service and give back where you break it.",
        examples=[
            {
                "levels": [
                    {
                        "level": "availability",
                        "promised": "99.5",
                        "back": [{"past": "99.5", "percent": 10}, {"past": "95", "percent": 50}],
                    },
                    {"level": "freshness", "promised": "as-stated", "back": [{"percent": 10}]},
                    {"level": "quality", "promised": 90, "back": [{"percent": 5}]},
                    {"level": "support", "promised": 8, "back": [{"percent": 5}]},
                ],
                "most_percent": 50,
            }
        ],
    )
    preview_acknowledged: bool = Field(
        default=False, description="The preview may show more than this offer shares."
    )

    def to_price(self) -> Price:
        """Return the price; raise PriceInvalid with everything that is wrong with it."""
        return FREE if self.price is None else price_of(self.price)


def price_of(written: str | dict[str, Any]) -> Price:
    """Return a price that was sent as text or as JSON; raise PriceInvalid."""
    return price_from_text(written) if isinstance(written, str) else price_from_json(written)


class PolicyForm(RootModel[dict[str, Any]]):
    """An ODRL 2.2 policy in JSON-LD, recognised by its `@context`."""


def _written_as(body: object) -> str:
    return "policy" if isinstance(body, dict) and "@context" in body else "offer"


NewOffer: TypeAlias = Annotated[
    Annotated[OfferForm, Tag("offer")] | Annotated[PolicyForm, Tag("policy")],
    Discriminator(_written_as),
]


class CapForm(_Form):
    """Whole øre or cent."""

    minor: Annotated[int, Field(ge=-MINOR_MAX, le=MINOR_MAX)]
    currency: Currency


class OrderFields(_Form):
    """What a buyer adds, so that the invoice arrives and stays within bounds."""

    purchase_order: Annotated[str, Field(max_length=PURCHASE_ORDER_MAX, pattern=_NO_NUL)] = Field(
        "", description="Your own order number, for the invoice."
    )
    ean: Annotated[str, Field(max_length=20, pattern=_NO_NUL)] = Field(
        "", description="EAN (GLN) to which invoices go; Danish public bodies have to give one."
    )
    cap: Annotated[str, Field(max_length=40)] | CapForm | None = Field(
        None,
        description="The most that you will spend on use in a month, such as `2000 DKK`.",
        examples=["2000 DKK"],
    )
    prepaid: bool = Field(
        default=False,
        description="You pay before you use it; reading stops when what you paid is used up.",
    )

    def to_order(self, offer: str) -> Order:
        """Return what the buyer adds; raise OrderInvalid where the cap is no amount."""
        return Order(
            purchase_order=self.purchase_order.strip(),
            ean=self.ean.replace(" ", ""),
            cap=None if self.cap is None else _cap(offer, self.cap),
            prepaid=self.prepaid,
        )


class ChangedCapForm(_Form):
    """Another spending cap, or none."""

    cap: Annotated[str, Field(max_length=40, pattern=_NO_NUL)] | CapForm | None = Field(
        description="An amount a month, such as `2000 DKK` or minor units; null: no cap."
    )

    def to_cap(self, contract: str) -> Money | None:
        """Return the amount; raise CapInvalid where none is written."""
        if self.cap is None:
            return None
        found = _money(self.cap)
        if found is None:
            raise CapInvalid(contract, (f"{self.cap!s} is no amount: write it like 2000 DKK",))
        return found


class AcceptanceForm(OrderFields):
    """What a consumer says on accepting an offer."""

    purpose: PurposeText
    note: Note = ""
    seen: Annotated[str, Field(max_length=64, pattern=r"^([0-9a-f]{64})?$")] = Field(
        "",
        description="The offer's digest as you saw it; another one now is refused (409). "
        "Needed where something is to be paid.",
    )


def _money(written: str | CapForm) -> Money | None:
    return money_of(written if isinstance(written, str) else written.model_dump(mode="json"))


def _cap(offer: str, written: str | CapForm) -> Money:
    found = _money(written)
    if found is None:
        raise OrderInvalid(offer, (f"{written!s} is no spending cap: write it like 2000 DKK",))
    return found


class ReasonForm(_Form):
    """Why; the other party is told."""

    reason: Annotated[str, Field(min_length=1, max_length=REASON_MAX, pattern=_LINE)]


class EndingForm(_Form):
    """Why a contract ends, if one wants to say so."""

    reason: Annotated[str, Field(max_length=REASON_MAX, pattern=_NO_NUL)] = ""


class DutyForm(_Form):
    """How a duty was done: where the dataset is, or the results, or the thanks."""

    words: Annotated[str, Field(min_length=1, max_length=NOTE_MAX, pattern=_NO_NUL)]


class ExplanationForm(_Form):
    """A read that one would like to make."""

    columns: Annotated[list[ColumnName], Field(max_length=COLUMNS_MAX)] | None = None
    filter: FilterText | None = None
    rows: Annotated[int, Field(ge=0, le=ROWS_MAX)] = 0
