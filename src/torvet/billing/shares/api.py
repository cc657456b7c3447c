"""Sharing income over HTTP: agreements, and what a party earned by them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from torvet import parties
from torvet.billing.forms import MoneyForm
from torvet.parties.signin import SignedIn
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import rules, service
from .model import PORTION_WHOLE, Agreement, Earned, Member, Terms, Way, Worth

SLUG_MAX = 60
COLUMN_MAX = 200

router = APIRouter(prefix="/api", tags=["shares"])
SlugPath = Annotated[str, Path(min_length=1, max_length=120, pattern=r"^[a-zA-Z0-9_-]+$")]
Slug = Annotated[str, Field(min_length=1, max_length=SLUG_MAX, pattern=r"^[a-z0-9-]+$")]
Column = Annotated[str, Field(min_length=1, max_length=COLUMN_MAX)]


class MemberForm(BaseModel):
    """A party that shares in the income, by its short name."""

    model_config = ConfigDict(extra="forbid")

    party: Slug
    weight: int = Field(
        default=1,
        ge=0,
        le=rules.WEIGHT_MAX,
        description="For the way `contribution`: rows, sensors, hours.",
    )
    columns: list[Column] = Field(
        default_factory=list,
        max_length=rules.COLUMNS_MAX,
        description="For the way `columns`: those that it brings to a joined dataset.",
    )


class WorthForm(BaseModel):
    """What some members are worth together, in any unit."""

    model_config = ConfigDict(extra="forbid")

    members: list[Slug] = Field(max_length=rules.MEMBERS_MAX)
    worth: int = Field(ge=0, le=rules.WEIGHT_MAX)


class ShareTermsForm(BaseModel):
    """Which portion of a dataset's income is shared, how, and with whom."""

    model_config = ConfigDict(extra="forbid")

    portion: int = Field(
        ge=0,
        le=PORTION_WHOLE,
        description="In hundredths of a percent of your income without VAT: 2500 is 25 %.",
    )
    way: Way = Way.EQUAL
    members: list[MemberForm] = Field(
        default_factory=list, max_length=rules.MEMBERS_MAX, description="Nobody ends the sharing."
    )
    worths: list[WorthForm] = Field(
        default_factory=list,
        max_length=rules.WORTHS_MAX,
        description="For the way `table`: coalitions; one not named is worth its best part.",
    )
    seen: int | None = Field(default=None, ge=0, description="The version that you read.")

    def to_terms(self, ids: Mapping[str, str]) -> Terms:
        return Terms(
            portion=self.portion,
            way=self.way,
            members=tuple(
                Member(party=ids[one.party], weight=one.weight, columns=tuple(one.columns))
                for one in self.members
            ),
            worths=tuple(
                Worth(members=tuple(ids[each] for each in one.members), worth=one.worth)
                for one in self.worths
            ),
        )


class ShareMemberSheet(BaseModel):
    """A member, as far as you may see it."""

    party: str
    name: str
    weight: int
    columns: list[str]


class ShareAgreementSheet(BaseModel):
    """One version of an agreement. A member sees itself, the provider everybody."""

    dataset: str
    version: int
    portion: int = Field(description="In hundredths of a percent.")
    way: Way
    members: list[ShareMemberSheet]
    made_at: datetime

    @classmethod
    def of(cls, one: Agreement, known: Mapping[str, parties.Party]) -> "ShareAgreementSheet":
        return cls(
            dataset=one.dataset,
            version=one.version,
            portion=one.terms.portion,
            way=one.terms.way,
            members=[
                ShareMemberSheet(
                    party=known[m.party].slug,
                    name=known[m.party].name,
                    weight=m.weight,
                    columns=list(m.columns),
                )
                for m in one.terms.members
                if m.party in known
            ],
            made_at=one.made_at,
        )


class ShareAgreementsSheet(BaseModel):
    """Versions of an agreement, the newest first."""

    items: list[ShareAgreementSheet]


class EarnedSheet(BaseModel):
    """What you got of one sale, or had to give back of one credit note."""

    source: str = Field(description="Document and contract.")
    dataset: str
    version: int = Field(description="Of the agreement.")
    income: MoneyForm = Field(description="The provider's own, without VAT.")
    shared: MoneyForm = Field(description="What of it went to all members together.")
    amount: MoneyForm = Field(description="What of that is yours.")
    way: Way
    error: int | None = Field(
        description="Where it was sampled: the most it may be wrong by, minor units, 99 % sure."
    )
    seed: str | None
    at: datetime

    @classmethod
    def of(cls, one: Earned) -> "EarnedSheet":
        return cls(
            source=one.source,
            dataset=one.dataset,
            version=one.version,
            income=MoneyForm.of(one.income),
            shared=MoneyForm.of(one.shared),
            amount=MoneyForm.of(one.amount),
            way=one.how.way,
            error=one.how.error,
            seed=None if one.how.seed is None else str(one.how.seed),
            at=one.at,
        )


class EarnedSumSheet(BaseModel):
    """What you got of one dataset altogether."""

    dataset: str
    amount: MoneyForm


class EarningsSheet(BaseModel):
    """What your party earned, of what, and under which agreements."""

    sums: list[EarnedSumSheet]
    agreements: list[ShareAgreementSheet]
    items: list[EarnedSheet]


@router.put("/datasets/{slug}/shares", responses=problems_of(400, 401, 403, 404, 409, 422))
def agree(
    slug: SlugPath, form: Annotated[ShareTermsForm, Body()], caller: SignedIn, parts: TheParts
) -> ShareAgreementSheet:
    """Share the income of your dataset with others, from now on. Each change is a new version."""
    with parts.db.begin() as tx:
        service.disposable(tx, caller, slug)
        named = {one.party for one in form.members}
        named |= {each for one in form.worths for each in one.members}
        ids = service.ids_of(tx, named)
    made = service.agree(parts, caller, slug, form.to_terms(ids), seen=form.seen)
    with parts.db.begin() as tx:
        return _sheets(tx, [made])[0]


@router.get("/datasets/{slug}/shares", responses=problems_of(401, 403, 404, 422))
def agreements(slug: SlugPath, caller: SignedIn, parts: TheParts) -> ShareAgreementsSheet:
    """Show who shares in a dataset's income: to its provider, and to each member its own part."""
    with parts.db.begin() as tx:
        return ShareAgreementsSheet(items=_sheets(tx, service.agreements(tx, caller, slug)))


@router.get("/billing/earnings", responses=problems_of(401, 403))
def earnings(caller: SignedIn, parts: TheParts) -> EarningsSheet:
    """Tell what your party earned by its shares, of what, and how it was reckoned."""
    with parts.db.begin() as tx:
        found = service.statement(tx, caller)
        return EarningsSheet(
            sums=[EarnedSumSheet(dataset=d, amount=MoneyForm.of(m)) for d, m in found.sums],
            agreements=_sheets(tx, found.agreements),
            items=[EarnedSheet.of(one) for one in found.earned],
        )


def _sheets(tx: Connection, found: Iterable[Agreement]) -> list[ShareAgreementSheet]:
    listed = list(found)
    wanted = {member.party for one in listed for member in one.terms.members}
    known = {str(id_): one for id_, one in parties.parties_by_id(tx, sorted(wanted)).items()}
    return [ShareAgreementSheet.of(one, known) for one in listed]
