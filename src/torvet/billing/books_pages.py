"""The pages of the books: to each party its own accounts, to the operator all of them, and a proof.

Days are Copenhagen's, and the last one is in the period.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from torvet import parties
from torvet.kit.errors import ExchangeError
from torvet.kit.money import Currency, Money
from torvet.parties import Caller, Scope
from torvet.parties.signin import acting
from torvet.ports.parts import Parts
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import service
from .errors import AccountNotFound, DayUnreadable
from .inspection import check_books
from .model import HOUSE, Account, AccountBalance, AccountKind, Statement
from .periods import day_of, midnight

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

ENTRIES_SHOWN = 100
PAGES_MOST = service.STATEMENT_LINES_MAX // ENTRIES_SHOWN
ACCOUNTS_SHOWN = 200
PERIOD = timedelta(days=31)
YEAR_FIRST, YEAR_LAST = 1970, 9_000
"""Years whose midnights are instants in every zone."""

NAMES = {
    AccountKind.BANK: ("Bank", "money at the bank and with the card provider"),
    AccountKind.RECEIVABLE: ("Receivable", "what was invoiced to a buyer, less what was paid"),
    AccountKind.PAYABLE: ("Payable", "what a provider is owed for sales, less what was paid out"),
    AccountKind.ESCROW: ("Escrow", "money that is held for a party until something is delivered"),
    AccountKind.CONTRIBUTOR: (
        "Contributor share",
        "what a contributor earned by shares in others' income",
    ),
    AccountKind.REVENUE: ("Revenue", "what the exchange sells itself"),
    AccountKind.VAT: ("VAT", "what was added to sales, less what is in purchases"),
    AccountKind.FEE: (
        "Exchange fee",
        "what the exchange keeps of sales, less its costs of bank and cards",
    ),
}
"""How an account is called, and what stands on it."""

Reader = Annotated[Caller, Depends(acting(Scope.READ))]
Operator = Annotated[Caller, Depends(acting(Scope.OPERATE))]
Day = Annotated[str, Query(max_length=40)]
PageNumber = Annotated[int, Query(ge=1, le=PAGES_MOST)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """All accounts of a kind together."""

    kind: AccountKind
    accounts: int
    debited: Money
    credited: Money

    @property
    def balance(self) -> Money:
        return self.debited - self.credited


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A period as it was typed, empty where it was not, and a page of it."""

    start: str
    end: str
    page: int


@router.get("/billing/accounts")
def own_accounts(request: Request, caller: Reader, parts: TheParts) -> Response:
    """List the accounts of the reader's party."""
    with parts.db.begin() as tx:
        found = service.accounts_of(tx, caller.party) if caller.party else []
    return render(request, "billing/accounts.html", found=found, names=NAMES)


@router.get("/billing/accounts/{kind}/{currency}")
def own_statement(  # noqa: PLR0917 - FastAPI calls it, by name
    kind: AccountKind,
    currency: Currency,
    request: Request,
    caller: Reader,
    parts: TheParts,
    from_: Annotated[Day, Query(alias="from")] = "",
    to: Day = "",
    page: PageNumber = 1,
) -> Response:
    """Tell what moved on an account of the reader's party."""
    if not caller.party:
        raise AccountNotFound(f"{kind} in {currency}")
    account = Account(kind=kind, party=caller.party, currency=currency)
    asked = _Asked(start=from_.strip(), end=to.strip(), page=page)
    return _statement(request, parts, account, asked, whose="", all_="/billing/accounts")


@router.get("/billing/books")
def books(request: Request, _operator: Operator, parts: TheParts) -> Response:
    """Show the trial balance, the kinds of each currency summed."""
    with parts.db.begin() as tx:
        found = service.trial_balance(tx)
    sums = {
        currency: _sums(one for one in found if one.account.currency is currency)
        for currency in Currency
        if any(one.account.currency is currency for one in found)
    }
    return render(request, "billing/books.html", sums=sums, names=NAMES, total=Money.total)


def _sums(balances: Iterable[AccountBalance]) -> list[Sum]:
    kinds: dict[AccountKind, list[AccountBalance]] = {}
    for one in balances:
        kinds.setdefault(one.account.kind, []).append(one)
    return [
        Sum(
            kind=kind,
            accounts=len(them),
            debited=Money.total([one.debited for one in them], them[0].account.currency),
            credited=Money.total([one.credited for one in them], them[0].account.currency),
        )
        for kind in AccountKind
        if (them := kinds.get(kind))
    ]


