"""What a request about reuse may say. Fields are limited here; sense is judged in `rules`."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from .model import STARS_MAX, Benefit, Shown, Stars, Unit
from .rules import AMOUNT_MAX, BENEFITS_MAX
from .service import UseWish

TITLE_MAX = 200
WORDS_MAX = 5_000
METHOD_MAX = 2_000
LINK_MAX = 1_000

_LINE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
_NO_NUL = r"^[^\x00]*$"

Words = Annotated[str, Field(min_length=1, max_length=WORDS_MAX, pattern=_NO_NUL)]
Link = Annotated[str, Field(max_length=LINK_MAX, pattern=r"^(https?://[^\s\x00-\x1f\x7f]+)?$")]
Amount = Annotated[Decimal, Field(ge=-AMOUNT_MAX, le=AMOUNT_MAX, decimal_places=3)]
Given = Annotated[int, Field(ge=1, le=STARS_MAX)]


class _Form(BaseModel):
    """A request: a field that it does not know is a mistake worth telling."""

    model_config = ConfigDict(extra="forbid")


class BenefitForm(_Form):
    """What a use was good for. The least and the most are the amount where they are left out."""

    unit: Unit
    amount: Amount
    low: Amount | None = Field(None, description="The least that it is.")
    high: Amount | None = Field(None, description="The most that it is.")
    method: Annotated[str, Field(min_length=1, max_length=METHOD_MAX, pattern=_NO_NUL)] = Field(
        description="How it was found: measured, counted, estimated against what."
    )
    evidence: Annotated[str, Field(max_length=LINK_MAX, pattern=_NO_NUL)] = ""

    def to_benefit(self) -> Benefit:
        return Benefit(
            unit=self.unit,
            low=self.amount if self.low is None else self.low,
            amount=self.amount,
            high=self.amount if self.high is None else self.high,
            method=self.method,
            evidence=self.evidence,
        )


class UseForm(_Form):
    """What data was used for under a contract, and what that was good for."""

    title: Annotated[str, Field(min_length=1, max_length=TITLE_MAX, pattern=_LINE)]
    words: Annotated[str, Field(max_length=WORDS_MAX, pattern=_NO_NUL)] = ""
    period_start: date
    period_end: date
    benefits: Annotated[list[BenefitForm], Field(max_length=BENEFITS_MAX)] = []
    link: Link = ""
    counted_with: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")] | None = Field(
        None, description="Another use of yours that counts the same benefit."
    )
    shown: Shown = Field(
        Shown.ANONYMOUS, description="As whom you stand in the provider's statement."
    )
    public: bool = Field(default=False, description="Whether it is shown on the dataset's page.")

    def to_wish(self) -> UseWish:
        same = ("title", "words", "period_start", "period_end", "link", "counted_with", "shown")
        return UseWish(
            **{name: getattr(self, name) for name in (*same, "public")},
            benefits=tuple(benefit.to_benefit() for benefit in self.benefits),
        )


class ThanksForm(_Form):
    """Thanks to a provider."""

    words: Annotated[str, Field(min_length=1, max_length=METHOD_MAX, pattern=_NO_NUL)]
    shown: Shown = Shown.NAMED
    public: bool = False


class StarsForm(_Form):
    """One to five for each."""

    quality: Given
    freshness: Given
    documentation: Given
    support: Given

    def to_stars(self) -> Stars:
        return Stars(**self.model_dump())


class ReviewForm(_Form):
    """What you think of the data that you read."""

    stars: StarsForm
    words: Words


class AnswerForm(_Form):
    """What the provider says to a review."""

    words: Words


class HidingForm(_Form):
    """Why words are hidden; everybody reads it."""

    reason: Annotated[str, Field(min_length=1, max_length=1_000, pattern=_LINE)]
