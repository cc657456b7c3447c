"""The rulebook over HTTP and as a page: public, and the same for everybody."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from torvet.billing.periods import day_of
from torvet.contracts import Words
from torvet.parties import PartyKind
from torvet.parties.signin import TheCaller
from torvet.web.frame import TheParts
from torvet.web.pages import render
from torvet.web.problems import problems_of

from .errors import RulesUnknown
from .model import Rules
from .reader import rulebook, rules_on
from .words import KINDS, WORDS, news, number_in

router = APIRouter(prefix="/api", tags=["billing"])
pages = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


class FeeForm(BaseModel):
    """What the exchange keeps of each sale of a provider."""

    kind: PartyKind
    percent: str = Field(description="Of the price without VAT.")
    least: int = Field(description="The least of a sale, in øre or cent.")


class EuroForm(BaseModel):
    """What Danish VAT is told with in kroner where an invoice is in euro."""

    kroner: str
    as_of: date
    source: str


class ServiceLevelForm(BaseModel):
    """What is promised where an offer promises nothing of its own."""

    availability_percent: str
    support_hours: int
    credit_percent: str


class RulesForm(BaseModel):
    """One version of the rules about money; invoices name theirs."""

    version: str
    since: date
    fees: list[FeeForm]
    payment_days: int
    payout_days: int
    vat_percent: str
    reverse_charge: Words
    exempt: Words
    euro: EuroForm
    service_level: ServiceLevelForm
    rounding: Words

    @classmethod
    def of(cls, it: Rules) -> "RulesForm":
        level = it.service_level
        return cls(
            version=it.version,
            since=it.since,
            fees=[
                FeeForm(kind=kind, percent=f"{fee.percent:f}", least=fee.least)
                for kind, fee in it.fees.items()
            ],
            payment_days=it.payment_days,
            payout_days=it.payout_days,
            vat_percent=f"{it.vat.standard_percent:f}",
            reverse_charge=Words.of(it.vat.reverse_charge),
            exempt=Words.of(it.vat.exempt),
            euro=EuroForm(kroner=f"{it.euro.kroner:f}", as_of=it.euro.as_of, source=it.euro.source),
            service_level=ServiceLevelForm(
                availability_percent=f"{level.availability_percent:f}",
                support_hours=level.support_hours,
                credit_percent=f"{level.credit_percent:f}",
            ),
            rounding=Words.of(it.rounding),
        )


class RulebookForm(BaseModel):
    """The rules in force, and all versions there are: also those that will hold one day."""

    current: RulesForm
    versions: list[RulesForm]


@router.get("/fees", responses=problems_of(422, 503))
def fees(
    parts: TheParts,
    on: Annotated[date | None, Query(description="Another day than today.")] = None,
) -> RulebookForm:
    """Tell what the exchange keeps of a sale, and all its rules about money: for everybody."""
    folder = parts.settings.rulebook
    current = rules_on(on or day_of(parts.clock.now()), folder)
    return RulebookForm(
        current=RulesForm.of(current), versions=[RulesForm.of(one) for one in rulebook(folder)]
    )


@pages.get("/fees")
def fees_page(
    request: Request,
    _caller: TheCaller,
    parts: TheParts,
    language: str = "en",
    version: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Show what the exchange keeps of a sale, by the version in force or another one."""
    spoken = "en" if language == "en" else "da"
    folder, today = parts.settings.rulebook, day_of(parts.clock.now())
    current, versions = rules_on(today, folder), rulebook(folder)
    shown = next((one for one in versions if one.version == version), None)
    if version and shown is None:
        raise RulesUnknown(version)
    return render(
        request,
        "billing/fees.html",
        rules=shown or current,
        current=current,
        versions=_told(versions, spoken),
        today=today,
        language=spoken,
        words=WORDS[spoken],
        kinds=KINDS[spoken],
        number=number_in,
    )


def _told(
    versions: Sequence[Rules], language: str
) -> list[tuple[Rules, date | None, tuple[str, ...] | None]]:
    """Return each version with the last day on which it holds, and what it says anew."""
    told = []
    for place, one in enumerate(versions):
        after = versions[place + 1 : place + 2]
        until = after[0].since - timedelta(days=1) if after else None
        told.append((one, until, news(versions[place - 1], one, language) if place else None))
    return told[::-1]