@router.get("/billing/books/proof")
def proof(request: Request, _operator: Operator, parts: TheParts) -> Response:
    """Prove every law of the books anew, and say what came of each."""
    return render(request, "billing/proof.html", report=check_books(parts))


@router.get("/billing/books/{kind}/{currency}")
def accounts_of_kind(
    kind: AccountKind,
    currency: Currency,
    request: Request,
    _operator: Operator,
    parts: TheParts,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """List every account of a kind with its balance."""
    with parts.db.begin() as tx:
        found = [
            one
            for one in service.trial_balance(tx)
            if (one.account.kind, one.account.currency) == (kind, currency)
        ]
        shown = found[(page - 1) * ACCOUNTS_SHOWN : page * ACCOUNTS_SHOWN]
        whose = parties.parties_by_id(tx, {one.account.party for one in shown} - {HOUSE})
    return render(
        request,
        "billing/books_accounts.html",
        shown=shown,
        whose={id_: party.name for id_, party in whose.items()},
        kind=kind,
        currency=currency,
        names=NAMES,
        page=page,
        more=len(found) > page * ACCOUNTS_SHOWN,
    )


@router.get("/billing/books/{kind}/{currency}/statement")
def statement_of_any(  # noqa: PLR0917 - FastAPI calls it, by name
    kind: AccountKind,
    currency: Currency,
    request: Request,
    _operator: Operator,
    parts: TheParts,
    party: Annotated[str, Query(max_length=64)] = HOUSE,
    from_: Annotated[Day, Query(alias="from")] = "",
    to: Day = "",
    page: PageNumber = 1,
) -> Response:
    """Tell what moved on any account."""
    account = Account(kind=kind, party=party, currency=currency)
    with parts.db.begin() as tx:
        known = parties.parties_by_id(tx, {party} - {HOUSE})
    whose = next((each.name for each in known.values()), party or "The exchange")
    asked = _Asked(start=from_.strip(), end=to.strip(), page=page)
    all_ = f"/billing/books/{kind}/{currency}"
    return _statement(request, parts, account, asked, whose=whose, all_=all_)


def _statement(
    request: Request, parts: Parts, account: Account, asked: _Asked, *, whose: str, all_: str
) -> Response:
    error: ExchangeError | None = None
    try:
        found, understood = _read(parts, account, asked)
    except AccountNotFound:
        raise
    except ExchangeError as fault:
        error = fault
        found, understood = _read(parts, account, _Asked(start="", end="", page=1))
    skipped = (understood.page - 1) * ENTRIES_SHOWN
    rest = len(found.lines) > skipped + ENTRIES_SHOWN or not found.complete
    return render(
        request,
        "billing/statement.html",
        http_status=STATUS[error.kind] if error else 200,
        error=error,
        it=found,
        shown=found.lines[skipped : skipped + ENTRIES_SHOWN],
        opening=found.lines[skipped - 1].balance if 0 < skipped <= len(found.lines) else None,
        more=rest and understood.page < PAGES_MOST,
        asked=asked if error else understood,
        page=understood.page,
        party=account.party,
        whose=whose,
        all=all_,
        names=NAMES,
    )


def _read(parts: Parts, account: Account, asked: _Asked) -> tuple[Statement, _Asked]:
    """Return a statement as far as the end of a page, and its period as days."""
    last = _day(asked.end) if asked.end else day_of(parts.clock.now())
    first = _day(asked.start) if asked.start else last - PERIOD
    with parts.db.begin() as tx:
        found = service.statement(
            tx,
            account,
            start=midnight(first),
            end=midnight(last + timedelta(days=1)),
            limit=asked.page * ENTRIES_SHOWN,
        )
    return found, _Asked(start=first.isoformat(), end=last.isoformat(), page=asked.page)


def _day(written: str) -> date:
    try:
        found = date.fromisoformat(written)
    except ValueError:
        raise DayUnreadable(written) from None
    if not YEAR_FIRST < found.year < YEAR_LAST:
        raise DayUnreadable(written)
    return found
