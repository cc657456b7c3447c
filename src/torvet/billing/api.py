"""The books over HTTP: to each party its own accounts, to the operator all of them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, Field

from torvet.kit.money import Currency
from torvet.parties import Caller, Scope, check
from torvet.parties.signin import acting
from torvet.ports.moment import one_moment
from torvet.ports.parts import Parts
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import export, service
from .errors import AccountNotFound
from .export import BooksFormat
from .forms import MoneyForm
from .inspection import check_books
from .model import HOUSE, Account, AccountBalance, AccountKind

PERIOD = timedelta(days=31)

router = APIRouter(prefix="/api/billing", tags=["billing"])
Reader = Annotated[Caller, Depends(acting(Scope.READ))]
Operator = Annotated[Caller, Depends(acting(Scope.OPERATE))]


class LedgerAccountForm(BaseModel):
    """One account of the books with its sums."""

    kind: AccountKind
    party: str = Field(description="The party's id; empty for the exchange's own accounts.")
    currency: Currency
    opened_at: datetime
    debited: MoneyForm = Field(description="The sum of all debits.")
    credited: MoneyForm = Field(description="The sum of all credits.")
    balance: MoneyForm = Field(description="Debits less credits; below zero it is owed to you.")

    @classmethod
    def of(cls, one: AccountBalance) -> "LedgerAccountForm":
        return cls(
            kind=one.account.kind,
            party=one.account.party,
            currency=one.account.currency,
            opened_at=one.opened_at,
            debited=MoneyForm.of(one.debited),
            credited=MoneyForm.of(one.credited),
            balance=MoneyForm.of(one.balance),
        )


class LedgerAccountsForm(BaseModel):
    """Accounts of the books, by kind."""

    items: list[LedgerAccountForm]


class StatementLineForm(BaseModel):
    """One entry of an account."""

    transaction: str
    at: datetime
    kind: str
    words: str
    amount: MoneyForm = Field(description="Above zero a debit, below zero a credit.")
    balance: MoneyForm = Field(description="The account's balance after this entry.")


class StatementForm(BaseModel):
    """What moved on one account in a period, the oldest first."""

    kind: AccountKind
    party: str
    currency: Currency
    start: datetime
    end: datetime
    opening: MoneyForm
    items: list[StatementLineForm]
    closing: MoneyForm = Field(description="The balance at the end, also if `complete` is false.")
    complete: bool = Field(description="False where `limit` cut the items off.")


class ProvenForm(BaseModel):
    """A law of the books, and whether it holds."""

    law: str
    holds: bool


class BooksReportForm(BaseModel):
    """What came of proving the books."""

    ok: bool
    transactions: int
    accounts: int
    turnover: list[MoneyForm] = Field(description="All that was ever debited, in each currency.")
    laws: list[ProvenForm]
    faults: list[str] = Field(description="What is wrong where; at most 100 are told.")


@router.get("/accounts", responses=problems_of(401, 403))
def accounts(parts: TheParts, caller: Reader) -> LedgerAccountsForm:
    """List your party's accounts with their sums."""
    with parts.db.begin() as tx:
        found = service.accounts_of(tx, caller.party) if caller.party else []
    return LedgerAccountsForm(items=[LedgerAccountForm.of(one) for one in found])


@router.get("/statement", responses=problems_of(401, 403, 404, 422))
def statement(  # noqa: PLR0917 - FastAPI calls it, by name
    parts: TheParts,
    caller: Reader,
    kind: AccountKind,
    currency: Currency = Currency.DKK,
    start: Annotated[
        AwareDatetime | None, Query(alias="from", description="Else 31 days before `to`.")
    ] = None,
    end: Annotated[AwareDatetime | None, Query(alias="to", description="Else now.")] = None,
    limit: Annotated[int, Query(ge=1, le=service.STATEMENT_LINES_MAX)] = 1_000,
    house: Annotated[
        bool, Query(description="The exchange's own account: the operator may ask for it.")
    ] = False,
) -> StatementForm:
    """Tell what moved on one of your party's accounts, with its balance after each entry."""
    account = _account(caller, kind, currency, house=house)
    end = end or parts.clock.now() + timedelta(microseconds=1)
    with parts.db.begin() as tx:
        found = service.statement(tx, account, start=start or _before(end), end=end, limit=limit)
    return StatementForm(
        kind=kind,
        party=account.party,
        currency=currency,
        start=found.start,
        end=found.end,
        opening=MoneyForm.of(found.opening),
        items=[
            StatementLineForm(
                transaction=line.transaction,
                at=line.at,
                kind=line.kind,
                words=line.words,
                amount=MoneyForm.of(line.amount),
                balance=MoneyForm.of(line.balance),
            )
            for line in found.lines
        ],
        closing=MoneyForm.of(found.closing),
        complete=found.complete,
    )


def _account(caller: Caller, kind: AccountKind, currency: Currency, *, house: bool) -> Account:
    if house:
        check(caller, Scope.OPERATE)
        return Account(kind=kind, party=HOUSE, currency=currency)
    if not caller.party:
        raise AccountNotFound(f"{kind} in {currency}")
    return Account(kind=kind, party=caller.party, currency=currency)


def _before(end: datetime) -> datetime:
    try:
        return end - PERIOD
    except OverflowError:
        return end  # refused as a period without time in it


@router.get("/trial-balance", responses=problems_of(401, 403))
def trial_balance(parts: TheParts, _operator: Operator) -> LedgerAccountsForm:
    """List every account of the books: in each currency, debits and credits are equal."""
    with parts.db.begin() as tx:
        found = service.trial_balance(tx)
    return LedgerAccountsForm(items=[LedgerAccountForm.of(one) for one in found])


@router.get("/check", responses=problems_of(401, 403, 409))
def check_all(parts: TheParts, _operator: Operator) -> BooksReportForm:
    """Prove every law of the books anew, and hold them against the log."""
    report = check_books(parts)
    return BooksReportForm(
        ok=report.ok,
        transactions=report.transactions,
        accounts=report.accounts,
        turnover=[MoneyForm.of(one) for one in report.turnover],
        laws=[ProvenForm(law=one.law, holds=one.holds) for one in report.laws],
        faults=list(report.faults),
    )


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"description": "The books as text."}, **problems_of(401, 403, 422)},
)
def export_books(
    parts: TheParts,
    _operator: Operator,
    form: Annotated[BooksFormat, Query(alias="format")] = BooksFormat.CSV,
) -> StreamingResponse:
    """Give the whole books, as CSV with a line an entry or in Beancount's language."""
    media = "text/csv; charset=utf-8" if form is BooksFormat.CSV else "text/plain; charset=utf-8"
    name = "books.csv" if form is BooksFormat.CSV else "books.beancount"
    return StreamingResponse(
        _written(parts, form),
        media_type=media,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _written(parts: Parts, form: BooksFormat) -> Iterator[str]:
    """Write one moment of the books, page by page."""
    with one_moment(parts.db) as tx:
        books = service.whole_books(tx)
        if form is BooksFormat.CSV:
            yield from export.to_csv(books)
        else:
            sums = service.trial_balance(tx)
            yield from export.to_beancount(sums, books, until=parts.clock.now())
