"""Pages of held money: what is held for what, what moved on it, how to pay in, and back again."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection

from torvet import catalogue, contracts, parties
from torvet.billing.model import HOUSE
from torvet.billing.payouts.rules import account_of
from torvet.billing.profiles.service import profiles_of
from torvet.catalogue import Dataset
from torvet.contracts import Contract
from torvet.kit.errors import ExchangeError
from torvet.kit.money import AmountUnreadable, Money
from torvet.parties import Caller, Role, Scope, check
from torvet.parties.signin import SignedIn
from torvet.ports.parts import Parts
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import deposits, service, store
from .covering import owed_from
from .errors import AmountNotHeld
from .model import Hold, Move, Moved, Purpose

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

SEE_OTHER = 303
AMOUNT_MAX = 40
SAID = {
    Move.HELD: "Paid in",
    Move.RELEASED: "Paid an invoice",
    Move.GIVEN_BACK: "Given back",
    Move.PUT_BACK: "Held again",
}
Amount = Annotated[str, Form(max_length=AMOUNT_MAX)]


@router.get("/billing/held")
def held_page(
    request: Request, caller: SignedIn, parts: TheParts, *, every: bool = False
) -> Response:
    """List what is held of the reader's party, or of all, and for what."""
    check(caller, Scope.OPERATE if every else Role.READER)
    with parts.db.begin() as tx:
        found = service.held_of(tx, None if every else str(caller.party))
        sums = service.sums_of(tx, found)
        agreed = _contracts_of(tx, found)
        datasets = _datasets_of(tx, agreed)
        names = parties.parties_by_id(tx, sorted({one.party for one in found}))
    return render(
        request,
        "billing/held.html",
        every=every,
        found=found,
        sums=sums,
        agreed=agreed,
        datasets=datasets,
        names=names,
        most=service.HOLDS_MAX,
    )


@router.get("/billing/held/{hold_id}")
def hold_page(
    hold_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    amount: Annotated[str, Query(max_length=AMOUNT_MAX)] = "",
) -> Response:
    """Show one hold move by move, and to its party how to pay in more and to get the rest back."""
    return _page(request, caller, parts, hold_id, amount=amount)


@router.post("/billing/held/{hold_id}/return")
def return_on_page(
    hold_id: str, request: Request, caller: SignedIn, parts: TheParts, amount: Amount = ""
) -> Response:
    """Give back what is not used, or show the page again with what stands in the way."""
    try:
        with parts.db.begin() as tx:
            held = service.statement(tx, hold_id, party=str(caller.party)).hold
        wanted = Money.typed(amount, held.currency) if amount.strip() else None
        deposits.return_held(parts, caller, hold_id, wanted)
    except AmountUnreadable as error:
        return _page(request, caller, parts, hold_id, error=error, asked=amount)
    except ExchangeError as error:
        if STATUS[error.kind] in {403, 404}:
            raise
        return _page(request, caller, parts, hold_id, error=error, asked=amount)
    return _to(hold_id)


@router.get("/contracts/{contract_id}/held")
def held_for_contract_page(
    contract_id: str, request: Request, caller: SignedIn, parts: TheParts
) -> Response:
    """Tell both parties of a prepaid contract what is held for it, and its consumer how to pay."""
    return _contract_page(request, caller, parts, contract_id)


@router.post("/contracts/{contract_id}/deposit")
def deposit_on_page(
    contract_id: str, request: Request, caller: SignedIn, parts: TheParts, amount: Amount = ""
) -> Response:
    """Tell how to pay in: the amount, the account, and the reference for the transfer."""
    try:
        wanted = _to_pay_in(parts, caller, contract_id, amount)
        held = deposits.deposit_for(parts, caller, contract_id)
    except (AmountUnreadable, AmountNotHeld) as error:
        return _contract_page(request, caller, parts, contract_id, error=error, asked=amount)
    return _to(held.id, wanted)


def _to(hold_id: str, amount: Money | None = None) -> RedirectResponse:
    asked = {} if amount is None else {"amount": _typed(amount)}
    more = f"?{urlencode(asked)}#pay-in" if asked else ""
    return RedirectResponse(f"/billing/held/{hold_id}{more}", SEE_OTHER)


def _typed(amount: Money) -> str:
    return f"{amount.decimal_text()} {amount.currency.value}"


