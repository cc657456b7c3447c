"""Pages of contracts: the list, one contract, and what each side can do with it."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from torvet import catalogue, parties
from torvet.kit.errors import ExchangeError
from torvet.kit.money import AmountUnreadable, Currency, Money
from torvet.parties import Caller
from torvet.parties.signin import SignedIn
from torvet.ports.parts import Parts
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import capping, duties, entitlement, purposes, service
from .errors import CapInvalid
from .forms import NOTE_MAX, REASON_MAX
from .levels import words as level_words
from .model import Contract
from .prices import words as price_words
from .sheets import contract_sheets
from .terms import words as terms_in_words

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

LISTED_MAX = 500
CAP_TEXT_MAX = 40


@router.get("/contracts")
def contracts_page(request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """List what the caller's party gives and takes."""
    parties.check(caller, parties.Role.READER)
    assert caller.party is not None, "a reader reads for a party"
    with parts.db.begin() as tx:
        found = entitlement.contracts_of(tx, caller.party, limit=LISTED_MAX)
        sheets = contract_sheets(tx, found)
    return render(request, "contracts/contracts.html", found=sheets, most=LISTED_MAX)


@router.get("/contracts/{contract_id}")
def contract_page(
    contract_id: str, request: Request, caller: SignedIn, parts: TheParts
) -> Response:
    """Show a contract to its two parties, and how to read under it."""
    return _contract(request, parts, caller, contract_id)


def _contract(
    request: Request,
    parts: Parts,
    caller: Caller,
    contract_id: str,
    refusal: tuple[str, ExchangeError] | None = None,
) -> Response:
    """Show a contract; `refusal` is a cap that was typed, and why it cannot be."""
    with parts.db.begin() as tx:
        contract = service.readable_contract(tx, caller, contract_id)
        dataset = catalogue.dataset(tx, contract.dataset)
        both = parties.parties_by_id(tx, [contract.provider, contract.consumer])
        spent = capping.month_spent(tx, contract, parts.clock.now())
        owed = duties.duties_of(tx, contract)
    cap = contract.order.cap
    return render(
        request,
        "contracts/contract.html",
        http_status=STATUS[refusal[1].kind] if refusal else 200,
        contract=contract,
        dataset=dataset,
        provider=both[contract.provider],
        consumer=both[contract.consumer],
        purpose=purposes.label(contract.purpose),
        terms=terms_in_words(contract.clauses),
        price=price_words.of_tariff(contract.tariff),
        levels=level_words.of_levels(contract.levels, contract.tariff),
        spent=spent,
        cap=None if cap is None else price_words.of_cap(cap),
        typed_cap=refusal[0] if refusal else "" if cap is None else str(cap),
        errors=[refusal[1]] if refusal else [],
        owed=owed,
        may_buy=caller.may(parties.Role.BUYER),
        may_keep=caller.may(parties.Role.STEWARD),
    )


@router.post("/contracts/{contract_id}/cap")
def set_cap_on_page(
    contract_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    cap: Annotated[str, Form(max_length=CAP_TEXT_MAX)] = "",
) -> Response:
    """Set the cap from the contract's page; an empty field takes it away."""
    with parts.db.begin() as tx:
        contract = service.known_contract(tx, caller, contract_id)
    try:
        amount = _cap(cap.strip(), contract)
        capping.set_cap(parts, caller, contract_id, amount)
    except ExchangeError as error:
        return _contract(request, parts, caller, contract_id, (cap, error))
    return _back_to(contract)


def _cap(typed: str, contract: Contract) -> Money | None:
    try:
        return Money.typed(typed, contract.tariff.currency or Currency.DKK) if typed else None
    except AmountUnreadable as wrong:
        raise CapInvalid(contract.id, (f"{typed!r} is no amount",)) from wrong


Reason = Annotated[str, Form(min_length=1, max_length=REASON_MAX, pattern=r"^[^\r\n]+$")]


@router.post("/contracts/{contract_id}/approval")
def approve_on_page(contract_id: str, caller: SignedIn, parts: TheParts) -> RedirectResponse:
    """Agree to a request, as the provider."""
    return _back_to(service.approve(parts, caller, contract_id))


@router.post("/contracts/{contract_id}/refusal")
def refuse_on_page(
    contract_id: str, reason: Reason, caller: SignedIn, parts: TheParts
) -> RedirectResponse:
    """Turn a request down and say why, as the provider."""
    return _back_to(service.refuse(parts, caller, contract_id, reason))


@router.post("/contracts/{contract_id}/revocation")
def revoke_on_page(
    contract_id: str, reason: Reason, caller: SignedIn, parts: TheParts
) -> RedirectResponse:
    """End a contract and say why, as the provider; the next read is refused."""
    return _back_to(service.revoke(parts, caller, contract_id, reason))


@router.post("/contracts/{contract_id}/ending")
def end_on_page(
    contract_id: str,
    caller: SignedIn,
    parts: TheParts,
    reason: Annotated[str, Form(max_length=REASON_MAX, pattern=r"^[^\r\n\x00]*$")] = "",
) -> RedirectResponse:
    """End a contract, or take a request back, as the consumer; the next read is refused."""
    return _back_to(service.end(parts, caller, contract_id, reason.strip()))


Kind = Annotated[str, Path(max_length=40, pattern=r"^[a-z-]+$")]


@router.post("/contracts/{contract_id}/duties/{kind}/done")
def duty_done_on_page(
    contract_id: str,
    kind: Kind,
    words: Annotated[str, Form(min_length=1, max_length=NOTE_MAX, pattern=r"^[^\x00]*$")],
    caller: SignedIn,
    parts: TheParts,
) -> RedirectResponse:
    """Say that a duty is done, and how, as the consumer."""
    duties.do(parts, caller, contract_id, kind, words.strip())
    return RedirectResponse(f"/contracts/{contract_id}#owed", status_code=303)


@router.post("/contracts/{contract_id}/duties/{kind}/reopening")
def duty_reopened_on_page(
    contract_id: str, kind: Kind, reason: Reason, caller: SignedIn, parts: TheParts
) -> RedirectResponse:
    """Say why a duty is not done, as the provider; its days count anew."""
    duties.reopen(parts, caller, contract_id, kind, reason)
    return RedirectResponse(f"/contracts/{contract_id}#owed", status_code=303)


def _back_to(contract: Contract) -> RedirectResponse:
    return RedirectResponse(f"/contracts/{contract.id}", status_code=303)
