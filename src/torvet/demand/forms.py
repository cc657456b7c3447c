"""What a request about demand may say. Fields are limited here; sense is judged in `rules`."""

from datetime import date
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from torvet.billing.forms import MoneyForm
from torvet.contracts import ClauseForm, Order
from torvet.kit.money import MINOR_MAX

from .model import PledgeKind, Vote
from .rules import CIRCLE_MAX, COLUMNS_MAX

TITLE_MAX = 200
TEXT_MAX = 10_000
USE_MAX = 2_000
REASON_MAX = 1_000
CLAUSES_MAX = 20

_LINE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
_NO_NUL = r"^[^\x00]*$"

Line = Annotated[str, Field(max_length=TITLE_MAX, pattern=r"^[^\x00-\x1f\x7f]*$")]
Text = Annotated[str, Field(max_length=TEXT_MAX, pattern=_NO_NUL)]
Use = Annotated[
    str,
    Field(max_length=USE_MAX, pattern=_NO_NUL, description="What you would use it for."),
]
Reason = Annotated[str, Field(max_length=REASON_MAX, pattern=r"^[^\x00-\x1f\x7f]*$")]
PurposeText = Annotated[
    str,
    Field(
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="A DPV purpose: ResearchAndDevelopment, dpv:…, or its address.",
        examples=["ImproveTransportMobility"],
    ),
]
Slug = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z0-9-]+$")]
DatasetSlug = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[a-zA-Z0-9_-]+$")]
ColumnName = Annotated[str, Field(min_length=1, max_length=200, pattern=_NO_NUL)]


class _Form(BaseModel):
    """A request: a field that it does not know is a mistake worth telling."""

    model_config = ConfigDict(extra="forbid")


class AmountForm(_Form, MoneyForm):
    """Whole øre or cent, and none below zero."""

    minor: Annotated[int, Field(ge=0, le=MINOR_MAX)]


class TitleForm(_Form):
    """A line in Danish, in English, or in both."""

    da: Line = ""
    en: Line = ""

    def to_texts(self) -> dict[str, str]:
        return {"da": self.da, "en": self.en}


class TextForm(_Form):
    """A text in Danish, in English, or in both."""

    da: Text = ""
    en: Text = ""

    def to_texts(self) -> dict[str, str]:
        return {"da": self.da, "en": self.en}


class PeriodForm(_Form):
    """The first and the last day that the data should be about."""

    start: date | None = None
    end: date | None = None


class WantedForm(_Form):
    """Data that is wanted, and on which terms pledges to it bind."""

    title: TitleForm
    description: TextForm = TextForm()
    purpose: Annotated[PurposeText, Field(min_length=1)]
    theme: Annotated[str, Field(max_length=4, pattern=r"^[A-Z]{4}$", examples=["TRAN"])]
    place: Line = ""
    period: PeriodForm = PeriodForm()
    columns: Annotated[list[ColumnName], Field(max_length=COLUMNS_MAX)] = []
    goal: AmountForm | None = Field(
        None, description="The sum at which all pledges bind; without it no money is pledged."
    )
    budget: AmountForm | None = Field(
        None, description="The most that an answer may cost; else what is pledged."
    )
    deadline: AwareDatetime = Field(description="Until then it can be joined and pledged to.")
    deliver_by: AwareDatetime = Field(description="Later than that, every pledge is free.")
    circle: Annotated[list[Slug], Field(max_length=CIRCLE_MAX)] | None = Field(
        None, description="Short names of the only parties that see it; else everybody."
    )
    use: Use = ""


class JoinForm(_Form):
    """Me too, and what for."""

    use: Use = ""
    purpose: PurposeText = ""


class PledgeForm(_Form):
    """Money that is given if enough is given together, and if the data comes. Without VAT."""

    amount: AmountForm
    kind: PledgeKind = Field(
        PledgeKind.PROMISE,
        description="A promise is invoiced on delivery; a prepaid pledge counts when it is paid in "
        "and is held until then.",
    )
    purpose: PurposeText = ""
    use: Use = ""
    purchase_order: Annotated[str, Field(max_length=60, pattern=_NO_NUL)] = ""
    ean: Annotated[str, Field(max_length=20, pattern=_NO_NUL)] = Field(
        "", description="EAN (GLN) to which the invoice goes; Danish public bodies give one."
    )

    def to_order(self) -> Order:
        return Order(purchase_order=self.purchase_order.strip(), ean=self.ean.replace(" ", ""))


class AnswerForm(_Form):
    """What a provider would deliver, at which price for all together, under which terms."""

    words: Annotated[str, Field(min_length=1, max_length=TEXT_MAX, pattern=_NO_NUL)]
    price: AmountForm = Field(description="For all who pledged together, without VAT.")
    clauses: Annotated[list[ClauseForm], Field(max_length=CLAUSES_MAX)] = []
    levels: dict[str, Any] | None = Field(
        None,
        description="What you promise of your service, as an offer has it. What is paid once "
        "belongs to no month: with a price, no level gives anything back.",
        examples=[{"levels": [{"level": "freshness", "promised": 24}]}],
    )
    deliver_by: AwareDatetime
    dataset: DatasetSlug | None = Field(
        None, description="A dataset of yours that is there; else it is planned."
    )


class VoteForm(_Form):
    """Yes or no to an answer."""

    vote: Vote


class DeliveryForm(_Form):
    """The dataset that is what was wanted."""

    dataset: DatasetSlug


class WithdrawalForm(_Form):
    """Why, if one wants to say so."""

    reason: Reason = ""