def _to_pay_in(parts: Parts, caller: Caller, contract_id: str, amount: str) -> Money | None:
    with parts.db.begin() as tx:
        currency = contracts.contract(tx, contract_id, caller).tariff.currency
    if currency is None or not amount.strip():
        return None
    wanted = Money.typed(amount, currency)
    if wanted.currency is not currency:
        raise AmountNotHeld(str(wanted), f"this contract is paid in {currency.value}")
    if wanted.minor <= 0:
        raise AmountNotHeld(str(wanted), "it is not above zero")
    return wanted


def _page(
    request: Request,
    caller: Caller,
    parts: Parts,
    hold_id: str,
    *,
    amount: str = "",
    error: ExchangeError | None = None,
    asked: str = "",
) -> Response:
    check(caller, Scope.OPERATE if caller.operator else Role.READER)
    with parts.db.begin() as tx:
        told = service.statement(tx, hold_id, party=None if caller.operator else str(caller.party))
        held = told.hold
        agreed = _contracts_of(tx, [held])
        contract = agreed.get(held.subject)
        owed = None if contract is None else owed_from(tx, contract, held.rest)[0]
        shown = {
            "held": held,
            "lines": _lines(told.moves, held),
            "sums": service.sums_of(tx, [held])[held.id],
            "contract": contract,
            "dataset": _datasets_of(tx, agreed).get(contract.dataset) if contract else None,
            "owed": owed,
            "covers": _covers(tx, parts, contract),
            "numbers": _numbers(tx, told.moves),
            "account": _account(tx),
            "party": parties.party(tx, held.party),
        }
    return render(
        request,
        "billing/hold.html",
        http_status=STATUS[error.kind] if error else 200,
        own=held.party == caller.party,
        pays=held.party == caller.party and caller.may(Role.BUYER) and held.closed_at is None,
        amount=_readable(amount, held),
        error=error,
        asked=asked,
        said=SAID,
        **shown,
    )


def _contract_page(
    request: Request,
    caller: Caller,
    parts: Parts,
    contract_id: str,
    *,
    error: ExchangeError | None = None,
    asked: str = "",
) -> Response:
    check(caller, Role.READER)
    with parts.db.begin() as tx:
        contract = contracts.contract(tx, contract_id, caller)
        held = service.held(tx, Purpose.PREPAID, contract_id)
        both = parties.parties_by_id(tx, [contract.provider, contract.consumer])
        shown = {
            "contract": contract,
            "dataset": catalogue.dataset(tx, contract.dataset),
            "held": held,
            "sums": service.sums_of(tx, [held])[held.id] if held else None,
            "covers": _covers(tx, parts, contract),
            "consumer": both[contract.consumer],
        }
    return render(
        request,
        "billing/held_for.html",
        http_status=STATUS[error.kind] if error else 200,
        buys=contract.consumer == caller.party,
        pays=contract.consumer == caller.party and caller.may(Role.BUYER),
        error=error,
        asked=asked,
        **shown,
    )


def _lines(moves: tuple[Moved, ...], held: Hold) -> list[tuple[Moved, Money, Money]]:
    """Return every move with what it adds or takes, and what was left after it."""
    rest = Money.zero(held.currency)
    lines = []
    for one in moves:
        effect = one.amount if one.move.adds else -one.amount
        rest += effect
        lines.append((one, effect, rest))
    return lines


def _readable(amount: str, held: Hold) -> Money | None:
    """Return the amount that a link names; a link may say anything."""
    try:
        found = Money.typed(amount, held.currency) if amount else None
    except ExchangeError:
        return None
    return found if found and found.minor > 0 and found.currency is held.currency else None


def _contracts_of(tx: Connection, found: list[Hold]) -> dict[str, Contract]:
    wanted = [one.subject for one in found if one.purpose is Purpose.PREPAID]
    return contracts.contracts_by_id(tx, wanted)


def _datasets_of(tx: Connection, agreed: dict[str, Contract]) -> dict[str, Dataset]:
    return dict(catalogue.datasets_by_id(tx, sorted({one.dataset for one in agreed.values()})))


def _covers(tx: Connection, parts: Parts, contract: Contract | None) -> Money | None:
    """Return how much use of this month is covered, None where nothing depends on use."""
    if contract is None or not contract.tariff.uses:
        return None
    if not contracts.funds_known(tx, contract.id, parts.clock.now()):
        return None
    found = contracts.funds_of(tx, contract.id)
    return None if found is None else found.covers


def _numbers(tx: Connection, moves: tuple[Moved, ...]) -> dict[str, str]:
    wanted = sorted({one.invoice for one in moves if one.invoice})
    return store.numbers(tx, wanted) if wanted else {}


def _account(tx: Connection) -> object:
    own = profiles_of(tx, [HOUSE]).get(HOUSE)
    return account_of(own) if own else None
