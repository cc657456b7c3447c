"""Offers and contracts over HTTP."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from torvet import catalogue, parties
from torvet.kit import filters
from torvet.parties import Caller
from torvet.parties.signin import SignedIn, TheCaller
from torvet.ports.parts import Parts
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import entitlement, service, store
from .forms import (
    AcceptanceForm,
    EndingForm,
    ExplanationForm,
    NewOffer,
    OfferForm,
    PolicyForm,
    ReasonForm,
)
from .levels.model import NO_LEVELS, ServiceLevels
from .levels.model import from_json as levels_from_json
from .model import Contract, Offer, Stage
from .odrl import reader as odrl_reader
from .odrl import writer as odrl
from .purposes import PURPOSES
from .service import Draft
from .sheets import (
    ContractSheet,
    ContractsSheet,
    ExplanationSheet,
    OfferSheet,
    OffersSheet,
    PurposeSheet,
    PurposesSheet,
    contract_sheets,
    offer_sheets,
)

LD_JSON = "application/ld+json"
DEFAULT_TITLE = "Terms in ODRL"
PAGE_MAX = 200
PAGE = 50

router = APIRouter(prefix="/api", tags=["contracts"])

SlugPath = Annotated[str, Path(min_length=1, max_length=120, pattern=r"^[a-zA-Z0-9_-]+$")]
IdPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
PageSize = Annotated[int, Query(ge=1, le=PAGE_MAX)]
IdQuery = Annotated[str | None, Query(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]

ODRL_BODY = {
    "requestBody": {
        "content": {
            LD_JSON: {
                "schema": {
                    "type": "object",
                    "description": "An ODRL Offer, as GET /api/offers/{id}/odrl writes it.",
                }
            }
        }
    }
}
ODRL_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "The policy.", "content": {LD_JSON: {"schema": {"type": "object"}}}}
}


class Policy(JSONResponse):
    """An ODRL policy."""

    media_type = LD_JSON


@router.get("/purposes", responses=problems_of(429))
def list_purposes() -> PurposesSheet:
    """List the purposes for which data may be used, with the broader ones of each."""
    return PurposesSheet(items=[PurposeSheet.of(purpose) for purpose in PURPOSES.values()])


@router.post(
    "/datasets/{slug}/offers",
    status_code=201,
    responses=problems_of(400, 401, 403, 404, 409, 422, 429),
    openapi_extra=ODRL_BODY,
)
def make_offer(
    slug: SlugPath,
    form: Annotated[NewOffer, Body()],
    caller: SignedIn,
    parts: TheParts,
) -> OfferSheet:
    """Offer a dataset of your party under clauses, or under an ODRL policy (application/ld+json).

    An offer never changes: withdraw it and make another. One that withholds what the dataset's
    preview shows is refused, unless `preview_acknowledged` says that it is meant.
    """
    offer = service.make_offer(parts, caller, slug, _draft(parts, caller, slug, form))
    return _offer_sheet(parts, caller, offer)


@router.get("/datasets/{slug}/offers", responses=problems_of(401, 404, 422, 429))
def list_offers(slug: SlugPath, caller: TheCaller, parts: TheParts) -> OffersSheet:
    """List the offers that you may accept; a provider sees all of its own."""
    with parts.db.begin() as tx:
        found = service.offers_of(tx, caller, slug)
        return OffersSheet(items=offer_sheets(tx, caller, found))


@router.get("/offers/{offer_id}", responses=problems_of(401, 404, 422, 429))
def show_offer(offer_id: IdPath, caller: TheCaller, parts: TheParts) -> OfferSheet:
    """Show an offer: its clauses, and what they mean in Danish and English."""
    with parts.db.begin() as tx:
        offer = service.visible_offer(tx, caller, offer_id)
        return offer_sheets(tx, caller, [offer])[0]


@router.get(
    "/offers/{offer_id}/odrl",
    responses={**problems_of(401, 404, 422, 429), **ODRL_ANSWER},
    response_class=Policy,
)
def offer_as_odrl(offer_id: IdPath, caller: TheCaller, parts: TheParts) -> Policy:
    """Show an offer as an ODRL 2.2 policy in JSON-LD."""
    with parts.db.begin() as tx:
        offer = service.visible_offer(tx, caller, offer_id)
        names = _names(parts, tx, offer)
    uid = f"{parts.settings.url}/api/offers/{offer.id}"
    return Policy(
        odrl.offer_policy(offer, uid=uid, target=names["target"], assigner=names["assigner"])
    )


@router.delete("/offers/{offer_id}", responses=problems_of(401, 403, 404, 422, 429))
def withdraw_offer(offer_id: IdPath, caller: SignedIn, parts: TheParts) -> OfferSheet:
    """Withdraw an offer. Contracts that were made from it stand."""
    return _offer_sheet(parts, caller, service.withdraw_offer(parts, caller, offer_id))


@router.post(
    "/offers/{offer_id}/contracts",
    status_code=201,
    responses=problems_of(400, 401, 403, 404, 409, 422, 429),
)
def accept_offer(
    offer_id: IdPath, form: AcceptanceForm, caller: SignedIn, parts: TheParts
) -> ContractSheet:
    """Accept an offer, or ask to where its provider approves.

    The contract takes the offer's clauses as they are, and the price that holds for your purpose
    and kind. Send its `digest` as `seen` to be sure that they are the ones that you read; where
    something is to be paid you have to. If they are others now, you are told what differs.
    """
    contract = service.accept(
        parts,
        caller,
        offer_id,
        purpose=form.purpose,
        note=form.note,
        seen=form.seen,
        order=form.to_order(offer_id),
    )
    return _contract_sheet(parts, contract)


@router.get("/contracts", responses=problems_of(401, 403, 422, 429))
def list_contracts(
    caller: SignedIn,
    parts: TheParts,
    stage: Stage | None = None,
    after: IdQuery = None,
    limit: PageSize = PAGE,
) -> ContractsSheet:
    """List the contracts that your party gives and takes, newest first."""
    parties.check(caller, parties.Role.READER)
    assert caller.party is not None, "whoever is signed in acts for a party"
    with parts.db.begin() as tx:
        found = store.contracts_of(tx, caller.party, stage, after=after, limit=limit + 1)
        page = contract_sheets(tx, found[:limit])
    return ContractsSheet(items=page, next=page[-1].id if len(found) > limit else None)


@router.get("/contracts/{contract_id}", responses=problems_of(401, 404, 422, 429))
def show_contract(contract_id: IdPath, caller: SignedIn, parts: TheParts) -> ContractSheet:
    """Show a contract of your party: its stage, its terms in plain words, its share."""
    with parts.db.begin() as tx:
        contract = service.known_contract(tx, caller, contract_id)
        return contract_sheets(tx, [contract])[0]


@router.get(
    "/contracts/{contract_id}/odrl",
    responses={**problems_of(401, 404, 422, 429), **ODRL_ANSWER},
    response_class=Policy,
)
def contract_as_odrl(contract_id: IdPath, caller: SignedIn, parts: TheParts) -> Policy:
    """Show a contract as an ODRL 2.2 Agreement in JSON-LD."""
    with parts.db.begin() as tx:
        contract = service.known_contract(tx, caller, contract_id)
        names = _names(parts, tx, contract)
        consumer = parties.party(tx, contract.consumer).slug
    uid = f"{parts.settings.url}/api/contracts/{contract.id}"
    assignee = f"{parts.settings.url}/api/parties/{consumer}"
    return Policy(odrl.agreement_policy(contract, uid=uid, assignee=assignee, **names))


@router.post(
    "/contracts/{contract_id}/approval", responses=problems_of(401, 403, 404, 409, 422, 429)
)
def approve(contract_id: IdPath, caller: SignedIn, parts: TheParts) -> ContractSheet:
    """Agree to a request, as the provider."""
    return _contract_sheet(parts, service.approve(parts, caller, contract_id))


@router.post(
    "/contracts/{contract_id}/refusal", responses=problems_of(400, 401, 403, 404, 409, 422, 429)
)
def refuse(
    contract_id: IdPath, form: ReasonForm, caller: SignedIn, parts: TheParts
) -> ContractSheet:
    """Turn a request down and say why, as the provider."""
    return _contract_sheet(parts, service.refuse(parts, caller, contract_id, form.reason))


@router.post(
    "/contracts/{contract_id}/revocation",
    responses=problems_of(400, 401, 403, 404, 409, 422, 429),
)
def revoke(
    contract_id: IdPath, form: ReasonForm, caller: SignedIn, parts: TheParts
) -> ContractSheet:
    """Take a contract back and say why, as the provider. It bites on the next read."""
    return _contract_sheet(parts, service.revoke(parts, caller, contract_id, form.reason))


@router.post(
    "/contracts/{contract_id}/ending", responses=problems_of(400, 401, 403, 404, 409, 422, 429)
)
def end(contract_id: IdPath, form: EndingForm, caller: SignedIn, parts: TheParts) -> ContractSheet:
    """End a contract, as either party; as the consumer also take a request back."""
    return _contract_sheet(parts, service.end(parts, caller, contract_id, form.reason))


@router.post(
    "/contracts/{contract_id}/explanation", responses=problems_of(400, 401, 403, 404, 422, 429)
)
def explain(
    contract_id: IdPath, form: ExplanationForm, caller: SignedIn, parts: TheParts
) -> ExplanationSheet:
    """Say whether a read would be allowed now and, if not, everything that stands in its way.

    Nothing is read or counted, and nothing goes on the record.
    """
    columns = form.columns
    if form.filter is not None:
        columns = [*(columns or ()), *filters.columns(filters.from_text(form.filter))]
    found = entitlement.explain(parts, contract_id, caller=caller, columns=columns, rows=form.rows)
    return ExplanationSheet.of(*found)


def _draft(parts: Parts, caller: Caller, slug: str, form: OfferForm | PolicyForm) -> Draft:
    if isinstance(form, PolicyForm):
        policy = _policy(parts, caller, slug, form.root)
        return Draft(
            title=policy.title or DEFAULT_TITLE,
            clauses=policy.clauses,
            price=policy.price,
            levels=policy.levels,
        )
    price = form.to_price()
    levels = NO_LEVELS if form.levels is None else _levels(parts, caller, slug, form.levels)
    if isinstance(form.clauses, dict):
        policy = _policy(parts, caller, slug, form.clauses)
        clauses = policy.clauses
        price = policy.price if form.price is None else price
        levels = policy.levels if form.levels is None else levels
    else:
        clauses = tuple(clause.to_clause() for clause in form.clauses)
    return Draft(
        title=form.title,
        clauses=clauses,
        approval=form.approval,
        audience=None if form.audience is None else tuple(form.audience),
        price=price,
        levels=levels,
        preview_acknowledged=form.preview_acknowledged,
    )


def _levels(parts: Parts, caller: Caller, slug: str, written: Mapping[str, Any]) -> ServiceLevels:
    """Read what is promised; `as-stated` is what the dataset's description says at this moment."""
    with parts.db.begin() as tx:
        hours = service.stated_hours(catalogue.visible_dataset(tx, slug, caller))
    return levels_from_json(written, stated_hours=hours)


