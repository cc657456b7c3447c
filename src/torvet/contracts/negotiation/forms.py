"""What a request about a negotiation may say."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from torvet.contracts.forms import (
    CLAUSES_MAX,
    ClauseForm,
    Digest,
    Note,
    OrderFields,
    PriceText,
    PurposeText,
    Title,
    price_of,
)
from torvet.contracts.levels.model import from_json as levels_from_json

from .service import Proposal

_UNSAID = "Left out, it stays as the last round has it."


class _Terms(BaseModel):
    """Whole terms, told by what is otherwise in them."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = Field(None, description=_UNSAID)
    clauses: Annotated[list[ClauseForm], Field(max_length=CLAUSES_MAX)] | None = Field(
        None, description=f"All clauses, not only those that change. {_UNSAID}"
    )
    price: PriceText | dict[str, Any] | None = Field(
        None, description=_UNSAID, examples=["400 DKK per month"]
    )
    levels: dict[str, Any] | None = Field(
        None, description=f"All service levels, as an offer has them. {_UNSAID}"
    )
    words: Note = Field("", description="A few words to the other side.")

    def to_proposal(self) -> Proposal:
        """Return what is wanted otherwise; raise PriceInvalid."""
        return Proposal(
            clauses=None if self.clauses is None else tuple(c.to_clause() for c in self.clauses),
            price=None if self.price is None else price_of(self.price),
            levels=None if self.levels is None else levels_from_json(self.levels),
            title=self.title,
            words=self.words,
        )


class OpeningForm(_Terms, OrderFields):
    """A consumer's first counter-offer, with what it would say on accepting."""

    purpose: PurposeText


class RoundForm(_Terms):
    """Other terms than those on the table, which `seen` names by their digest."""

    seen: Digest


class AgreementForm(BaseModel):
    """Yes to what is on the table."""

    model_config = ConfigDict(extra="forbid")

    seen: Digest
