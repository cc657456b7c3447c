"""The price calculator as a page: what last month would have cost, and what a month would cost."""

import re
from dataclasses import dataclass
from fractions import Fraction

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import Connection

from torvet import catalogue, contracts
from torvet.audit import waiting
from torvet.contracts import Offer, Panel, Unit, beside_new_offer, purposes_by_code
from torvet.contracts.errors import TermsNotMet
from torvet.contracts.prices import words as price_words
from torvet.contracts.prices.model import BYTES_PER_GB
from torvet.kit.entered import Entered, whole_number
from torvet.kit.errors import ExchangeError
from torvet.metering.service import FOLLOWER
from torvet.parties import Caller
from torvet.parties.signin import SignedIn
from torvet.ports.parts import Parts
from torvet.web.pages import count as counted_words
from torvet.web.pages import render, size
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import calculator
from .calculator import Quote, QuoteLine
from .charging import Cause
from .errors import QuantityInvalid
from .periods import Month
from .quote_api import QUANTITY_MAX, QuantitiesForm, code_of, reader_of

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_FOR = {
    (Cause.USE, Unit.ROW): "Rows",
    (Cause.USE, Unit.GB): "Data sent",
    (Cause.USE, Unit.REQUEST): "Requests for rows",
    (Cause.USE, Unit.ANSWER): "Answers to questions",
    (Cause.SUBSCRIPTION, "month"): "Subscription of a month",
    (Cause.SUBSCRIPTION, "year"): "Subscription of a year",
}
_CAUSES = {
    Cause.USE: "Use",
    Cause.SUBSCRIPTION: "Subscription",
    Cause.ONE_OFF: "Paid once",
    Cause.LEAST: "What use costs at least",
    Cause.MOST: "Beyond what use costs at most",
}
_PART = re.compile(r"([0-9]{1,12})[.,]([0-9]{1,9})")
_SHOWN_MAX = 40
_FIELDS = ("rows", "gb", "requests", "answers")


@router.get("/offers/{offer_id}/price")
def price_page(offer_id: str, request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Show what the reader's use of last month would have cost, and that of a month to think of.

    The offer's provider sees what all its consumers would have paid together. What cannot be
    worked out comes back with what was entered.
    """
    entered = Entered({name: (value,) for name, value in request.query_params.items()})
    reader_of(caller)
    month = calculator.last_month(parts.clock.now())
    with parts.db.begin() as tx:
        offer = contracts.visible_offer(tx, caller, offer_id)
        dataset = catalogue.dataset(tx, offer.dataset)
        left = waiting(tx, FOLLOWER)
        found = _found(tx, caller, offer, entered, month)
    return render(
        request,
        "billing/quote.html",
        http_status=200 if found.error is None else STATUS[found.error.kind],
        offer=offer,
        dataset=dataset,
        price=price_words.of_price(offer.price),
        entered=entered,
        found=found,
        month=f"{month.start + (month.end - month.start) / 2:%B %Y}",
        waiting=left,
        is_provider=offer.provider == caller.party,
        by_purpose=any(case.purposes for case in offer.price.cases),
        purposes=purposes_by_code(),
        line_words=line_words,
        counted=counted,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was worked out, or why it could not be."""

    used: Quote | None = None
    thought: Quote | None = None
    unnamed: bool = False
    """Whether there is no price yet for want of a purpose."""
    error: ExchangeError | None = None


def _found(tx: Connection, caller: Caller, offer: Offer, entered: Entered, month: Month) -> Found:
    party, named = reader_of(caller), entered.line("purpose")
    used = None
    try:
        code = code_of(named or None)
        used = calculator.quote_of_use(
            tx, offer, party, purpose=code, start=month.start, end=month.end
        )
        if not any(entered.has(name) for name in _FIELDS):
            return Found(used=used)
        quantities = _quantities(entered).at(month.start)
        tariff = calculator.tariff_for(tx, offer, party, code)
        thought = calculator.quote(tariff, quantities, month.start, month.end)
        return Found(used=used, thought=thought)
    except TermsNotMet as refused:
        by_purpose = any(case.purposes for case in offer.price.cases)
        if by_purpose and not named:
            return Found(used=used, unnamed=True)
        return Found(used=used, error=refused)
    except ExchangeError as refused:
        return Found(used=used, error=refused)


@beside_new_offer
def would_have_brought(tx: Connection, parts: Parts, caller: Caller, offer: Offer) -> Panel | None:
    """Tell a provider what its consumers of last month would have paid under a new offer."""
    if offer.price.is_free:
        return None
    month = calculator.last_month(parts.clock.now())
    try:
        found = calculator.quote_of_use(
            tx, offer, reader_of(caller), purpose="", start=month.start, end=month.end
        )
    except TermsNotMet:
        return None
    if found.total is None:
        return None
    return Panel(template="billing/would_bring.html", it={"total": found.total})


def line_words(line: QuoteLine) -> str:
    """Say what a line is for."""
    return _FOR.get((line.cause, line.meter), _CAUSES[line.cause])


def counted(line: QuoteLine) -> str:
    """Say how much was counted, where that is what a line is for."""
    if line.cause is not Cause.USE:
        return ""
    return size(line.counted) if line.meter == Unit.GB else counted_words(line.counted)


def _quantities(entered: Entered) -> QuantitiesForm:
    faults: list[str] = []

    def read(name: str, size_of_one: int = 1) -> int:
        said = entered.line(name)
        counted = _counted(said or "0") * size_of_one
        if counted.denominator == 1 and 0 <= counted <= QUANTITY_MAX:
            return int(counted)
        faults.append(f"{name} is {said[:_SHOWN_MAX]!r}")
        return 0

    form = QuantitiesForm(
        rows=read("rows"),
        bytes=read("gb", BYTES_PER_GB),
        requests=read("requests"),
        answers=read("answers"),
    )
    if faults:
        raise QuantityInvalid(tuple(faults))
    return form


def _counted(said: str) -> Fraction:
    """Read `250,000` or `1.5`; below zero where it is no number."""
    number = whole_number(said)
    if number is not None:
        return Fraction(number)
    part = _PART.fullmatch(said)
    return Fraction(-1) if part is None else Fraction(f"{part[1]}.{part[2]}")