def _policy(
    parts: Parts, caller: Caller, slug: str, written: Mapping[str, Any]
) -> odrl_reader.Policy:
    """Read a policy and make sure that it is about this dataset and its provider."""
    policy = odrl_reader.read(written)
    with parts.db.begin() as tx:
        dataset = catalogue.visible_dataset(tx, slug, caller)
        provider = parties.party(tx, dataset.provider)
    url = parts.settings.url
    policy.check_names(
        targets={dataset.id, dataset.slug, f"{url}/datasets/{dataset.slug}"},
        assigners={provider.id, provider.slug, f"{url}/api/parties/{provider.slug}"},
    )
    return policy


def _names(parts: Parts, tx: Connection, agreed: Offer | Contract) -> dict[str, str]:
    dataset = catalogue.dataset(tx, agreed.dataset)
    provider = parties.party(tx, agreed.provider)
    return {
        "target": f"{parts.settings.url}/datasets/{dataset.slug}",
        "assigner": f"{parts.settings.url}/api/parties/{provider.slug}",
    }


def _offer_sheet(parts: Parts, caller: Caller, offer: Offer) -> OfferSheet:
    with parts.db.begin() as tx:
        return offer_sheets(tx, caller, [offer])[0]


def _contract_sheet(parts: Parts, contract: Contract) -> ContractSheet:
    with parts.db.begin() as tx:
        return contract_sheets(tx, [contract])[0]
